"""Recommend: who answers, with what, and from which state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from footlight import (
    Client,
    Event,
    EventKind,
    FailedPrecondition,
    InvalidArgument,
    Item,
    NotFound,
    ReasonKind,
    Recommendations,
)

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start


def ids(answer: Recommendations) -> list[str]:
    return [line.item_id for line in answer]


def seen_by(user: str, ratings: list[Event]) -> set[str]:
    return {event.item_id for event in ratings if event.user_id == user}


@pytest.mark.parametrize("deployment", ["item-knn", "user-knn"])
def test_people_get_films_of_their_genre_they_have_not_seen(
    house: Server, ratings: list[Event], deployment: str
) -> None:
    found = ids(house.client.recommend("a-03", 5, deployment=deployment))
    assert len(found) == 5 and all(item.startswith("a") for item in found)
    assert not set(found) & seen_by("a-03", ratings)


def test_seen_films_come_back_when_asked_for(house: Server, ratings: list[Event]) -> None:
    found = ids(house.client.recommend("a-03", 40, deployment="user-knn", include_seen=True))
    assert seen_by("a-03", ratings) <= set(found)


def test_excluded_films_are_left_out(house: Server) -> None:
    first, second = ids(house.client.recommend("a-03", 2))
    assert ids(house.client.recommend("a-03", 1, exclude=[first, "no-such-film"])) == [second]


def test_scores_do_not_rise_down_the_list(house: Server) -> None:
    scores = [line.score for line in house.client.recommend("d-07", 30)]
    assert scores == sorted(scores, reverse=True) and len(scores) > 5


def test_a_batch_answers_as_single_calls_do(house: Server) -> None:
    people = ["a-01", "nobody", "d-02", "a-01"]
    singles = [house.client.recommend(person, 7) for person in people]
    batch = house.client.recommend_batch(people, 7, reasons=2)
    assert [(one.items, one.fallback) for one in batch] == [(one.items, one.fallback) for one in singles]


def test_the_best_deployment_that_can_answers(house: Server, scratch: Server) -> None:
    assert house.client.recommend("a-01").deployment == "item-knn"
    assert scratch.client.recommend("a-01").deployment == "rp3beta"  # item-knn was not trained there


def test_a_stranger_gets_the_marked_fallback(house: Server) -> None:
    answer = house.client.recommend("never-seen", 3)
    assert answer.fallback and len(answer) == 3
    assert {reason.kind for line in answer for reason in line.reasons} == {ReasonKind.POPULAR}


@pytest.mark.parametrize("deployment", ["item-knn", "user-knn", "popular"])
def test_answers_carry_no_more_reasons_than_asked(house: Server, deployment: str) -> None:
    for most in (0, 1):
        answer = house.client.recommend("a-03", 5, deployment=deployment, reasons=most)
        assert {len(line.reasons) for line in answer} == {most}


def test_more_reasons_than_three_are_refused(house: Server) -> None:
    for wrong in (-1, 4):
        with pytest.raises(InvalidArgument, match="reason_count"):
            house.client.recommend("a-03", 5, reasons=wrong)
    with pytest.raises(InvalidArgument, match="reason_count"):
        house.client.recommend_batch(["a-03"], 5, reasons=4)


def test_batches_carry_reasons_where_asked(house: Server) -> None:
    plain, explained = (house.client.recommend_batch(["a-03"], 5, deployment="item-knn", reasons=n)[0] for n in (0, 2))
    assert not any(line.reasons for line in plain) and all(line.reasons for line in explained)


def test_reasons_name_films_the_person_met(house: Server, ratings: list[Event]) -> None:
    reasons = [reason for line in house.client.recommend("a-03", 5, deployment="item-knn") for reason in line.reasons]
    assert reasons and {reason.item_id for reason in reasons} <= seen_by("a-03", ratings)
    assert all(reason.kind is ReasonKind.BECAUSE_OF_ITEM and 0 < reason.share <= 1 for reason in reasons)


def test_similar_films_are_of_the_same_genre(house: Server) -> None:
    found = [line.item_id for line in house.client.similar_items("d05", 5)]
    assert len(found) == 5 and all(item.startswith("d") and item != "d05" for item in found)


def test_an_engine_that_compares_no_items_says_so(house: Server) -> None:
    with pytest.raises(FailedPrecondition, match="popular"):
        house.client.similar_items("d05", deployment="popular")


def test_an_untrained_deployment_says_what_to_do(scratch: Server) -> None:
    with pytest.raises(FailedPrecondition, match="train it first"):
        scratch.client.recommend("a-01", deployment="item-knn")


def test_every_answer_has_an_id_of_its_own(house: Server) -> None:
    answers = [house.client.recommend("a-01", 1), *house.client.recommend_batch(["a-01"] * 50, 1)]
    assert len({answer.decision_id for answer in answers}) == 51


def test_a_recorded_rating_changes_the_next_answer(stocked: Server) -> None:
    before = stocked.client.recommend("a-03", 5)
    stocked.client.record_events([Event("a-03", f"d{i:02}", EventKind.RATING, 5.0) for i in range(12)])
    after = stocked.client.recommend("a-03", 5)
    assert ids(after) != ids(before) and after.log_position == before.log_position + 12


def test_a_deleted_film_never_comes_back(stocked: Server, ratings: list[Event]) -> None:
    best = ids(stocked.client.recommend("a-03", 1))[0]
    stocked.client.delete_item(best)
    answers = [stocked.client.recommend("a-03", 40, deployment=d) for d in ("item-knn", "user-knn", "popular")]
    assert all(best not in ids(answer) for answer in answers)
    assert best not in [line.item_id for line in stocked.client.similar_items("a04", 40)]


def test_a_deleted_film_put_again_has_its_history(stocked: Server, films: list[Item]) -> None:
    before = ids(stocked.client.recommend("a-03", 5, deployment="user-knn"))
    stocked.client.delete_item(before[0])
    stocked.client.put_items([film for film in films if film.item_id == before[0]])
    assert ids(stocked.client.recommend("a-03", 5, deployment="user-knn")) == before


def stranger_to(client: Client, user: str) -> bool:
    """Whether all three deployments answer as they answer somebody they never heard of."""
    return all(
        (asked := client.recommend(user, 40, deployment=deployment)).fallback
        and asked.items == client.recommend("never-seen", 40, deployment=deployment).items
        for deployment in ("item-knn", "user-knn")
    )


def test_a_forgotten_person_is_a_stranger_everywhere_and_for_good(server_factory: Start, stocked: Server) -> None:
    assert stocked.client.forget_user("a-03").events == 9
    assert stranger_to(stocked.client, "a-03")
    stocked.client.activate_model("item-knn", 1)  # trained while the log still held the person
    assert stranger_to(stocked.client, "a-03")
    stocked.stop()
    assert stranger_to(server_factory().client, "a-03")


def test_forgetting_a_person_leaves_no_trace_in_others_answers(server_factory: Start, stocked: Server) -> None:
    before = stocked.client.recommend_batch(["d-01", "d-02"], 20, deployment="user-knn")
    stocked.client.record_events([Event("shadow", f"d{i:02}", EventKind.RATING, 5.0) for i in range(20)])
    stocked.client.forget_user("shadow")
    after = stocked.client.recommend_batch(["d-01", "d-02"], 20, deployment="user-knn")
    assert [one.items for one in after] == [one.items for one in before]


def test_forgetting_nobody_erases_nothing(house: Server) -> None:
    assert house.client.forget_user("never-seen").events == 0


def test_an_unknown_item_has_nothing_similar(house: Server) -> None:
    with pytest.raises(NotFound) as refusal:
        house.client.similar_items("no-such-film")
    assert (refusal.value.resource, refusal.value.name) == ("item", "no-such-film")
