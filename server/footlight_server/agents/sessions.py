"""The sessions of one agent: which decision is open in each, and what is learned when it is complete.

Every change comes as a row of the agent's log, so that living through it and replaying it are the same code.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Transitions
from footlight_server.log.records import AgentRow

ACT, REWARD, END = 1, 2, 3
"""The kinds of a row."""

EXPLOIT = 1
"""The flag of an ACT row whose action was drawn greedily; the step is not learned from."""

TERMINATED, TRUNCATED, ABANDONED = 1, 2, 3
"""The flags of an END row; the numbers are those of the wire."""

REMEMBERED = 10_000
"""How many ended sessions are remembered, so that ending one again changes nothing."""


@dataclass(slots=True)
class OpenSession:
    """A session and its open decision."""

    decision: int
    """The row of the open decision."""
    observation: int
    action: int
    exploit: bool
    reward: float = 0.0
    """What Reward calls have told of the open decision."""
    reward_ids: set[str] = field(default_factory=set)
    decisions: int = 1
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One complete step."""

    observation: int
    action: int
    reward: float
    next_observation: int
    terminated: bool
    next_mask: bytes | None


@dataclass(frozen=True, slots=True)
class Summary:
    """An ended session."""

    decisions: int
    total: float


class Sessions:
    """All sessions of one agent."""

    def __init__(self) -> None:
        self.open: dict[str, OpenSession] = {}
        self.ended: OrderedDict[str, Summary] = OrderedDict()
        self._by_decision: dict[int, OpenSession] = {}

    def of_decision(self, decision: int) -> OpenSession | None:
        """The session in which this decision is open."""
        return self._by_decision.get(decision)

    def outcome(self, row: AgentRow) -> Step | None:
        """Close the open decision of an ACT or END row's session. None when there is nothing to learn."""
        session = self.open.get(row.session_id)
        if session is None:
            return None
        reward = session.reward + (row.reward or 0.0)
        session.total += reward
        self._by_decision.pop(session.decision, None)
        if session.exploit:
            return None
        terminated = row.kind == END and row.flag != TRUNCATED
        after = session.observation if row.observation is None else row.observation
        return Step(session.observation, session.action, reward, after, terminated, row.mask)

    def decide(self, row: AgentRow) -> None:
        """Open the decision of an ACT row, after `outcome` closed the one before."""
        assert row.observation is not None
        assert row.action is not None
        before = self.open.get(row.session_id)
        session = OpenSession(row.position, row.observation, row.action, bool(row.flag & EXPLOIT))
        if before is not None:
            session.decisions, session.total = before.decisions + 1, before.total
        self.open[row.session_id] = session
        self._by_decision[row.position] = session

    def reward(self, row: AgentRow) -> None:
        """Add a reward to a decision that is open; a late one is only kept in the log."""
        assert row.decision is not None
        session = self._by_decision.get(row.decision)
        if session is not None and row.name is not None:
            session.reward += row.reward or 0.0
            session.reward_ids.add(row.name)

    def end(self, row: AgentRow) -> Summary:
        """Close the session of an END row, after `outcome` closed its decision."""
        session = self.open.pop(row.session_id)
        summary = Summary(session.decisions, session.total)
        self.ended.pop(row.session_id, None)
        self.ended[row.session_id] = summary
        while len(self.ended) > REMEMBERED:
            self.ended.popitem(last=False)
        return summary

    def replay(self, row: AgentRow) -> Step | None:
        """Live through one row of the log again."""
        if row.kind == REWARD:
            self.reward(row)
            return None
        step = self.outcome(row)
        if row.kind == ACT:
            self.decide(row)
        else:
            self.end(row)
        return step

    def saved(self) -> dict[str, Any]:
        """What JSON can hold of all this."""
        return {
            "open": {
                name: [
                    s.decision,
                    s.observation,
                    s.action,
                    s.exploit,
                    s.reward,
                    sorted(s.reward_ids),
                    s.decisions,
                    s.total,
                ]
                for name, s in self.open.items()
            },
            "ended": [[name, summary.decisions, summary.total] for name, summary in self.ended.items()],
        }

    @staticmethod
    def restored(saved: Mapping[str, Any]) -> Sessions:
        """The sessions that `saved` wrote."""
        sessions = Sessions()
        for name, (decision, observation, action, exploit, reward, ids, decisions, total) in saved["open"].items():
            session = OpenSession(decision, observation, action, exploit, reward, set(ids), decisions, total)
            sessions.open[name] = session
            sessions._by_decision[decision] = session
        for name, decisions, total in saved["ended"]:
            sessions.ended[name] = Summary(decisions, total)
        return sessions


def mask_of(packed: bytes | None, actions: int) -> NDArray[np.bool_]:
    """Which actions a row allows, shape (actions,); a row without a mask allows all."""
    return np.ones(actions, np.bool_) if packed is None else np.frombuffer(packed, np.bool_)


def transitions_of(steps: list[Step], actions: int) -> Transitions:
    """Steps as the columns that an agent learns from."""
    return Transitions(
        observation=np.array([step.observation for step in steps], np.int64),
        action=np.array([step.action for step in steps], np.int64),
        reward=np.array([step.reward for step in steps], np.float64),
        next_observation=np.array([step.next_observation for step in steps], np.int64),
        terminated=np.array([step.terminated for step in steps], np.bool_),
        next_mask=np.array([mask_of(step.next_mask, actions) for step in steps], np.bool_).reshape(-1, actions),
    )
