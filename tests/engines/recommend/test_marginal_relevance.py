"""Re-ranking by maximal marginal relevance, against the formula written out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from footlight_engines.recommend.marginal_relevance import by_marginal_relevance

SCORES = st.lists(st.floats(-5, 5), min_size=1, max_size=8).map(lambda xs: np.array(sorted(xs, reverse=True)))


def likeness_for(size: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    half = np.random.default_rng(seed).uniform(size=(size, size))
    return np.asarray((half + half.T) / 2)


@given(SCORES, st.integers(0, 100), st.floats(0, 1), st.integers(1, 8))
def test_each_step_takes_what_the_formula_says(
    scores: np.ndarray[tuple[int], np.dtype[np.float64]], seed: int, diversity: float, count: int
) -> None:
    likeness, span = likeness_for(len(scores), seed), scores[0] - scores[-1]
    chosen = by_marginal_relevance(scores, likeness, diversity, count).tolist()
    for step, place in enumerate(chosen):
        gain = {
            other: (1 - diversity) * ((scores[other] - scores[-1]) / span if span else 1.0)
            - diversity * max((likeness[other, before] for before in chosen[:step]), default=0.0)
            for other in range(len(scores))
            if other not in chosen[:step]
        }
        assert gain[place] == max(gain.values()) and place == min(i for i, g in gain.items() if g == gain[place])


@given(SCORES, st.integers(0, 100), st.floats(0, 1))
def test_every_item_is_chosen_once(
    scores: np.ndarray[tuple[int], np.dtype[np.float64]], seed: int, diversity: float
) -> None:
    assert sorted(by_marginal_relevance(scores, likeness_for(len(scores), seed), diversity, 99)) == list(
        range(len(scores))
    )


def test_without_diversity_the_order_is_that_of_the_scores() -> None:
    assert by_marginal_relevance(np.array([3.0, 2.0, 1.0]), np.ones((3, 3)), 0.0, 3).tolist() == [0, 1, 2]


def test_with_diversity_alone_what_is_alike_comes_last() -> None:
    likeness = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert by_marginal_relevance(np.array([3.0, 2.0, 1.0]), likeness, 1.0, 3).tolist() == [0, 2, 1]
