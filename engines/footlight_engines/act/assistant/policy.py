"""What the assistant can do in a turn, what it looks at to decide, and what the next turn says of it.

The decision itself is an agent's, on its own log: `DialoguePolicy`, a table of 128 states and four acts that begins with
what a sensible host would do and learns from the rewards of the turns that follow.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.q_learning import QLearning, QLearningOptions
from footlight_plugins import Options, Spaces, State

ACTS = ("ask", "recommend", "diversify", "explain")
ASK, RECOMMEND, DIVERSIFY, EXPLAIN = range(4)
STATES = 4 * 4 * 4 * 2
MOST_ASKS = 2
"""It never asks more often than this in a row."""

REWARDS = {
    intents.ACCEPT: 1.0,
    intents.INQUIRE: 0.3,
    intents.SEEN: 0.0,
    intents.MORE: -0.1,
    intents.CRITIQUE: -0.1,
    intents.REJECT: -0.5,
}
"""What an intent says of the reply before; the others say nothing."""
SEEN_AND_LIKED = 0.2

_MOODS = {
    intents.ACCEPT: 1,
    intents.INQUIRE: 1,
    intents.SEEN: 2,
    intents.MORE: 2,
    intents.CRITIQUE: 2,
    intents.REJECT: 3,
}


def observation(memory: Memory, intent: str, candidates: int) -> int:
    """The state: how much is known of the wish, how the last reply was taken, how many items fit, whether it just asked."""
    known = min(3, len({want.name for want in memory.positive} | ({"like"} if memory.likes else set())))
    taken = _MOODS.get(intent, 0)
    many = 0 if candidates == 0 else 1 if candidates <= 3 else 2 if candidates <= 20 else 3
    return ((known * 4 + taken) * 4 + many) * 2 + bool(memory.asks)


def possible(memory: Memory, candidates: int, count: int, askable: bool) -> NDArray[np.bool_]:
    """Which acts make sense, shape (4,)."""
    return np.array(
        [
            candidates == 0 or (askable and memory.asks < MOST_ASKS and candidates > count),
            candidates > 0,
            candidates > count,
            candidates > 0,
        ]
    )


def prior() -> NDArray[np.float64]:
    """What each act is worth before anybody was talked to, shape (128, 4), in units of reward."""
    q = np.zeros((STATES, len(ACTS)))
    for state in range(STATES):
        known, taken, many = state // 32, state // 8 % 4, state // 2 % 4
        q[state] = [0.05, 0.30, 0.15, 0.20]
        if known == 0 and many == 3:
            q[state, ASK] = 0.35  # nothing is known, and everything fits
        if taken >= 2:
            q[state, DIVERSIFY] = 0.25 + 0.1 * (taken == 3)  # what was shown did not fit
        if many == 1:
            q[state, EXPLAIN] = 0.28  # few are left: say more of the one
    return q


class DialoguePolicyOptions(QLearningOptions):
    """How fast it learns and how much it tries out."""

    learning_rate: float = Field(0.05, gt=0, le=1, description="How far a value moves towards its target at each step.")
    discount_factor: float = Field(0.6, ge=0, le=1, description="What a reward one turn later is worth today.")
    epsilon_start: float = Field(0.05, ge=0, le=1, description="The share of random acts before anything is learned.")
    epsilon_end: float = Field(0.05, ge=0, le=1, description="The share of random acts after the decay.")
    epsilon_decay_steps: int = Field(0, ge=0, description="Over how many turns the share of random acts falls.")


class DialoguePolicy(QLearning):
    """Q-learning over the states of a conversation, from `prior` on."""

    options_type: ClassVar[type[Options]] = DialoguePolicyOptions

    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Raises ValueError unless there are 128 observations and 4 actions."""
        super().__init__(options, spaces)
        state = self.state()
        if state.arrays["q"].shape != (STATES, len(ACTS)):
            raise ValueError(f"a dialogue policy has {STATES} observations and {len(ACTS)} actions")
        self.load(State({**state.arrays, "q": prior()}, state.meta))
