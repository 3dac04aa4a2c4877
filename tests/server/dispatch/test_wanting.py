"""What was asked is kept as JSON and read back as it was."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from footlight_server.dispatch.wanting import Met, Terms, terms_from_json, terms_to_json
from footlight_server.log.filtering import ItemFilter, Predicate

LABELS = st.lists(st.sampled_from(["film", "drama", "é"]), unique=True, max_size=2).map(tuple)
TIMES = st.one_of(st.none(), st.integers(0, 2**50))
NUMBERS = st.floats(-1_000, 1_000)
VALUES = st.one_of(st.lists(NUMBERS, min_size=1), st.lists(st.text(), min_size=1), st.lists(st.booleans(), min_size=1))
PREDICATES = st.one_of(
    st.builds(Predicate, st.text(min_size=1), VALUES.map(tuple), single=st.booleans()),
    st.builds(Predicate, st.just("year"), low=NUMBERS, high=st.just(math.inf), open_low=st.booleans()),
)
FILTERS = st.builds(ItemFilter, LABELS, LABELS, LABELS, LABELS, st.lists(PREDICATES, max_size=2).map(tuple), TIMES)
HISTORIES = st.lists(st.builds(Met, st.text(min_size=1), st.one_of(st.none(), NUMBERS), TIMES), min_size=1).map(tuple)


@given(
    st.builds(
        Terms,
        st.one_of(st.none(), FILTERS),
        st.one_of(st.none(), HISTORIES),
        TIMES,
        st.floats(0, 1),
        st.one_of(st.none(), st.integers(0, 2**62)),
    )
)
def test_terms_survive_json(terms: Terms) -> None:
    assert terms_from_json(json.loads(json.dumps(terms_to_json(terms)))) == terms


def test_the_first_moment_of_all_is_kept() -> None:
    terms = Terms(ItemFilter(available_at=0), seed=0)
    assert terms_from_json(terms_to_json(terms)) == terms


def test_what_says_nothing_takes_no_room() -> None:
    assert terms_to_json(Terms()) == {}
