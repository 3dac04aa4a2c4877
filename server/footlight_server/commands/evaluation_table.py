"""Figures of an evaluation as tables for people, beside what others have published."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_plugins.evaluation import Estimate, Evaluation

WIDTH = 110
MEASURED = "measured now"


def as_text(result: Evaluation) -> str:
    """Everything, as lines."""
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    console.print(_title(result))
    console.print(_figures(result))
    _print_beside(console, result)
    console.print("seconds: " + ", ".join(f"{name} {value:.2f}" for name, value in result.seconds.items()))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip()


def gaps_as_text(first: Evaluation, second: Evaluation, gaps: Mapping[str, Estimate]) -> str:
    """The differences of two engines, as lines; a star where the interval leaves 0 out."""
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    names = f"{first.contender.name} minus {second.contender.name}"
    console.print(_by_cutoff(f"{names}, in pairs; * where 0 is outside of the 95 % interval", first, gaps, _starred))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip()


def _title(result: Evaluation) -> str:
    facts = result.json()
    options = ", ".join(f"{name}={value}" for name, value in facts["options"].items())
    data = facts["data"]
    return (
        f"{facts['engine']} ({options or 'no options'}) by {facts['protocol']}, {facts['part']} part\n"
        f"{data['name']}: {data['rows']:,} rows, {data['people']:,} people, {data['items']:,} items; "
        f"seeds {', '.join(map(str, facts['seeds']))}; intervals {facts['interval']}"
    )


def _figures(result: Evaluation) -> Table:
    return _by_cutoff("figure: mean and half of its 95 % interval", result, result.metrics, _shown)


Show = Callable[["Estimate | None"], str]


def _by_cutoff(title: str, result: Evaluation, figures: Mapping[str, Estimate], shown: Show) -> Table:
    """A line for each figure, a column for each cut-off."""
    ends = [f"@{k}" for k in result.plan.cutoffs] if any("@" in name for name in figures) else [""]
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for end in ends:
        table.add_column(end, justify="right")
    for name in dict.fromkeys(name.partition("@")[0] for name in figures):
        table.add_row(name, *(shown(figures.get(f"{name}{end}")) for end in ends))
    return table


def _starred(one: Estimate | None) -> str:
    return _shown(one) + (" *" if one is not None and (one.low > 0 or one.high < 0) else "  ")


def _shown(one: Estimate | None) -> str:
    if one is None or math.isnan(one.mean):
        return "-"
    half = (one.high - one.low) / 2
    return f"{one.mean:.4f}" + ("" if math.isnan(half) else f" ± {half:.4f}")


def _print_beside(console: Console, result: Evaluation) -> None:
    """The engine between the published rows and the baselines, best first; below, where the rows come from."""
    names, lines, sources = beside(result)
    table = Table(
        title="beside what is published for this protocol; comparable on the same data only", title_justify="left"
    )
    table.add_column("model")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("source")
    for model, figures, source in lines:
        cells = (model, *(f"{figures[name]:.4f}" if name in figures else "" for name in names), source)
        table.add_row(*map(escape, cells), style="bold" if source == MEASURED else "")
    console.print(table)
    for number, source in enumerate(sources, 1):
        console.print(f"[{number}] {source}", markup=False)


Line = tuple[str, Mapping[str, float], str]
"""A model, its figures, and where they come from."""


def beside(result: Evaluation) -> tuple[list[str], list[Line], list[str]]:
    """The figures that are compared, a line for each model with the best first, and the sources that the lines number."""
    from footlight_plugins.evaluation.published import PUBLISHED

    rows = PUBLISHED.get(result.plan.protocol.name, ())
    names = list(dict.fromkeys(name for row in rows for name in row.metrics)) or _headline(result)
    sources = list(dict.fromkeys(row.source for row in rows))
    lines: list[Line] = [(row.model, row.metrics, f"[{sources.index(row.source) + 1}]") for row in rows]
    for name, figures in result.baselines.items():
        lines.append((f"{name} order", {metric: one.mean for metric, one in figures.items()}, "the same split"))
    lines.append((result.contender.name, {name: one.mean for name, one in result.metrics.items()}, MEASURED))
    main, sign = result.plan.protocol.metric, 1 if result.plan.protocol.predicts else -1
    lines.sort(key=lambda line: sign * line[1].get(main, -sign * math.inf))
    return names, lines, sources


def _headline(result: Evaluation) -> list[str]:
    main = result.plan.protocol.metric
    return [name for name in dict.fromkeys((main, "ndcg@10", "recall@20", "recall@50")) if name in result.metrics]
