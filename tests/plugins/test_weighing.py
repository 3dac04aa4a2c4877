"""What an agent made of `WeighingAgent` is spared: masks, chances, and weights that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Box, Discrete, Options, Spaces, Transitions, WeighingAgent

PAIR = Spaces(Discrete(1), Discrete(3))
ALL = np.ones(3, np.bool_)


class Fixed(WeighingAgent):
    given: Any = (1.0, 3.0, 0.0)

    def start(self, observations: int, actions: int) -> Mapping[str, NDArray[Any]]:
        return {"seen": np.zeros((observations, actions))}

    def weights(self, observation: int, mask: NDArray[np.bool_], exploit: bool) -> Any:
        return self.given

    def update(self, steps: Transitions) -> None:
        np.add.at(self.kept["seen"], (steps.observation, steps.action), 1)


def chances(given: Any, mask: NDArray[np.bool_] = ALL) -> list[float]:
    agent = Fixed(Options(), PAIR)
    agent.given = given
    found: list[float] = agent.act(0, mask, seed=1, exploit=False).distribution.tolist()
    return found


@pytest.mark.parametrize(
    ("given", "mask", "expected"),
    [
        ((1.0, 3.0, 0.0), ALL, [0.25, 0.75, 0.0]),
        ((1.0, 3.0, 0.0), np.array([True, False, True]), [1.0, 0.0, 0.0]),
        ((0.0, 3.0, 0.0), np.array([True, False, True]), [0.5, 0.0, 0.5]),
        ((1e308, 1e308, 0.0), ALL, [0.5, 0.5, 0.0]),
        ((1.0, np.nan, 0.0), np.array([True, False, True]), [1.0, 0.0, 0.0]),
    ],
)
def test_actions_are_drawn_by_their_weights_among_those_allowed(
    given: Any, mask: NDArray[np.bool_], expected: list[float]
) -> None:
    assert chances(given, mask) == pytest.approx(expected)


@pytest.mark.parametrize("given", [(1.0, np.nan, 0.0), (1.0, np.inf, 0.0), (1.0, -1.0, 0.0)])
def test_weights_that_cannot_be_are_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="weights must be finite and not below 0"):
        chances(given)


def test_spaces_that_are_not_numbered_are_refused() -> None:
    with pytest.raises(ValueError, match="must be discrete"):
        Fixed(Options(), Spaces(Box((0.0,), (1.0,)), Discrete(2)))
