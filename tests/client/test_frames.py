"""Data frames in and out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footlight import EventKind, Item, Recommendations, RecommendedItem
from footlight.frames import events_from, frame, items_from

pandas = pytest.importorskip("pandas")


def test_rows_become_items_and_empty_cells_are_left_out() -> None:
    table = pandas.DataFrame(
        {
            "item_id": [1, 2],
            "title": ["One", None],
            "tags": ["a| b", None],
            "year": [1999, None],
            "colour": [True, False],
        }
    )
    first, second = items_from(table)
    assert first == Item("1", title="One", tags=("a", "b"), attributes={"year": 1999.0, "colour": True})
    assert second == Item("2", attributes={"colour": False})


def test_rows_become_events() -> None:
    table = pandas.DataFrame(
        {
            "user_id": ["ada", "bob"],
            "item_id": ["m1", "m2"],
            "value": [4.5, None],
            "time": ["2024-05-06 07:08:09", None],
        }
    )
    rated, played = events_from(table)
    assert (rated.kind, rated.value, rated.time) == (EventKind.RATING, 4.5, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))
    assert (played.kind, played.value, played.time) == (EventKind.PLAY, None, None)


def test_a_column_that_lacks_is_named() -> None:
    with pytest.raises(KeyError, match="item_id"):
        events_from(pandas.DataFrame({"user_id": ["ada"]}))
    with pytest.raises(ValueError, match="sang"):
        events_from(pandas.DataFrame({"user_id": ["ada"], "item_id": ["m1"], "kind": ["sang"]}))


def test_answers_become_rows() -> None:
    lines = (RecommendedItem("m1", 0.5, (), 1), RecommendedItem("m2", 0.25, (), 2))
    answers = [Recommendations(user, "d", "item-knn", 1, 7, False, lines) for user in ("ada", "bob")]
    table = frame(answers)
    assert list(table["user_id"]) == ["ada", "ada", "bob", "bob"] and list(table["item_id"]) == ["m1", "m2"] * 2
    assert list(frame([Item("m1", title="One")])["title"]) == ["One"]


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(TypeError, match="int"):
        frame([3])
