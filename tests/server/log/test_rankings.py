"""Rankings are kept in pages, found by their ids, and erased with their person."""

from __future__ import annotations

import numpy as np
import pytest

from footlight_plugins import EventKind, Ranking
from footlight_server.errors import DecisionErased, NotFound
from footlight_server.log import Database, Event, EventLog, People, RankingLog, Writer

TENANT = "default"
ANSWERER = ("item-knn", 3, 42)


@pytest.fixture
def rankings(database: Database, writer: Writer) -> RankingLog:
    return RankingLog(database, writer, TENANT)


def _record(rankings: RankingLog, user: int, *items: int) -> str:
    scores = np.arange(len(items), 0, -1) / 2
    return rankings.record(ANSWERER, user, np.array(items, np.int32), scores)


async def _written(writer: Writer) -> None:
    await writer.submit(lambda connection: None)


async def test_each_of_a_page_is_read_back_by_its_id(rankings: RankingLog, writer: Writer) -> None:
    ids = [_record(rankings, -1, 7, 8, 9), _record(rankings, -1), _record(rankings, -1, 5)]
    await _written(writer)
    assert [rankings.get(name).items.tolist() for name in ids] == [[7, 8, 9], [], [5]]


async def test_ranking_says_who_answered_and_with_what(rankings: RankingLog, writer: Writer) -> None:
    name = _record(rankings, -1, 7, 8)
    await _written(writer)
    ranked = rankings.get(name)
    assert (ranked.deployment, ranked.model_version, ranked.log_position, ranked.scores.tolist()) == (
        "item-knn",
        3,
        42,
        [1.0, 0.5],
    )


@pytest.mark.parametrize("name", ["nope", "r-0123456789abcdef-0", "r-0123456789abcdef-" + "f" * 20, ""])
async def test_unknown_ranking_is_not_found(rankings: RankingLog, name: str) -> None:
    with pytest.raises(NotFound, match="no decision"):
        rankings.get(name)


async def test_what_was_asked_and_the_propensities_stay_with_their_ranking(
    rankings: RankingLog, writer: Writer, events: EventLog, people: People
) -> None:
    ada = await _person(events, people, "ada")
    items, scores = np.array([1, 2], np.int32), np.array([2.0, 1.0])
    _record(rankings, ada, 9)
    plain = _record(rankings, -1, 7, 8, 9)
    full = rankings.record(ANSWERER, -1, items, scores, b'{"count": 2}', np.array([0.25, np.nan]))
    for _ in range(2):
        await _written(writer)
        found = rankings.get(full)
        assert (found.asked, found.items.tolist()) == (b'{"count": 2}', [1, 2]) and found.propensity is not None
        assert found.propensity[0] == 0.25 and np.isnan(found.propensity[1])
        assert (rankings.get(plain).asked, rankings.get(plain).propensity) == (b"", None)
        await events.forget("ada")


async def test_rankings_of_many_people_are_kept_together_and_erased_one_by_one(
    rankings: RankingLog, writer: Writer, events: EventLog, people: People
) -> None:
    ada, ben = await _person(events, people, "ada"), await _person(events, people, "ben")
    lines = [Ranking(np.array([n, n + 1], np.int32), np.array([2.0, 1.0])) for n in range(3)]
    ids = rankings.record_all(ANSWERER, [ada, -1, ben], lines, b"{}")
    after = _record(rankings, -1, 7)
    await _written(writer)
    found = [rankings.get(name) for name in ids]
    assert [(each.user, each.items.tolist(), each.asked) for each in found] == [
        (ada, [0, 1], b"{}"),
        (-1, [1, 2], b"{}"),
        (ben, [2, 3], b"{}"),
    ]
    assert rankings.get(after).items.tolist() == [7]
    await events.forget("ada")
    late = rankings.record_all(ANSWERER, [ada, ben], lines[:2])
    await _written(writer)
    assert [_there(rankings, name) for name in (*ids, *late)] == [False, True, True, False, True]


def _there(rankings: RankingLog, name: str) -> bool:
    try:
        rankings.get(name)
    except NotFound:
        return False
    return True


async def test_an_erased_ranking_is_told_from_one_that_never_was(
    rankings: RankingLog, writer: Writer, events: EventLog, people: People
) -> None:
    ada = await _person(events, people, "ada")
    theirs, other = _record(rankings, ada, 1), _record(rankings, -1, 2)
    await _written(writer)
    await events.forget("ada")
    with pytest.raises(DecisionErased, match="its person was forgotten"):
        rankings.get(theirs)
    with pytest.raises(NotFound) as never:
        rankings.get(other[:-1] + "f")
    assert never.value.reason == "NOT_FOUND"


async def _person(events: EventLog, people: People, name: str) -> int:
    await events.append([Event(f"e-{name}", name, "alien", EventKind.PLAY)])
    return people.ordinal(name)


async def test_erasing_a_person_takes_only_theirs_from_a_page(
    rankings: RankingLog, writer: Writer, events: EventLog, people: People
) -> None:
    ada, ben = await _person(events, people, "ada"), await _person(events, people, "ben")
    theirs, others = _record(rankings, ada, 1, 2), _record(rankings, ben, 3, 4, 5)
    await _written(writer)
    assert (await events.forget("ada")).decision_count == 1
    with pytest.raises(NotFound):
        rankings.get(theirs)
    assert rankings.get(others).items.tolist() == [3, 4, 5]


async def test_page_of_one_person_goes_with_them(
    rankings: RankingLog, writer: Writer, events: EventLog, people: People
) -> None:
    ada = await _person(events, people, "ada")
    theirs = [_record(rankings, ada, 1), _record(rankings, ada, 2)]
    await _written(writer)
    assert (await events.forget("ada")).decision_count == 2
    with pytest.raises(NotFound):
        rankings.get(theirs[0])


async def test_ranking_on_its_way_while_its_person_is_erased_is_not_written(
    rankings: RankingLog, writer: Writer, events: EventLog, people: People
) -> None:
    ada = await _person(events, people, "ada")
    await events.forget("ada")
    late, other = _record(rankings, ada, 1), _record(rankings, -1, 2)
    await _written(writer)
    with pytest.raises(NotFound):
        rankings.get(late)
    assert rankings.get(other).items.tolist() == [2]


async def test_two_runs_of_a_server_never_give_the_same_id(database: Database, writer: Writer) -> None:
    first, second = RankingLog(database, writer, TENANT), RankingLog(database, writer, TENANT)
    assert _record(first, -1, 1) != _record(second, -1, 1)
