"""`footlight recommend`, `similar`, `predict`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from footlight.cli.choosing import (
    AnyTag,
    AvailableAt,
    ChanceSeed,
    Conditions,
    Count,
    DeploymentName,
    Diversity,
    Exclude,
    History,
    Kind,
    SessionStart,
    Tag,
    WithoutTag,
    item_filter,
    met,
    moment,
)
from footlight.cli.command import command
from footlight.cli.plain import plain
from footlight.cli.session import Session, UsageFault
from footlight.cli.tables import table
from footlight.errors import NotFound
from footlight.types import DiversityBasis, Item, Reason, ReasonKind, Recommendations, RecommendedItem

if TYPE_CHECKING:
    from footlight import Client

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

NOTHING_MATCHES = "No item satisfies these filters."


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "recommend", "footlight recommend 15 --kind film --where 'year>=1990' --without-tag Horror")(recommend)
    command(app, "similar", "footlight similar 296 --count 5 --tag Crime")(similar)
    command(app, "predict", "footlight predict 15 296 318")(predict)


def recommend(
    session: Session,
    user: Annotated[str, typer.Argument(help="The person; left out with --history.")] = "",
    count: Count = 10,
    deployment: DeploymentName = "",
    include_seen: Annotated[bool, typer.Option("--include-seen", help="Also what the person has met.")] = False,
    exclude: Exclude = None,
    kind: Kind = None,
    tag: Tag = None,
    any_tag: AnyTag = None,
    without_tag: WithoutTag = None,
    where: Conditions = None,
    available_at: AvailableAt = None,
    history: History = None,
    session_start: SessionStart = None,
    diversity: Diversity = 0.0,
    seed: ChanceSeed = None,
) -> None:
    """What to show next to a person, or to a visitor without a name, and why.

    Exactly as many items come back as are asked for, whenever there are so many that satisfy the filters and are new to the
    person. Where the engine has no opinion on so many, the rest is filled up; "why" says with what.

    Filters: an item must be of one of the kinds, have every --tag, one of the --any-tag and none of the --without-tag, and
    satisfy every --where.

    A visitor without a name: --history 296,318=5 says what they met, the last one last, "=5" being how they rated it.
    """
    if bool(user) == bool(history):
        raise UsageFault("say who it is for: either a person, or --history ITEM,ITEM,... of a visitor without a name")
    chosen = item_filter(kind, tag, any_tag, without_tag, where, available_at)
    answer = session.client.recommend(
        user,
        count,
        deployment=deployment,
        exclude=exclude or (),
        include_seen=include_seen,
        filter=chosen,
        history=met(history) if history else None,
        session_start=moment("--session-start", session_start),
        diversity=diversity,
        seed=seed,
    )
    items = known_items(session.client, _named(answer.items))
    for remark in remarks(answer, user or "this visitor"):
        session.say(remark)
    result = {**plain(answer), "items": _with_titles(answer.items, items)}
    session.show(result, lambda: table(("#", "item", "title", "#score", "why"), _rows(answer.items, items)))


def similar(
    session: Session,
    item: Annotated[str, typer.Argument(help="The item to compare with.", show_default=False)],
    count: Count = 10,
    deployment: DeploymentName = "",
    exclude: Exclude = None,
    kind: Kind = None,
    tag: Tag = None,
    any_tag: AnyTag = None,
    without_tag: WithoutTag = None,
    where: Conditions = None,
    available_at: AvailableAt = None,
) -> None:
    """The items that the same people like. The filters are those of `footlight recommend`."""
    chosen = item_filter(kind, tag, any_tag, without_tag, where, available_at)
    answer = session.client.similar_items(item, count, deployment=deployment, exclude=exclude or (), filter=chosen)
    if answer.nothing_matches:
        session.say(NOTHING_MATCHES)
    elif not answer.items:
        session.say(f"{answer.deployment} knows nothing that goes with {item}: too few people have met it yet.")
    items = known_items(session.client, _named(answer.items))
    result = {**plain(answer), "items": _with_titles(answer.items, items)}
    rows = [row[:4] for row in _rows(answer.items, items)]
    session.show(result, lambda: table(("#", "item", "title", "#score"), rows))


def predict(
    session: Session,
    user: Annotated[str, typer.Argument(help="The person.", show_default=False)],
    item: Annotated[list[str], typer.Argument(help="The items.", show_default=False)],
    deployment: DeploymentName = "",
) -> None:
    """The ratings that a person would give. Not every engine can; the error names those that can."""
    answer = session.client.predict_ratings(user, item, deployment=deployment)
    items = known_items(session.client, answer.ratings)
    rows = [(item_id, title_of(item_id, items), rating) for item_id, rating in answer.ratings.items()]
    session.show(answer, lambda: table(("item", "title", "#rating"), rows))


def remarks(answer: Recommendations, who: str) -> Iterable[str]:
    """What is to be said of an answer beside its items."""
    if answer.nothing_matches:
        yield NOTHING_MATCHES
    elif not len(answer):
        yield f"There is nothing to show {who} yet."
    elif answer.fallback:
        yield f"{answer.deployment} does not know {who}: this is what most people like."
    if answer.unknown_items:
        yield f"Not in the catalogue, and passed over: {', '.join(answer.unknown_items)}."
    if answer.pending_events:
        yield f"{answer.pending_events:,} events are not in this answer yet: the engine works them off now."
    if answer.diversity_basis is DiversityBasis.NONE:
        yield "Nothing is known by which these items could be compared: they are in the order of their scores."


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
    return "; ".join([*parts, *filter(None, (_other(reason, items) for reason in reasons))])


def _other(reason: Reason, items: dict[str, Item]) -> str:
    people = _people(reason.people_count)
    match reason.kind:
        case ReasonKind.SIMILAR_PEOPLE:
            return f"{people} with a similar taste like{'s' * (reason.people_count == 1)} it"
        case ReasonKind.POPULAR:
            return f"popular with {people}"
        case ReasonKind.TRENDING:
            return f"more and more people like it, {people} so far" if reason.people_count else "trending"
        case ReasonKind.SIMILAR_CONTENT:
            return f"resembles {title_of(reason.item_id, items)}"
        case ReasonKind.EXPLORATION:
            return "to find out who likes it"
        case ReasonKind.NEWEST:
            return "new in the catalogue"
    return ""


def _because(item_ids: Sequence[str], items: dict[str, Item]) -> str:
    done = {_DONE_WITH.get(items[item_id].kind, "") if item_id in items else "" for item_id in item_ids}
    names = [title_of(item_id, items) for item_id in item_ids]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    verb = done.pop() if len(done) == 1 else ""
    return f"because you {verb} {listed}" if verb else f"because of {listed}"


def _rows(lines: Sequence[RecommendedItem], items: dict[str, Item]) -> list[tuple[object, ...]]:
    return [
        (place, line.item_id, title_of(line.item_id, items), line.score, sentence(line.reasons, items))
        for place, line in enumerate(lines, start=1)
    ]


def _with_titles(lines: Sequence[RecommendedItem], items: dict[str, Item]) -> list[dict[str, object]]:
    return [
        {**plain(line), "title": title_of(line.item_id, items), "why": sentence(line.reasons, items)} for line in lines
    ]


def title_of(item_id: str, items: dict[str, Item]) -> str:
    return items[item_id].title or item_id if item_id in items else item_id


def _named(lines: Iterable[RecommendedItem]) -> Iterable[str]:
    """The items of the lines and those that their reasons name."""
    for line in lines:
        yield line.item_id
        yield from (reason.item_id for reason in line.reasons if reason.item_id)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
