"""The options that say which items may come back, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from footlight.cli.session import UsageFault
from footlight.types import HistoryItem, ItemFilter, Where

_PANEL = "Which items"

Count = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
DeploymentName = Annotated[str, typer.Option("--deployment", help="What answers; else the best that can.")]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="ITEM", help="Not this one.", rich_help_panel=_PANEL)
]
Kind = Annotated[
    list[str] | None,
    typer.Option("--kind", help="Of this kind; given several times, of one of them.", rich_help_panel=_PANEL),
]
Tag = Annotated[
    list[str] | None,
    typer.Option("--tag", help="With this tag; given several times, with all of them.", rich_help_panel=_PANEL),
]
AnyTag = Annotated[
    list[str] | None,
    typer.Option("--any-tag", metavar="TAG", help="With at least one of these tags.", rich_help_panel=_PANEL),
]
WithoutTag = Annotated[
    list[str] | None, typer.Option("--without-tag", metavar="TAG", help="Without this tag.", rich_help_panel=_PANEL)
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="'year>=1990', year=1990..1999, country=FR, 'country in FR,IT', dubbed=true. Quote > and <.",
        rich_help_panel=_PANEL,
    ),
]
AvailableAt = Annotated[
    str | None,
    typer.Option(
        "--available-at",
        metavar="TIME",
        help="Available then, not now: 2026-12-24T20:00 (UTC).",
        rich_help_panel=_PANEL,
    ),
]
History = Annotated[
    str | None,
    typer.Option(
        "--history", metavar="ITEM,ITEM=5,...", help="What a visitor without a name has met, the last one last."
    ),
]
SessionStart = Annotated[
    str | None, typer.Option("--session-start", metavar="TIME", help="Go only by what the person did from then on.")
]

Diversity = Annotated[float, typer.Option(metavar="0..1", help="How much the items shall differ from each other.")]
ChanceSeed = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Where chance comes from. Else one is drawn where chance plays a part."),
]


def item_filter(
    kind: Sequence[str] | None,
    tag: Sequence[str] | None,
    any_tag: Sequence[str] | None,
    without_tag: Sequence[str] | None,
    where: Sequence[str] | None,
    available_at: str | None,
) -> ItemFilter | None:
    """The filter of the options; None where none is given."""
    conditions = tuple(_condition(text) for text in where or ())
    chosen = ItemFilter(
        tuple(kind or ()),
        tuple(tag or ()),
        tuple(any_tag or ()),
        tuple(without_tag or ()),
        conditions,
        moment("--available-at", available_at),
    )
    return None if chosen == ItemFilter() else chosen


def _condition(text: str) -> Where:
    try:
        return Where.parse(text)
    except ValueError as wrong:
        raise UsageFault(f"--where: {wrong}") from None


def moment(option: str, text: str | None) -> datetime | None:
    """A time in ISO 8601, in UTC where it names no zone."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"{option}: expected a time such as 2026-12-24T20:00, got {text!r}") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def met(text: str) -> list[HistoryItem]:
    """What a visitor met: ids with commas between them, each with "=VALUE" where it was rated."""
    return [_met(part.strip()) for part in text.split(",") if part.strip()]


def _met(part: str) -> HistoryItem:
    item_id, equals, value = part.rpartition("=")
    if not equals:
        return HistoryItem(part)
    try:
        return HistoryItem(item_id, float(value))
    except ValueError:
        raise UsageFault(f"--history: expected a number after the =, got {part!r}") from None
