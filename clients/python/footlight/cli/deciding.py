"""`footlight decision`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.plain import plain
from footlight.cli.recommending import known_items, title_of
from footlight.cli.session import Session
from footlight.cli.tables import cell, table
from footlight.types import Item, ItemFilter, RecommendedItem, RecomputationOutcome, RecordedRecommendation, Where

_OUTCOMES = {
    RecomputationOutcome.SAME: "the same: computed anew from the state of then, every item and score is as it was",
    RecomputationOutcome.DIFFERENT: "different",
    RecomputationOutcome.IMPOSSIBLE: "cannot be computed anew",
}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "decision", "footlight decision r-0123456789abcdef-7")(decision)


def decision(
    session: Session,
    decision_id: Annotated[
        str, typer.Argument(metavar="ID", help="The decision_id of a recommendation.", show_default=False)
    ],
    recompute: Annotated[
        bool, typer.Option("--recompute/--no-recompute", help="Also compute it anew from the state of then.")
    ] = True,
) -> None:
    """What was recommended, to whom, why, by what; and whether it is the same when it is computed anew.

    The state as of the log position is restored from what is stored, which may take seconds. Of a person who was forgotten
    nothing is left, and what was recommended to others on the strength of them cannot be computed anew.
    """
    found = session.client.get_decision(decision_id, recompute=recompute)
    again = found.recomputation.items if found.recomputation else ()
    items = known_items(session.client, dict.fromkeys(line.item_id for line in (*found.items, *again)))
    if not session.json:
        for name, value in _facts(found):
            session.out.print(f"{name:<14} {value}", soft_wrap=True)
    result = {**plain(found), "titles": {item_id: title_of(item_id, items) for item_id in items}}
    session.show(result, lambda: table(_COLUMNS, _rows(found, items)))


_COLUMNS = ("#", "item", "title", "#score", "#now", "remark")


def _facts(found: RecordedRecommendation) -> Iterable[tuple[str, str]]:
    yield "decision", found.decision_id
    yield "for", found.user_id or "a visitor without a name"
    yield "when", cell(found.time)
    by = f", answered by {found.answered_by}" if found.answered_by != found.deployment else ""
    version = f", model {found.model_version}" if found.model_version else ""
    yield "asked", f"{found.deployment}{by}{version}, log position {found.log_position:,}"
    yield from _asked(found)
    if (again := found.recomputation) is not None:
        why = f": {again.explanation}" if again.explanation else ""
        yield "computed anew", _OUTCOMES.get(again.outcome, str(again.outcome)) + why


def _asked(found: RecordedRecommendation) -> Iterable[tuple[str, str]]:
    if found.filter is not None:
        yield "filter", _filter(found.filter)
    if found.history:
        yield "history", ", ".join(met.item_id for met in found.history)
    if found.session_start is not None:
        yield "session since", cell(found.session_start)
    if found.exclude:
        yield "excluded", f"{len(found.exclude):,} items"
    if found.diversity:
        yield "diversity", cell(found.diversity)
    if found.seed is not None:
        yield "seed", str(found.seed)
    if found.pending_events:
        yield "pending", f"{found.pending_events:,} events were not in the answer yet"


def _filter(chosen: ItemFilter) -> str:
    parts = [f"kind {' or '.join(chosen.kinds)}"] if chosen.kinds else []
    parts += [f"tag {tag}" for tag in chosen.tags_all]
    if chosen.tags_any:
        parts.append(f"tag {' or '.join(chosen.tags_any)}")
    parts += [f"no tag {tag}" for tag in chosen.tags_none]
    parts += map(_where, chosen.where)
    if chosen.available_at is not None:
        parts.append(f"available at {cell(chosen.available_at)}")
    return ", ".join(parts)


def _where(where: Where) -> str:
    if where.equals is not None:
        return f"{where.name}={where.equals}"
    if where.any_of:
        return f"{where.name} in {', '.join(map(str, where.any_of))}"
    low = "" if where.min is None else f"{where.min}{' <' if where.exclude_min else ' <='} "
    high = "" if where.max is None else f" {'<' if where.exclude_max else '<='} {where.max}"
    return f"{low}{where.name}{high}"


def _rows(found: RecordedRecommendation, items: dict[str, Item]) -> list[tuple[object, ...]]:
    again = found.recomputation.items if found.recomputation else ()
    now = {line.item_id: line.score for line in again}
    return [
        (line.rank, line.item_id, title_of(line.item_id, items), line.score, now.get(line.item_id), _remark(line))
        for line in found.items
    ]


def _remark(line: RecommendedItem) -> str:
    if line.filled:
        return "filled up"
    return "" if line.propensity is None else f"with probability {line.propensity:.3g}"
