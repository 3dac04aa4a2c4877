"""``footlight evaluate``."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from footlight.cli.options import Options, parsed
from footlight_server.commands.offline import Json, bars, reporting, show

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_plugins.evaluation import Estimate, Evaluation, Plan
    from footlight_plugins.evaluation.progress import Progress


class ProtocolName(StrEnum):
    """The protocols of `footlight_plugins.evaluation`."""

    MS_ML100K = "ms-ml100k"
    RECBOLE_ML100K = "recbole-ml100k"
    GOWALLA = "gowalla"
    LEAVE_LAST = "leave-last"
    SURPRISE_5FOLD = "surprise-5fold"
    HOLDOUT = "holdout"
    COLD_ITEMS = "cold-items"
    COLD_PEOPLE = "cold-people"


class ValuesName(StrEnum):
    """What the file's ratings become."""

    KEEP = "keep"
    BINARY = "binary"


ProtocolOption = Annotated[ProtocolName, typer.Option("--protocol", "-p", help="What is held back, and how.")]
Data = Annotated[Path, typer.Option("--data", "-d", help="A ratings file, or the folder of one.", show_default=False)]
EngineName = Annotated[str, typer.Option("--engine", "-e", help="The recommender.", show_default=False)]
Cutoffs = Annotated[
    list[int] | None,
    typer.Option("--cutoff", min=1, max=1_000, help="May be given several times. Default: 5, 10, 20, 50."),
]
Seeds = Annotated[str, typer.Option(help="Seeds with commas between them. Default: those of the protocol.")]
ValuesOption = Annotated[
    ValuesName | None,
    typer.Option("--values", help="Ratings as they are, or every row as one play. Default: as the protocol says."),
]
PluginsDir = Annotated[Path | None, typer.Option("--plugins-dir", help="A folder of one-file plug-ins.")]


def evaluate(
    data: Data,
    engine: EngineName,
    protocol: ProtocolOption = ProtocolName.LEAVE_LAST,
    option: Options = None,
    cutoff: Cutoffs = None,
    seeds: Seeds = "",
    values: ValuesOption = None,
    plugins_dir: PluginsDir = None,
    against: Annotated[str, typer.Option(help="Another recommender, to be compared person by person.")] = "",
    against_option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the other one.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for a page with pictures.")] = None,
    as_json: Json = False,
) -> None:
    """Measure a recommender on a ratings file, without a server.

    It is trained on one part and asked about everybody in the other, always over all items. Every figure has a 95 %
    confidence interval. docs/evaluation.md says what the protocols hold back and how each figure is defined.
    """
    with reporting(as_json):
        from footlight_plugins.evaluation import contender, differences, evaluate_with, read_dataset

        if out is not None and importlib.util.find_spec("matplotlib") is None:
            raise ValueError("--out needs matplotlib: pip install 'footlight[evaluate]'")
        plan = plan_of(protocol, cutoff, seeds, values)
        chosen = contender(engine, parsed(option), plugins_dir)
        other = contender(against, parsed(against_option), plugins_dir) if against else None
        with bars(as_json) as progress:
            found = read_dataset(data, progress)
            result = evaluate_with(chosen, found, plan, progress)
            second = evaluate_with(other, found, plan, _named(progress, against)) if other else None
        gaps = differences(result, second) if second else {}
        facts = result.json() | ({"against": _against(second, gaps)} if second else {})
        page = _page(result, out) if out is not None else None
        show(as_json, facts, lambda: _view(result, second, gaps) + (f"\n\npictures: {page}" if page else ""))


def _named(progress: Progress, engine: str) -> Progress:
    """Says as well that it is the other engine."""
    return lambda what, done, total: progress(f"{what}, {engine}", done, total)


def _against(second: Evaluation, gaps: Mapping[str, Estimate]) -> dict[str, Any]:
    whole = second.json()
    kept = {name: whole[name] for name in ("engine", "options", "metrics", "seconds")}
    return kept | {"difference": {name: one.json() for name, one in gaps.items()}}


def plan_of(protocol: ProtocolName, cutoffs: list[int] | None, seeds: str, values: ValuesName | None) -> Plan:
    """The plan that the options of a command ask for."""
    from footlight_plugins.evaluation import CUTOFFS, Plan, protocol_named

    try:
        numbers = tuple(int(seed) for seed in seeds.split(",") if seed.strip())
    except ValueError:
        raise ValueError(f"--seeds: expected whole numbers with commas between them, got {seeds!r}") from None
    if any(not 0 <= number < 2**32 for number in numbers) or len(set(numbers)) < len(numbers):
        raise ValueError("--seeds: expected whole numbers from 0 to 4294967295, each of them once")
    chosen = tuple(sorted(set(cutoffs))) if cutoffs else CUTOFFS
    return Plan(protocol_named(protocol.value), chosen, numbers, values.value if values else None)


def _page(result: Evaluation, out: Path) -> Path:
    from footlight_server.commands.evaluation_page import write_page

    return write_page(result, out)


def _view(result: Evaluation, second: Evaluation | None, gaps: Mapping[str, Estimate]) -> str:
    from footlight_server.commands.evaluation_table import as_text, gaps_as_text

    return as_text(result) + (f"\n\n{gaps_as_text(result, second, gaps)}" if second else "")
