"""Titles in a text: every place is the closest one, and no title is left out that is close enough."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from footlight_engines.kernels import titles as kernels

WORDS = st.text("abc", min_size=1, max_size=6)


def oracle(text: str, title: str) -> int:
    """The fewest edits that turn some part of the text into the title: every part is tried."""
    parts = {text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)}
    return min(edits(part, title) for part in parts)


def edits(first: str, second: str) -> int:
    """The Levenshtein distance, as its definition says."""
    if not first or not second:
        return len(first) + len(second)
    change = edits(first[:-1], second[:-1]) + (first[-1] != second[-1])
    return min(change, edits(first[:-1], second) + 1, edits(first, second[:-1]) + 1)


def found(text: str, *titles: str) -> list[tuple[int, int, int]]:
    letters = np.array([ord(c) for c in "".join(titles)], np.int32)
    bounds = np.concatenate([[0], np.cumsum([len(title) for title in titles])]).astype(np.int64)
    codes = np.array([ord(c) for c in text], np.int32)
    distance, start, end = kernels.distances(codes, letters, bounds, np.arange(len(titles)))
    return [*zip(distance.tolist(), start.tolist(), end.tolist(), strict=True)]


@settings(max_examples=25, deadline=None)
@given(st.text("abc", max_size=5), WORDS.filter(lambda title: len(title) < 5))
def test_the_distance_is_that_of_the_closest_part(text: str, title: str) -> None:
    assert found(text, title)[0][0] == oracle(text, title)


@settings(max_examples=25, deadline=None)
@given(st.text("abc", max_size=5), WORDS.filter(lambda title: len(title) < 5))
def test_the_place_is_as_close_as_the_distance_says(text: str, title: str) -> None:
    distance, start, end = found(text, title)[0]
    assert edits(text[start:end], title) == distance


def test_titles_are_looked_for_one_by_one() -> None:
    assert found("i saw jaws", "jaws", "jews", "xxxx") == [(0, 6, 10), (1, 6, 10), (4, 0, 0)]


def test_shared_pairs_are_counted_a_title() -> None:
    starts, titles = np.array([0, 2, 3], np.int64), np.array([0, 1, 1], np.int32)
    assert kernels.count_shared(starts, titles, np.array([0, 1], np.int64), 3).tolist() == [1, 2, 0]
