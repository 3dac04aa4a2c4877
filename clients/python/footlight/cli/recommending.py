"""`footlight recommend`, `similar`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from footlight.cli.command import command
from footlight.cli.plain import plain
from footlight.cli.session import Session
from footlight.cli.tables import table
from footlight.errors import NotFound
from footlight.types import Item, Reason, ReasonKind, RecommendedItem

if TYPE_CHECKING:
    from footlight import Client

Count = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
Deployment = Annotated[str, typer.Option(help="What answers; else the best that can.")]

# What people do with things of a kind; "because of" is said of the others.
_DONE_WITH = {
    "film": "watched",
    "series": "watched",
    "show": "watched",
    "episode": "watched",
    "song": "listened to",
    "album": "listened to",
    "game": "played",
    "level": "played",
    "book": "read",
}
_MAX_NAMED = 3


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "recommend", "footlight recommend 15 --count 5")(recommend)
    command(app, "similar", "footlight similar 296 --count 5")(similar)


def recommend(
    session: Session,
    user: Annotated[str, typer.Argument(help="The person.", show_default=False)],
    count: Count = 10,
    deployment: Deployment = "",
    include_seen: Annotated[bool, typer.Option("--include-seen", help="Also what the person has met.")] = False,
) -> None:
    """What to show a person next, and why."""
    answer = session.client.recommend(user, count, deployment=deployment, include_seen=include_seen)
    items = known_items(session.client, _named(answer.items))
    if answer.fallback:
        session.say(f"{answer.deployment} does not know {user}: this is what most people like.")
    result = {**plain(answer), "items": _with_titles(answer.items, items)}
    session.show(result, lambda: table(("#", "item", "title", "#score", "why"), _rows(answer.items, items)))


def similar(
    session: Session,
    item: Annotated[str, typer.Argument(help="The item to compare with.", show_default=False)],
    count: Count = 10,
    deployment: Deployment = "",
) -> None:
    """The items that the same people like."""
    answer = session.client.similar_items(item, count, deployment=deployment)
    items = known_items(session.client, _named(answer.items))
    result = {**plain(answer), "items": _with_titles(answer.items, items)}
    rows = [row[:4] for row in _rows(answer.items, items)]
    session.show(result, lambda: table(("#", "item", "title", "#score"), rows))


def known_items(client: Client, item_ids: Iterable[str]) -> dict[str, Item]:
    """The items by id; those that are no longer in the catalogue are missing."""
    wanted = list(dict.fromkeys(item_ids))
    while wanted:
        try:
            return {item.item_id: item for item in client.get_items(wanted)}
        except NotFound as gone:
            if gone.name not in wanted:
                break
            wanted.remove(gone.name)
    return {}


def sentence(reasons: Sequence[Reason], items: dict[str, Item]) -> str:
    """The reasons of one recommendation in words, most important first."""
    because = [reason.item_id for reason in reasons if reason.kind is ReasonKind.BECAUSE_OF_ITEM][:_MAX_NAMED]
    parts = [_because(because, items)] if because else []
    for reason in reasons:
        if reason.kind is ReasonKind.SIMILAR_PEOPLE:
            parts.append(
                f"{_people(reason.people_count)} with a similar taste like{'s' * (reason.people_count == 1)} it"
            )
        elif reason.kind is ReasonKind.POPULAR:
            parts.append(f"popular with {_people(reason.people_count)}")
    return "; ".join(parts)


def _because(item_ids: Sequence[str], items: dict[str, Item]) -> str:
    done = {_DONE_WITH.get(items[item_id].kind, "") if item_id in items else "" for item_id in item_ids}
    names = [_title(item_id, items) for item_id in item_ids]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    verb = done.pop() if len(done) == 1 else ""
    return f"because you {verb} {listed}" if verb else f"because of {listed}"


def _rows(lines: Sequence[RecommendedItem], items: dict[str, Item]) -> list[tuple[object, ...]]:
    return [
        (place, line.item_id, _title(line.item_id, items), line.score, sentence(line.reasons, items))
        for place, line in enumerate(lines, start=1)
    ]


def _with_titles(lines: Sequence[RecommendedItem], items: dict[str, Item]) -> list[dict[str, object]]:
    return [
        {**plain(line), "title": _title(line.item_id, items), "why": sentence(line.reasons, items)} for line in lines
    ]


def _title(item_id: str, items: dict[str, Item]) -> str:
    return items[item_id].title or item_id if item_id in items else item_id


def _named(lines: Iterable[RecommendedItem]) -> Iterable[str]:
    """The items of the lines and those that their reasons name."""
    for line in lines:
        yield line.item_id
        yield from (reason.item_id for reason in line.reasons if reason.item_id)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
