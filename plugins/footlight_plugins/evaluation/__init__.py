"""Evaluation of recommenders on ratings files, by full ranking, with confidence intervals.

Example
-------
::

    from footlight_plugins.evaluation import evaluate

    found = evaluate("item-knn", "ml-100k", protocol="leave-last", options={"k": 100})
    print(found.metrics["ndcg@10"].mean)

``engine`` may be the name of an engine, an EngineSpec, or a class of recommender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from footlight_plugins.contract import EngineSpec
from footlight_plugins.evaluation.comparison import differences
from footlight_plugins.evaluation.contender import Contender, contender
from footlight_plugins.evaluation.dataset import DataError, Dataset, Values
from footlight_plugins.evaluation.evaluating import CUTOFFS, Evaluation, Plan, evaluate_with
from footlight_plugins.evaluation.intervals import Estimate
from footlight_plugins.evaluation.protocols import PROTOCOLS, Protocol
from footlight_plugins.evaluation.reading import read_dataset
from footlight_plugins.roles import Recommender

__all__ = [
    "CUTOFFS",
    "PROTOCOLS",
    "Contender",
    "DataError",
    "Dataset",
    "Estimate",
    "Evaluation",
    "Plan",
    "Protocol",
    "contender",
    "differences",
    "evaluate",
    "evaluate_with",
    "protocol_named",
    "read_dataset",
]


def evaluate(
    engine: str | EngineSpec | type[Recommender],
    data: Dataset | Path | str,
    protocol: str = "leave-last",
    options: Mapping[str, Any] | None = None,
    *,
    cutoffs: Sequence[int] = CUTOFFS,
    seeds: Sequence[int] = (),
    values: Values | None = None,
) -> Evaluation:
    """Evaluate a recommender by a protocol.

    Parameters
    ----------
    data
        A dataset, or the path of a ratings file or of a folder with one.
    seeds
        Empty: those of the protocol.
    values
        ``"keep"``: events are ratings with the file's values; ``"binary"``: every row is one play. None: the protocol's.

    Raises
    ------
    ValueError
        When the engine, its options, the protocol or the data are wrong; the message says what was expected.
    """
    found = data if isinstance(data, Dataset) else read_dataset(data)
    plan = Plan(protocol_named(protocol), tuple(sorted(cutoffs)), tuple(seeds), values)
    return evaluate_with(contender(engine, options), found, plan)


def protocol_named(name: str) -> Protocol:
    """A protocol by its name.

    Raises
    ------
    ValueError
        When there is none; the message names those that there are.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"there is no protocol {name!r}; there are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
