"""One step of an agent: what is wanted, what was decided, and from which seed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Agent, Choice, Situation, Situations
from footlight_server.agents.sessions import BASELINE, DEFERRED, EXPLOIT, LOGGED, Summary
from footlight_server.agents.settings import Mode
from footlight_server.agents.spaces import Codec, Sight
from footlight_server.log.records import AgentRow

GREEDY, EXPLORED, ONLY_CHOICE, SERVED_BASELINE, SOMEBODY_ELSE = 1, 2, 3, 4, 5
"""Why an action was taken; the numbers are those of the wire."""

FEW = 64

MODE_SHIFT = 8
"""Above its flags, an ACT row's flag holds the mode that it was decided in."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The candidates of one request: float64 features one after the other, how many, and their names."""

    features: bytes
    count: int
    names: tuple[str, ...]


@dataclass(slots=True)  # not frozen, as all that is made with every call: that takes twice as long
class Move:
    """One wanted decision, checked. ``logged`` is the action that somebody else took, and its probability."""

    session_id: str
    sight: Sight
    mask: bytes | None
    reward: float | None
    request_id: str | None
    flag: int
    offer: Offer | None = None
    baseline: int | None = None
    step: int | None = None
    person: int | None = None
    logged: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """One wanted end of a session, checked."""

    session_id: str
    reason: int
    reward: float | None
    sight: Sight


@dataclass(slots=True)
class Decided:
    """One decision as answered. Actions are counted from 0; ``first_action`` is what the first is called."""

    agent: int
    position: int
    action: int
    distribution: NDArray[np.float64]
    learned_steps: int
    seed: int
    step: int
    mode: int
    reason: int
    first_action: int = 0
    candidate: str = ""
    expected: float | None = None
    best_expected: float | None = None
    own: int | None = None
    deadline: int = 0

    @property
    def propensity(self) -> float:
        """The probability of the action."""
        return float(self.distribution[self.action])


@dataclass(slots=True)  # not frozen: it is made with every call
class Stepped:
    """A step that was lived through; it counts once it is committed."""

    summaries: list[Summary]
    answers: list[Decided]
    commit: asyncio.Future[None] | None
    """None where it is committed already."""

    async def committed(self) -> tuple[list[Summary], list[Decided]]:
        """Wait for that, and answer. The caller may leave; the rows are written all the same."""
        if isinstance(self.commit, asyncio.Task):
            await asyncio.shield(self.commit)
        elif self.commit is not None:  # nobody else waits for it
            await self.commit
        return self.summaries, self.answers


def decided(row: AgentRow, first_action: int, deadline: int) -> Decided:
    """The answer that a row of the log holds; ``deadline`` is that of its rewards, in microseconds, 0 where there is
    none."""
    assert row.action is not None
    assert row.distribution is not None
    detail = json.loads(row.detail) if row.detail else {}
    names = detail.get("names")
    distribution = np.frombuffer(row.distribution)
    return Decided(
        row.agent,
        row.position,
        row.action,
        distribution,
        row.learned_steps,
        row.seed,
        row.decision or 0,
        (row.flag >> MODE_SHIFT) or Mode.ONLINE,
        _reason(row, distribution),
        first_action,
        names[row.action] if names else "",
        row.expected,
        row.best_expected,
        detail.get("own"),
        0 if row.flag & DEFERRED else deadline,
    )


def _reason(row: AgentRow, distribution: NDArray[np.float64]) -> int:
    if row.flag & LOGGED:
        return SOMEBODY_ELSE
    if row.flag & BASELINE:
        return SERVED_BASELINE
    if len(distribution) == 1 or (row.mask is not None and row.mask.count(b"\x01") == 1):
        return ONLY_CHOICE
    assert row.action is not None
    largest = max(distribution.tolist()) if len(distribution) <= FEW else distribution.max()
    return GREEDY if distribution[row.action] >= largest - 1e-12 else EXPLORED


def draw_seed(seed: int, position: int) -> int:
    """The seed of one decision, from the agent's seed and the decision's place in its log (SplitMix64, Steele 2014)."""
    z = (seed + (position + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (z ^ (z >> 31)) >> 1


def draw(distribution: NDArray[np.float64], seed: int) -> int:
    """An action by the inverse of the cumulative distribution."""
    uniform = (draw_seed(seed, 0) >> 10) * 2.0**-53
    return int(min(np.searchsorted(np.cumsum(distribution), uniform, side="right"), np.flatnonzero(distribution)[-1]))


def check_choice(engine: str, choice: Choice, mask: NDArray[np.bool_]) -> None:
    """Look at the choice of an engine, which may be a stranger's.

    Raises
    ------
    ValueError
        When the action is not allowed, or the probabilities are none.
    """
    probabilities = choice.distribution
    if probabilities.shape != mask.shape or probabilities.dtype != np.float64:
        raise ValueError(f"engine {engine!r} answered no probability for each action")
    if not (0 <= choice.action < len(mask) and mask[choice.action]):
        raise ValueError(f"engine {engine!r} chose action {choice.action}, which is not allowed")
    few = probabilities.tolist() if len(probabilities) <= FEW else None  # the sum of a short list is much faster
    total, least = (sum(few), min(few)) if few is not None else (probabilities.sum(), probabilities.min())
    if not (abs(total - 1) < 1e-6 and least >= 0 and probabilities[choice.action] > 0):
        raise ValueError(f"engine {engine!r} answered probabilities that do not add up to 1")


def mask_of(row: AgentRow, codec: Codec) -> NDArray[np.bool_]:
    """Which actions a row allows; a row without a mask allows all. Not to be written to."""
    if row.mask is not None:
        return np.frombuffer(row.mask, np.bool_)
    if row.candidates is None:
        return codec.everything
    return np.ones(action_count(row, codec), np.bool_)


def action_count(row: AgentRow, codec: Codec) -> int:
    """How many actions there were."""
    return codec.actions if row.candidates is None else len(row.candidates) // (8 * codec.feature_count)


def situation_of(row: AgentRow, codec: Codec) -> Situation:
    """What the decision of an ACT row is about, as an engine sees it."""
    seen = row.observation if row.features is None else np.frombuffer(row.features)
    offered = None if row.candidates is None else np.frombuffer(row.candidates).reshape(-1, codec.feature_count)
    return Situation(seen, mask_of(row, codec), offered, -1 if row.person is None else row.person)


def choices_of(
    engine: Agent, situations: Sequence[Situation], seeds: Sequence[int], exploit: Sequence[bool]
) -> list[Choice]:
    """Ask an engine for decisions."""
    if len(situations) < 2 or situations[0].candidates is not None:
        return [engine.decide(*one) for one in zip(situations, seeds, exploit, strict=True)]
    columns = Situations(
        np.array([one.observation for one in situations]),
        np.array([one.mask for one in situations], np.bool_),
        user=np.array([one.user for one in situations], np.int64),
    )
    made = engine.decide_batch(columns, np.array(seeds, np.uint64), np.array(exploit, np.bool_))
    values = made.values if made.values is not None else [None] * len(situations)
    return [Choice(*one) for one in zip(made.action.tolist(), made.distribution, values, strict=True)]


def exploits(row: AgentRow) -> bool:
    """Whether the greedy policy was asked for."""
    return bool(row.flag & EXPLOIT)
