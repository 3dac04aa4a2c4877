"""One step of an agent: what is wanted, what was decided, and from which seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Agent, Choice, Discrete, Situation, Situations, Spaces
from footlight_server.agents.sessions import EXPLOIT
from footlight_server.log.records import AgentRecord, AgentRow


@dataclass(frozen=True, slots=True)
class Move:
    """One wanted decision, checked."""

    session_id: str
    observation: int
    mask: bytes | None
    reward: float | None
    request_id: str | None
    exploit: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """One wanted end of a session, checked."""

    session_id: str
    reason: int
    reward: float | None
    final_observation: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as answered."""

    agent: int
    position: int
    action: int
    distribution: NDArray[np.float64]
    learned_steps: int
    seed: int


def decided(row: AgentRow) -> Decided:
    """The answer that a row of the log holds."""
    assert row.action is not None
    assert row.distribution is not None
    return Decided(row.agent, row.position, row.action, np.frombuffer(row.distribution), row.learned_steps, row.seed)


def draw_seed(seed: int, position: int) -> int:
    """The seed of one decision, from the agent's seed and the decision's place in its log (SplitMix64, Steele 2014)."""
    z = (seed + (position + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (z ^ (z >> 31)) >> 1


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
    if not (abs(probabilities.sum() - 1) < 1e-6 and probabilities.min() >= 0 and probabilities[choice.action] > 0):
        raise ValueError(f"engine {engine!r} answered probabilities that do not add up to 1")


def observation_of(row: AgentRow) -> int:
    """What the decision of an ACT row is about."""
    assert row.observation is not None
    return row.observation


def spaces_of(record: AgentRecord) -> Spaces:
    """The spaces that an agent was created with."""
    return Spaces(Discrete(int(record.spaces["observation"])), Discrete(int(record.spaces["action"])))


def choices_of(
    engine: Agent, rows: Sequence[AgentRow], masks: list[NDArray[np.bool_]], seeds: list[int]
) -> list[Choice]:
    """Ask an engine for the decisions of ACT rows."""
    exploit = [bool(row.flag & EXPLOIT) for row in rows]
    if len(rows) == 1:
        return [engine.decide(Situation(observation_of(rows[0]), masks[0]), seeds[0], exploit[0])]
    if not rows:
        return []
    situations = Situations(np.array([observation_of(row) for row in rows], np.int64), np.array(masks, np.bool_))
    made = engine.decide_batch(situations, np.array(seeds, np.uint64), np.array(exploit, np.bool_))
    values = made.values if made.values is not None else [None] * len(rows)
    return [Choice(*one) for one in zip(made.action.tolist(), made.distribution, values, strict=True)]
