"""The event log: idempotent, contiguous, all or nothing, forgetful on request."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.postgresql import new_database

from footlight_plugins import EventKind, Events
from footlight_server.errors import AlreadyExists, FootlightError, InvalidArgument, NotFound
from footlight_server.log import (
    Appended,
    Catalogue,
    Database,
    Decision,
    DecisionLog,
    Event,
    EventLog,
    Item,
    People,
    Receipt,
    Writer,
)
from footlight_server.log.batch import tie_of


def play(event_id: str, user: str = "ann", item: str = "alien", **more: Any) -> Event:
    return Event(event_id, user, item, EventKind.PLAY, **more)


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def columns(events: Events) -> list[list[Any]]:
    arrays = (events.user, events.item, events.kind, events.value, events.time, events.tie)
    return [column.tolist() for column in arrays]


async def test_recorded_events_come_back_as_columns(events: EventLog) -> None:
    given = [play("a", time=5), Event("b", "bob", "brazil", EventKind.RATING, 3.5, 4)]
    appended = await events.append(given)
    expected = [[0, 1], [0, 1], [2, 4], [1.0, 3.5], [5, 4], [tie_of("a"), tie_of("b")]]
    assert columns(appended.events) == columns(events.read()) == expected


async def test_columns_have_the_types_of_the_contract(events: EventLog) -> None:
    await events.append([play("a")])
    read, empty = events.read(), Events.empty()
    assert [c.dtype for c in (read.user, read.kind, read.time)] == [
        c.dtype for c in (empty.user, empty.kind, empty.time)
    ]


def test_tie_is_the_head_of_the_ids_hash() -> None:
    head = hashlib.sha256(b"some id").digest()[:8]
    assert tie_of("some id") == np.frombuffer(head, ">i8")[0]


async def test_empty_log_reads_as_no_events(events: EventLog) -> None:
    assert len(events.read()) == 0 and events.position == 0


async def test_positions_count_from_one_without_gaps(events: EventLog) -> None:
    positions = [(await events.append([play(f"{i}a"), play(f"{i}b")])).position for i in range(3)]
    assert positions == [2, 4, 6] and events.position == 6


async def test_read_answers_the_positions_between(events: EventLog) -> None:
    await events.append([play(str(i), time=i) for i in range(6)])
    assert events.read(after=2, upto=4).time.tolist() == [2, 3]


async def test_event_repeated_is_a_duplicate(events: EventLog) -> None:
    await events.append([play("a", time=5), play("b")])
    again = await events.append([play("a", time=5), play("c")])
    assert (again.recorded, again.duplicates, again.position, len(again.events)) == (1, 1, 3, 1)


async def test_event_without_a_time_may_be_repeated(events: EventLog) -> None:
    await events.append([play("a")])
    assert (await events.append([play("a")])).duplicates == 1


async def test_batch_of_duplicates_answers_where_they_are(events: EventLog) -> None:
    await events.append([play("a"), play("b"), play("c")])
    again = await events.append([play("b"), play("a")])
    assert (again.recorded, again.position, len(again.events)) == (0, 2, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "bob"},
        {"item_id": "brazil"},
        {"kind": EventKind.LIKE},
        {"value": 2.0},
        {"time": 6},
        {"decision_id": "d"},
    ],
)
async def test_id_used_for_another_event_writes_nothing(events: EventLog, other: dict[str, Any]) -> None:
    first = play("a", time=5)
    await events.append([first])
    with pytest.raises(AlreadyExists, match="'a'"):
        await events.append([play("new"), replace(first, **other)])
    assert events.position == len(events.read()) == 1


async def test_person_exists_from_the_first_event_on(events: EventLog, people: People) -> None:
    assert people.ordinal("ann") == -1
    await events.append([play("a", "ann"), play("b", "bob"), play("c", "ann")])
    assert (people.ordinal("ann"), people.ordinal("bob"), len(people)) == (0, 1, 2)


async def test_refused_batch_makes_no_people(events: EventLog, people: People, database: Database) -> None:
    await events.append([play("a")])
    with pytest.raises(AlreadyExists):
        await events.append([play("b", "bob"), play("a", item="brazil")])
    assert people.ordinal("bob") == -1 and People(database, "default").ordinal("bob") == -1


async def test_concurrent_appends_share_new_people_and_leave_no_gap(events: EventLog, people: People) -> None:
    batches = [[play(f"{i}-{j}", f"user {(i + j) % 7}", time=i) for j in range(5)] for i in range(40)]
    answers = await asyncio.gather(*(events.append(batch) for batch in batches))
    assert sorted(a.position for a in answers) == list(range(5, 201, 5))
    assert len(people) == 7 and len(np.unique(events.read().user)) == 7


async def test_same_event_sent_twice_at_once_is_recorded_once(events: EventLog) -> None:
    answers = await asyncio.gather(*(events.append([play("a", time=1)]) for _ in range(20)))
    assert sum(a.recorded for a in answers) == 1 and len(events.read()) == 1


async def test_listeners_hear_of_batches_in_order_even_if_callers_leave(events: EventLog, writer: Writer) -> None:
    heard: list[Appended] = []
    events.on_append.append(heard.append)
    tasks = [asyncio.create_task(events.append([play(str(i))])) for i in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    await writer.submit(lambda connection: None)
    assert [a.position for a in heard] == list(range(1, 21))


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (play(""), "events[1].event_id"),
        (play("x" * 257), "events[1].event_id"),
        (play("x", user=""), "events[1].user_id"),
        (play("x", user="a\tb"), "events[1].user_id"),
        (play("x", user="\ud800"), "events[1].user_id"),
        (play("x", item=""), "events[1].item_id"),
        (play("x", value=float("nan")), "events[1].value"),
        (play("x", value=float("inf")), "events[1].value"),
        (play("x", value=1000.5), "events[1].value"),
        (Event("x", "ann", "alien", EventKind.RATING), "events[1].value"),
        (Event("x", "ann", "alien", 0), "events[1].kind"),  # type: ignore[arg-type]  # what a caller may send
        (Event("x", "ann", "alien", 9), "events[1].kind"),  # type: ignore[arg-type]
        (play("x", time=-1), "events[1].event_time"),
        (play("x", time=7_258_118_400_000_000), "events[1].event_time"),
        (play("x", decision_id="d" * 257), "events[1].decision_id"),
        (play("ok"), "events[1].event_id"),
    ],
)
async def test_malformed_event_is_refused_and_nothing_written(events: EventLog, event: Event, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        await events.append([play("ok"), event])
    assert raised.value.field == field and len(events.read()) == 0


@pytest.mark.parametrize("count", [0, 10_001])
async def test_batch_has_one_to_ten_thousand_events(events: EventLog, count: int) -> None:
    with pytest.raises(InvalidArgument, match="events: must have 1 to 10,000"):
        await events.append([play(str(i)) for i in range(count)])


async def test_unknown_and_deleted_items_are_not_found(events: EventLog, catalogue: Catalogue) -> None:
    await catalogue.delete("brazil")
    for item in ("nope", "brazil"):
        with pytest.raises(NotFound, match=f"no item named '{item}'"):
            await events.append([play("a"), play("b", item=item)])
    assert events.position == 0


async def test_log_is_the_same_after_a_restart(
    events: EventLog, database: Database, writer: Writer, catalogue: Catalogue
) -> None:
    await events.append([play("a"), play("b", "bob")])
    people = People(database, "default")
    again = EventLog(database, writer, catalogue, people, "default")
    assert (again.position, people.ordinal("bob"), columns(again.read())) == (2, 1, columns(events.read()))


async def test_tenants_have_logs_of_their_own(events: EventLog, database: Database, writer: Writer) -> None:
    catalogue = Catalogue(database, writer, "other")
    await catalogue.put([Item("alien")])
    other = EventLog(database, writer, catalogue, People(database, "other"), "other")
    await events.append([play("a"), play("b")])
    assert (await other.append([play("a", item="alien")])).position == 1
    assert len(events.read()) == 2 and len(other.read()) == 1


@settings(max_examples=30)
@given(sent=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=30))
def test_any_order_of_repeats_records_each_event_once(
    store: str, tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, int]]
) -> None:
    async def run(url: str) -> tuple[int, list[int]]:
        database = Database.open(url)
        writer = Writer(database)
        catalogue = Catalogue(database, writer, "t")
        await catalogue.put([Item("alien")])
        log = EventLog(database, writer, catalogue, People(database, "t"), "t")
        answers = await asyncio.gather(*(log.append([play(f"{e}", f"user {e % 3}", time=e)]) for _, e in sent))
        times: list[int] = log.read().time.tolist()
        await writer.close()
        database.close()
        return sum(a.recorded for a in answers), times

    with new_database(store, tmp_path_factory.mktemp("log")) as url:
        recorded, times = asyncio.run(run(url))
    assert recorded == len({e for _, e in sent}) and sorted(times) == sorted({e for _, e in sent})


# Forgetting.


async def test_forgetting_takes_events_and_decisions_away(events: EventLog, decisions: DecisionLog) -> None:
    await events.append([play("a"), play("b", "bob"), play("c")])
    decisions.record(Decision("d", "recommend", "item-knn", 1, 3, 0, 7, b"", 0))
    assert await events.forget("ann") == Receipt(2, 1, 1, 0)
    assert events.read().user.tolist() == [1]
    with pytest.raises(NotFound):
        decisions.get("d")


async def test_forgotten_person_is_a_stranger(events: EventLog, people: People, database: Database) -> None:
    await events.append([play("a"), play("b", "bob")])
    await events.forget("bob")
    assert people.ordinal("bob") == -1 and People(database, "default").ordinal("bob") == -1


async def test_forgotten_ordinals_and_positions_are_never_used_again(events: EventLog, people: People) -> None:
    await events.append([play("a"), play("b", "bob")])
    await events.forget("bob")
    appended = await events.append([play("c", "bob")])
    assert (people.ordinal("bob"), appended.position) == (2, 3)


async def test_position_survives_erasure_of_the_last_events_and_a_restart(
    events: EventLog, database: Database, writer: Writer, catalogue: Catalogue
) -> None:
    await events.append([play("a"), play("b")])
    await events.forget("ann")
    again = EventLog(database, writer, catalogue, People(database, "default"), "default")
    assert (again.position, again.epoch) == (2, 1)


async def test_forgetting_a_stranger_erases_nothing(events: EventLog) -> None:
    await events.append([play("a")])
    assert await events.forget("nobody") == Receipt(0, 0, 0, -1)
    assert events.epoch == 0 and events.erasures_since(0) == []


async def test_erasures_are_listed_after_an_epoch(events: EventLog) -> None:
    await events.append([play("a"), play("b", "bob"), play("c", "cid")])
    for user in ("cid", "ann", "bob"):
        await events.forget(user)
    assert list(events.erasures_since(1)) == [(2, 0), (3, 1)] and events.epoch == 3


async def test_erasure_is_heard_among_the_batches(events: EventLog) -> None:
    heard: list[Appended | Receipt] = []
    events.on_append.append(heard.append)
    events.on_forget.append(heard.append)
    await asyncio.gather(events.append([play("a")]), events.forget("ann"), events.append([play("b", "bob")]))
    assert [type(what) for what in heard] == [Appended, Receipt, Appended]


async def test_append_that_knew_an_erased_person_makes_a_new_one(events: EventLog, people: People) -> None:
    await events.append([play("a")])
    await asyncio.gather(events.forget("ann"), events.append([play("b")]))
    assert people.ordinal("ann") == 1 and events.read().user.tolist() == [1]


async def test_decision_on_its_way_goes_with_its_person(
    events: EventLog, decisions: DecisionLog, writer: Writer
) -> None:
    await events.append([play("a")])
    await events.forget("ann")
    decisions.record(Decision("late", "recommend", "item-knn", 1, 1, 0, 7, b"", 0))
    await writer.close()
    with pytest.raises(NotFound):
        decisions.get("late")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_forgotten_names_are_in_no_file(events: EventLog, tmp_path: Path) -> None:
    await events.append([play(f"secret-event-{i}", "secret-person") for i in range(50)])
    await events.append([play(f"other-{i}", f"other-person-{i}") for i in range(50)])
    await events.forget("secret-person")
    data = bytes_below(tmp_path)
    assert b"other-person-7" in data and b"secret" not in data


async def test_errors_say_what_a_program_needs(events: EventLog) -> None:
    with pytest.raises(FootlightError) as raised:
        await events.append([play("a", item="nope")])
    assert (raised.value.reason, raised.value.metadata) == ("NOT_FOUND", {"resource": "item", "name": "nope"})
