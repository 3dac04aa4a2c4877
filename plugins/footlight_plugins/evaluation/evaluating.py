"""Evaluates a recommender by a protocol: trains, ranks everything, measures, and says how sure the figures are."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation import diversity, running
from footlight_plugins.evaluation.accuracy import Figures, accuracy, find_hits
from footlight_plugins.evaluation.contender import Contender
from footlight_plugins.evaluation.dataset import Dataset, Values, distinct
from footlight_plugins.evaluation.diversity import Exposure
from footlight_plugins.evaluation.intervals import Estimate, over_people, over_seeds
from footlight_plugins.evaluation.lists import Lists
from footlight_plugins.evaluation.progress import Progress, quiet
from footlight_plugins.evaluation.protocols import Protocol
from footlight_plugins.evaluation.splits import Split, fresh, pair_keys

CUTOFFS = (5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class Plan:
    """How an evaluation is to be done."""

    protocol: Protocol
    cutoffs: tuple[int, ...] = CUTOFFS
    seeds: tuple[int, ...] = ()
    """Empty: the protocol's."""
    values: Values | None = None
    """None: the protocol's."""
    validation: bool = False
    """Whether the rows held back are those to choose options with, instead of the test's. Only accuracy is measured then."""
    aim: str = ""
    """The figure to make better; empty: the protocol's."""

    @property
    def metric(self) -> str:
        """The figure that it is about."""
        return self.aim or self.protocol.metric

    @property
    def middle(self) -> int:
        """The cut-off of what is measured at one only: 10, or the one before the middle."""
        return 10 if 10 in self.cutoffs else self.cutoffs[(len(self.cutoffs) - 1) // 2]

    def splits(self, data: Dataset) -> list[Split]:
        """What is learned from and asked for, one after the other."""
        seeds = self.seeds or self.protocol.seeds
        if not self.validation:
            return [split for seed in seeds for split in self.protocol.test(data, seed)]
        pairs = [(seed, draw) for seed in seeds for draw in self.protocol.draws]
        return [split for seed, draw in pairs for split in self.protocol.validation(data, seed, draw)]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out."""

    metrics: Mapping[str, Estimate]
    plan: Plan
    contender: Contender
    data: Mapping[str, Any]
    """Sizes and origin of the data, and how many rows and people were tested."""
    seconds: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    """The figures of the order of popularity, or of a random order."""
    exposure: Exposure | None = None
    """Of the middle cut-off's lists, the mean of the splits."""
    people: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Where there is one split: the single figures of accuracy, by person in the order of their ordinals."""

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        plan, protocol = self.plan, self.plan.protocol
        return {
            "metrics": {name: estimate.json() for name, estimate in self.metrics.items()},
            "baselines": {
                name: {metric: estimate.json() for metric, estimate in figures.items()}
                for name, figures in self.baselines.items()
            },
            **self._exposure(),
            "protocol": protocol.name,
            "part": "validation" if plan.validation else "test",
            "engine": self.contender.name,
            "options": dict(self.contender.options),
            "values": plan.values or protocol.values,
            "cutoffs": list(plan.cutoffs),
            "interval": "over seeds or folds, Student's t" if self.data["splits"] > 1 else "over people, normal",
            "data": dict(self.data),
            "seeds": list(plan.seeds or protocol.seeds),
            "seconds": {name: round(value, 4) for name, value in self.seconds.items()},
        }

    def _exposure(self) -> dict[str, Any]:
        if self.exposure is None:
            return {}
        shares = {"places": list(self.exposure.places), "train_rows": list(self.exposure.rows)}
        return {"exposure": {"cutoff": self.plan.middle} | shares}


def evaluate_with(contender: Contender, data: Dataset, plan: Plan, progress: Progress = quiet) -> Evaluation:
    """Do an evaluation as planned.

    Raises
    ------
    ValueError
        When the data cannot be evaluated so, or the engine fails or answers what it must not.
    """
    if plan.values == "keep" and data.value is None:
        raise ValueError(f"values 'keep': {data.name} has no ratings to keep")
    if plan.protocol.predicts and (data.value is None or not contender.can_predict):
        lacking = f"{data.name} has no ratings" if data.value is None else f"{contender.name} predicts no ratings"
        raise ValueError(f"protocol {plan.protocol.name} predicts ratings, and {lacking}")
    splits = plan.splits(data)
    with _blaming(contender):
        contender.make().warm_up()  # so that compiling is not counted as training
        rounds = [
            _round(contender, data, plan, split, _numbered(progress, number, len(splits)))
            for number, split in enumerate(splits, 1)
        ]
    seconds = {name: float(sum(one.seconds[name] for one in rounds)) for name in rounds[0].seconds}
    return Evaluation(
        metrics=_joined([one.metrics for one in rounds]),
        plan=plan,
        contender=contender,
        data=data.counts() | _tested(rounds),
        seconds=seconds,
        baselines={name: _joined([one.baselines[name] for one in rounds]) for name in rounds[0].baselines},
        exposure=_mean_exposure([one.exposure for one in rounds if one.exposure]),
        people=rounds[0].people if len(rounds) == 1 else {},
    )


class EngineFailed(ValueError):
    """The engine raised something while it was evaluated; that is the cause."""


@contextmanager
def _blaming(contender: Contender) -> Iterator[None]:
    """Say of any fault but ours whose it is, and where it came up."""
    try:
        yield
    except ValueError:  # it says itself what is wrong
        raise
    except Exception as fault:
        frames = traceback.extract_tb(fault.__traceback__)
        where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "unknown place"
        raise EngineFailed(f"{contender.name} raised {type(fault).__name__}: {fault} ({where})") from fault


def _numbered(progress: Progress, number: int, count: int) -> Progress:
    """Says as well which of several splits it is."""
    if count == 1:
        return progress
    return lambda what, done, total: progress(f"{what}, {number} of {count}", done, total)


@dataclass(frozen=True, slots=True)
class _Round:
    """The figures of one split."""

    metrics: Mapping[str, Estimate]
    seconds: Mapping[str, float]
    counts: Mapping[str, int]
    baselines: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    exposure: Exposure | None = None
    people: Figures = field(default_factory=dict)


def _round(contender: Contender, data: Dataset, plan: Plan, split: Split, progress: Progress) -> _Round:
    kept = fresh(data, split)
    if len(kept.test) == 0 or len(kept.train) == 0:
        raise ValueError(f"{data.name}: protocol {plan.protocol.name} finds nothing to test in it")
    if plan.protocol.predicts:
        return _predicted(contender, data, plan, split, progress)
    trained = running.train(contender, data, kept, plan.values or plan.protocol.values, progress)
    started = time.perf_counter()
    lists = running.rank(trained.engine, data, kept, max(plan.cutoffs), progress)
    ranked = time.perf_counter()
    progress("measuring", 0, 3)
    right = _accuracy(lists, data, kept, plan)
    metrics = {name: over_people(values) for name, values in right.items()}
    progress("measuring", 1, 3)
    if not plan.validation:
        metrics |= _other_figures(lists, data, kept, plan)
    progress("measuring", 2, 3)
    beside = () if plan.validation else plan.protocol.baselines
    baselines = {name: _baseline(name, data, kept, plan) for name in beside}
    progress("measuring", 3, 3)
    counts = {
        "train_rows": len(kept.train),
        "test_rows": len(kept.test),
        "tested_people": len(lists),
        "repeats_left_out": len(split.test) - len(kept.test),
    }
    seconds = {
        "fit": trained.seconds,
        "rank": ranked - started,
        "measure": time.perf_counter() - ranked,
    }
    shown = None if plan.validation else diversity.exposure(lists, data, kept.train, plan.middle)
    return _Round(metrics, seconds, counts, baselines, shown, right)


def _other_figures(lists: Lists, data: Dataset, split: Split, plan: Plan) -> dict[str, Estimate]:
    """What lists are like besides being right."""
    candidates = np.ones(data.items, np.bool_) if split.candidates is None else split.candidates
    figures = diversity.popularity(lists, data, split.train, plan.cutoffs)
    figures |= diversity.intra_list(lists, diversity.item_sets(data, split.train), plan.cutoffs)
    found = {name: over_people(values) for name, values in figures.items()}
    return found | diversity.coverage(lists, plan.cutoffs, candidates)


def _accuracy(lists: Lists, data: Dataset, split: Split, plan: Plan) -> Figures:
    keys = distinct(pair_keys(data, split.test))
    relevant = np.bincount(keys // data.items, minlength=data.users)[lists.users]
    hits = find_hits(lists, keys, data.items)
    return accuracy(hits, relevant, plan.cutoffs, plan.protocol.map_by_all)


def _baseline(name: str, data: Dataset, split: Split, plan: Plan) -> dict[str, Estimate]:
    if name == "random" and split.candidates is not None:
        count = int(split.candidates.sum())
        return {f"recall@{k}": over_people(np.full(1, min(1.0, k / count))) for k in plan.cutoffs}
    lists = running.popular(data, split, max(plan.cutoffs))
    return {metric: over_people(values) for metric, values in _accuracy(lists, data, split, plan).items()}


def _predicted(contender: Contender, data: Dataset, plan: Plan, split: Split, progress: Progress) -> _Round:
    trained = running.train(contender, data, split, plan.values or plan.protocol.values, progress)
    started = time.perf_counter()
    predicted = running.predict(trained.engine, data, split.test, progress)
    counts = {"train_rows": len(split.train), "test_rows": len(split.test)}
    seconds = {"fit": trained.seconds, "predict": time.perf_counter() - started}
    assert data.value is not None
    return _Round(errors_of(predicted - data.value[split.test]), seconds, counts)


def errors_of(errors: NDArray[np.float64]) -> dict[str, Estimate]:
    """RMSE and MAE; the interval of the root is that of the mean square, its ends rooted."""
    square = over_people(errors**2)
    mean, low, high = (float(np.sqrt(max(0.0, part))) for part in (square.mean, square.low, square.high))
    rmse = Estimate(mean, low, high)
    return {"rmse": rmse, "mae": over_people(np.abs(errors))}


def _joined(rounds: Sequence[Mapping[str, Estimate]]) -> dict[str, Estimate]:
    """One split's figures as they are; of several splits the mean, with an interval over the splits."""
    if len(rounds) == 1:
        return dict(rounds[0])
    return {name: over_seeds([one[name].mean for one in rounds]) for name in rounds[0]}


def _mean_exposure(rounds: Sequence[Exposure]) -> Exposure | None:
    if not rounds:
        return None
    places, rows = (np.mean([getattr(one, name) for one in rounds], axis=0).tolist() for name in ("places", "rows"))
    return Exposure(tuple(places), tuple(rows))


def _tested(rounds: Sequence[_Round]) -> dict[str, Any]:
    """Counts of the test: single figures of one split, lists of figures of several."""
    names = rounds[0].counts
    if len(rounds) == 1:
        return {"splits": 1} | dict(names)
    return {"splits": len(rounds)} | {name: [one.counts[name] for one in rounds] for name in names}
