"""What a request can say: who, which items, how different; and that it can be read back and computed anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    Client,
    DiversityBasis,
    Event,
    EventKind,
    FailedPrecondition,
    HistoryItem,
    Item,
    ItemFilter,
    NotFound,
    ReasonKind,
    Recommendations,
    RecomputationOutcome,
    RecordedRecommendation,
    Where,
)

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

DRAMAS = ItemFilter(tags_all=("drama",))


def ids(answer: Any) -> list[str]:
    return [line.item_id for line in answer]


def recalled(client: Client, answer: Recommendations, recompute: bool = True) -> RecordedRecommendation:
    return client.get_decision(answer.decision_id, recompute=recompute)


@pytest.mark.parametrize("deployment", ["item-knn", "user-knn", "popular"])
def test_exactly_as_many_come_back_as_are_asked_for(house: Server, deployment: str) -> None:
    answer = house.client.recommend("a-03", 10, deployment=deployment, filter=DRAMAS)
    assert len(answer) == 10 and all(item.startswith("d") for item in ids(answer))
    assert len(set(ids(answer))) == 10


def test_all_come_back_where_fewer_exist(house: Server, ratings: list[Event]) -> None:
    seen = {event.item_id for event in ratings if event.user_id == "a-03"}
    answer = house.client.recommend("a-03", 1_000)
    assert set(ids(answer)) == {item.item_id for item in house.client.items()} - seen


def test_lines_that_were_filled_up_say_so_and_why(stocked: Server) -> None:
    stocked.client.put_items([Item(f"new{n}", tags=("drama",)) for n in range(3)])
    answer = stocked.client.recommend("a-03", 100, filter=DRAMAS, reasons=0)
    own, filled = answer.items[:-3], answer.items[-3:]
    assert ids(filled) == ["new2", "new1", "new0"] and {line.score for line in filled} == {0.0}
    assert all(line.filled and [r.kind for r in line.reasons] == [ReasonKind.NEWEST] for line in filled)
    assert not any(line.filled or line.reasons for line in own)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (ItemFilter(tags_any=("drama",), where=(Where("year", min=1985, max=1987),)), {"d05", "d06", "d07"}),
        (ItemFilter(tags_none=("action",), where=(Where("year", any_of=(1980, 1999)),)), {"d00", "d19"}),
        (ItemFilter(kinds=("film",), tags_all=("action",), where=(Where.parse("year>1997"),)), {"a18", "a19"}),
    ],
)
def test_filters_leave_what_satisfies_them(house: Server, chosen: ItemFilter, expected: set[str]) -> None:
    for person in ("a-03", "nobody"):
        assert set(ids(house.client.recommend(person, filter=chosen, include_seen=True))) == expected


def test_a_filter_that_nothing_satisfies_says_so(house: Server) -> None:
    nothing = ItemFilter(kinds=("opera",))
    answers = [
        house.client.recommend("a-03", filter=nothing),
        house.client.recommend_batch(["a-03"], filter=nothing)[0],
    ]
    assert [(len(answer), answer.nothing_matches) for answer in answers] == [(0, True)] * 2
    assert house.client.similar_items("a00", filter=nothing).nothing_matches
    assert not house.client.recommend("a-03").nothing_matches


def test_similar_items_satisfy_the_filter(house: Server) -> None:
    late = ItemFilter(where=(Where("year", min=1990),))
    found = house.client.similar_items("a03", 20, filter=late, exclude=["a15"])
    assert len(found) > 2 and all("a10" <= item <= "a19" and item != "a15" for item in ids(found) if item[0] == "a")


def test_a_batch_takes_the_same_filters_as_single_calls(house: Server) -> None:
    people, chosen = ["a-01", "nobody", "d-02"], ItemFilter(where=(Where("year", min=1990),))
    batch = house.client.recommend_batch(people, 8, filter=chosen, exclude=["a12"], diversity=0.4)
    single = [house.client.recommend(p, 8, filter=chosen, exclude=["a12"], diversity=0.4, reasons=0) for p in people]
    assert list(map(ids, batch)) == list(map(ids, single)) and all(len(answer) == 8 for answer in batch)


def test_a_visitor_without_a_name_is_answered_by_what_they_met(house: Server) -> None:
    met: list[str | HistoryItem] = ["d01", HistoryItem("d08", 5.0), "no-such-film", "d15"]
    answer = house.client.recommend(history=met, count=5)
    assert answer.unknown_items == ("no-such-film",)
    assert len(answer) == 5 and not {"d01", "d08", "d15"} & set(ids(answer))


def test_a_visitor_who_met_nothing_that_is_known_gets_the_fallback(house: Server) -> None:
    answer = house.client.recommend(history=["no-such-film"], count=3)
    assert (answer.fallback, len(answer), answer.unknown_items) == (True, 3, ("no-such-film",))


def test_a_session_goes_by_what_came_later_and_leaves_out_what_came_before(stocked: Server) -> None:
    client = stocked.client
    now = datetime.now(UTC)
    client.record_events([Event("a-03", "d04", EventKind.PLAY, time=now)])
    session = client.recommend("a-03", 40, session_start=now - timedelta(minutes=1))
    seen = set(ids(client.recommend("a-03", 40, include_seen=True))) - set(ids(client.recommend("a-03", 40)))
    assert "d04" in seen and not seen & set(ids(session)) and len(session) == 40 - len(seen)


def test_the_parts_of_the_reasons_add_up_to_the_score(house: Server) -> None:
    lines = [line for line in house.client.recommend("a-03", 10, reasons=2) if not line.filled]
    sums = [sum(reason.share for reason in line.reasons) + line.other_share for line in lines]
    assert lines and sums == pytest.approx([1.0] * len(lines)) and any(line.other_share > 0 for line in lines)


def test_diversity_mixes_what_scores_alone_would_not(house: Server) -> None:
    alike = house.client.recommend("a-03", 6, diversity=0.0)
    mixed = house.client.recommend("a-03", 6, diversity=0.9)
    assert {item[0] for item in ids(alike)} == {"a"} and {item[0] for item in ids(mixed)} == {"a", "d"}
    assert mixed.diversity_basis is DiversityBasis.CONTENT and alike.diversity_basis is DiversityBasis.UNKNOWN


def test_items_are_recommended_in_their_time_only(stocked: Server) -> None:
    now = datetime.now(UTC)
    later = Item("later", tags=("drama",), available_from=now + timedelta(days=1))
    stocked.client.put_items([later, Item("over", tags=("drama",), available_until=now - timedelta(days=1))])
    assert not {"later", "over"} & set(ids(stocked.client.recommend("nobody", 100)))
    tomorrow = ItemFilter(available_at=now + timedelta(days=2))
    assert {"later", "over"} & set(ids(stocked.client.recommend("nobody", 100, filter=tomorrow))) == {"later"}


def test_a_new_item_is_found_at_once(stocked: Server) -> None:
    stocked.client.put_items([Item("new", kind="opera", attributes={"act": 3})])
    acts = ItemFilter(kinds=("opera",), where=(Where("act", equals=3),))
    assert ids(stocked.client.recommend("a-03", filter=acts)) == ["new"]


ASKED: list[Callable[[Client], Recommendations]] = [
    lambda client: client.recommend("a-03", 5),
    lambda client: client.recommend("nobody", 5),
    lambda client: client.recommend("a-03", 30, filter=DRAMAS, exclude=["d02"], reasons=3),
    lambda client: client.recommend("a-03", 6, diversity=0.7, include_seen=True),
    lambda client: client.recommend(history=["d01", "d08"], count=4),
    lambda client: client.recommend("d-02", 5, session_start=datetime(2023, 1, 1, tzinfo=UTC), seed=7),
    lambda client: client.recommend_batch(["d-02"], 5, deployment="user-knn")[0],
]


@pytest.mark.parametrize("ask", ASKED)
def test_a_decision_is_read_back_and_computed_anew(house: Server, ask: Callable[[Client], Recommendations]) -> None:
    answer = ask(house.client)
    found = recalled(house.client, answer)
    assert (found.deployment, found.log_position) == (answer.deployment, answer.log_position)
    assert ids(found.items) == ids(answer) and [line.filled for line in found.items] == [x.filled for x in answer]
    assert found.recomputation is not None
    assert (found.recomputation.outcome, found.recomputation.explanation) == (RecomputationOutcome.SAME, "")


def test_a_decision_keeps_what_was_asked(house: Server) -> None:
    since = datetime(2023, 1, 1, tzinfo=UTC)
    chosen = ItemFilter(("film",), tags_none=("action",), where=(Where("year", min=1981, exclude_min=True),))
    answer = house.client.recommend(
        "a-03", 4, filter=chosen, exclude=["d02"], session_start=since, diversity=0.5, seed=9, include_seen=True
    )
    found = recalled(house.client, answer, recompute=False)
    assert (found.user_id, found.count, found.filter, found.seed) == ("a-03", 4, chosen, 9)
    assert (found.exclude, found.session_start, found.diversity) == (("d02",), since, 0.5)
    assert found.include_seen and found.recomputation is None


def test_a_later_event_does_not_change_what_is_computed_anew(stocked: Server) -> None:
    answer = stocked.client.recommend("a-03", 5)
    stocked.client.record_events([Event("a-03", item, EventKind.LIKE) for item in ids(answer)])
    assert not set(ids(stocked.client.recommend("a-03", 5))) & set(ids(answer))
    found = recalled(stocked.client, answer).recomputation
    assert found is not None and found.outcome is RecomputationOutcome.SAME


def test_a_changed_catalogue_is_named_where_it_made_the_difference(stocked: Server) -> None:
    answer = stocked.client.recommend("a-03", 5, filter=ItemFilter(tags_all=("action",)))
    first = ids(answer)[0]
    recalled(stocked.client, answer)
    stocked.client.put_items([Item(first, kind="film", tags=("drama",))])
    found = recalled(stocked.client, answer).recomputation
    assert found is not None and found.outcome is RecomputationOutcome.DIFFERENT
    assert found.explanation.startswith("an item was changed or deleted since")


def test_after_an_erasure_the_decision_is_gone_and_what_depended_on_it_says_so(stocked: Server) -> None:
    client = stocked.client
    own, others = client.recommend("a-03", 5), client.recommend("a-04", 10)
    recalled(client, own), recalled(client, others)
    client.forget_user("a-03")
    with pytest.raises(NotFound) as gone:
        client.get_decision(own.decision_id)
    assert gone.value.reason == "DECISION_ERASED"
    found = recalled(client, others).recomputation
    assert found is not None and found.outcome is RecomputationOutcome.IMPOSSIBLE
    assert found.explanation.startswith("a person was forgotten since")


def test_no_engine_here_predicts_ratings_and_the_error_says_so(house: Server) -> None:
    with pytest.raises(FailedPrecondition, match="engine 'popular' cannot predict ratings"):
        house.client.predict_ratings("a-03", ["a00"], deployment="popular")


def test_the_index_is_there_after_a_restart(stocked: Server, server_factory: Start) -> None:
    stocked.client.put_items([Item("x", kind="opera")])
    stocked.stop()
    again = server_factory()
    assert ids(again.client.recommend("a-03", filter=ItemFilter(kinds=("opera",)))) == ["x"]
