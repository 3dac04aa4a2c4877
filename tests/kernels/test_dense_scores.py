"""Scores of several engines on one scale, against the plain reading of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from footlight_engines.kernels.dense_scores import put_on_scale


def _plain(scores: NDArray[np.float64], met: NDArray[np.bool_], top: int) -> NDArray[np.float64]:
    filled = np.zeros(len(met))
    filled[: len(scores)] = np.where(np.isfinite(scores), scores, 0.0)
    mean = np.sort(filled[~met])[::-1][:top].sum() / top
    return filled / mean if mean > 0 else np.zeros(len(met))


@given(seed=st.integers(0, 10_000), known=st.integers(0, 30), more=st.integers(0, 5), top=st.integers(1, 12))
def test_scores_are_divided_by_the_mean_of_the_highest_that_were_not_met(
    seed: int, known: int, more: int, top: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice([-np.inf, np.nan, -1.5, 0.0, 0.25, 2.0, 7.0], known)
    met, filled = rng.random(known + more) < 0.4, np.full(known + more, np.nan)
    put_on_scale(scores, met, np.empty(top), filled)
    np.testing.assert_allclose(filled, _plain(scores, met, top), rtol=1e-12)
