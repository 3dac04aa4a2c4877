"""The tabular kernels against slow, obvious oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight_engines.kernels import tabular
from footlight_engines.kernels.compiling import kernel

epsilon_greedy = kernel()(tabular.epsilon_greedy)

_VALUES = st.sampled_from([-1.0, 0.0, 0.1, 0.1 + 1e-13, 2.5])


def _policy(row: list[float], mask: list[bool], epsilon: float) -> list[float]:
    """The definition, with lists."""
    allowed = [a for a, free in enumerate(mask) if free]
    best = max(row[a] for a in allowed)
    ties = [a for a in allowed if row[a] >= best - 1e-12]
    return [(a in allowed) * epsilon / len(allowed) + (a in ties) * (1 - epsilon) / len(ties) for a in range(len(row))]


@given(st.lists(st.tuples(_VALUES, st.booleans()), min_size=1, max_size=6), st.sampled_from([0.0, 0.3, 1.0]))
def test_the_policy_is_that_of_its_definition(cells: list[tuple[float, bool]], epsilon: float) -> None:
    row, mask = [value for value, _ in cells], [free for _, free in cells]
    mask[0] = mask[0] or not any(mask)
    found = epsilon_greedy(np.array([row]), 0, np.array(mask), epsilon)
    np.testing.assert_allclose(found, _policy(row, mask, epsilon), rtol=1e-15)


@pytest.mark.parametrize(("uniform", "action"), [(0.0, 1), (0.24, 1), (0.25, 3), (0.999, 3), (1.0, 3)])
def test_drawing_inverts_the_cumulative_distribution(uniform: float, action: int) -> None:
    assert tabular.draw(np.array([0.0, 0.25, 0.0, 0.75, 0.0]), uniform) == action


@pytest.mark.parametrize("count", [1, 2])
def test_to_choose_is_to_take_the_policy_and_to_draw_from_it(count: int) -> None:
    tables, answer = np.random.default_rng(5).normal(size=(count, 3, 4)), np.empty((2, 4))
    mask, uniforms = np.array([True, False, True, True]), np.linspace(0, 0.99, 23)
    row = tables[:, 1].mean(axis=0)
    policy = epsilon_greedy(row[None].copy(), 0, mask, 0.4)
    drawn = [tabular.choose(tables, 1, mask, 0.4, uniform, answer) for uniform in uniforms]
    assert drawn == [tabular.draw(policy, uniform) for uniform in uniforms]
    assert np.array_equal(answer, [policy, row])
