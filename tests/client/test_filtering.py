"""Filters of the client: from words, to the wire and back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footlight import HistoryItem, ItemFilter, Where
from footlight._wire.filtering import filter_from_wire, filter_to_wire, history_from_wire, history_to_wire
from footlight.cli.choosing import item_filter, met, moment
from footlight.cli.session import UsageFault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year>=1990", Where("year", min=1990)),
        ("year > 1990.5", Where("year", min=1990.5, exclude_min=True)),
        ("year<=1990", Where("year", max=1990)),
        ("year<-3", Where("year", max=-3, exclude_max=True)),
        ("year=1990", Where("year", equals=1990)),
        ("year=1990..1999", Where("year", min=1990, max=1999)),
        ("year=1990..", Where("year", min=1990)),
        ("year=..1999", Where("year", max=1999)),
        ("country=FR", Where("country", equals="FR")),
        ('code="007"', Where("code", equals="007")),
        ("dubbed=true", Where("dubbed", equals=True)),
        ("country in FR, IT", Where("country", any_of=("FR", "IT"))),
        ("year in 1990,1991", Where("year", any_of=(1990, 1991))),
        ("made in=x", Where("made in", equals="x")),
        ("title=a..b", Where("title", equals="a..b")),
    ],
)
def test_conditions_are_read_from_words(text: str, expected: Where) -> None:
    assert Where.parse(text) == expected


@pytest.mark.parametrize("text", ["year", "", "=1990", "year>", "year>=soon", "year!1990"])
def test_words_that_are_no_condition_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a (condition|number)"):
        Where.parse(text)


def test_filters_come_back_from_the_wire_as_they_were() -> None:
    conditions = (Where("a", equals=True), Where("b", any_of=("x", "y")), Where("c", min=1, max=2, exclude_max=True))
    chosen = ItemFilter(("film",), ("a",), ("b", "c"), ("d",), conditions, datetime(2026, 1, 2, tzinfo=UTC))
    message = filter_to_wire(chosen)
    assert message is not None and filter_from_wire(message) == chosen and filter_to_wire(None) is None


def test_histories_may_be_ids_alone() -> None:
    told = [HistoryItem("b", 2.0, datetime(2026, 1, 2, tzinfo=UTC))]
    assert history_from_wire(history_to_wire(["a", *told])) == (HistoryItem("a"), *told)


@pytest.mark.parametrize("where", [Where("year"), Where("year", equals=1, min=2), Where("year", equals=1, any_of=(2,))])
def test_a_condition_says_exactly_one_thing(where: Where) -> None:
    with pytest.raises(ValueError, match="where 'year': expected one of equals, any_of, and min or max"):
        filter_to_wire(ItemFilter(where=(where,)))


def test_a_text_is_no_list_of_labels() -> None:
    with pytest.raises(ValueError, match="kinds: expected several labels"):
        filter_to_wire(ItemFilter(kinds="film"))


def test_no_options_are_no_filter() -> None:
    assert item_filter(None, None, None, None, None, None) is None
    assert item_filter(["film"], None, None, None, ["year>1"], None) == ItemFilter(
        ("film",), where=(Where("year", min=1, exclude_min=True),)
    )


def test_a_visit_is_read_from_words() -> None:
    assert met("a, b=4.5,c") == [HistoryItem("a"), HistoryItem("b", 4.5), HistoryItem("c")]


@pytest.mark.parametrize("words", [lambda: met("a=b"), lambda: moment("--available-at", "soon")])
def test_options_that_mean_nothing_are_refused(words: object) -> None:
    assert callable(words)
    with pytest.raises(UsageFault, match="expected"):
        words()
