"""The sessions of one agent: which decisions are open, what they have earned, and what is learned when they are complete.

Every change comes as a row of the agent's log, so that living through it and replaying it are the same code.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from footlight_server.agents.opened import Following, OpenDecision, OpenSession
from footlight_server.agents.settings import FIRST, LAST, SUM, Mode, RewardPolicy
from footlight_server.log.records import AgentRow

ACT, REWARD, END, ACTIVATE, MODE, TIMEOUT, ROLLBACK, SNAPSHOT = 1, 2, 3, 4, 5, 6, 7, 8
CREDIT = 10
"""The kinds of a row. 9 is one that was erased; CREDIT says which recommendation a decision led to."""

EXPLOIT, DEFERRED, LOGGED, BASELINE, UNLEARNED = 1, 2, 4, 8, 16
"""Flags of an ACT row: drawn greedily, and not learned from; waits for Activate; somebody else decided; the baseline was
served; its mode does not learn."""

TERMINATED, TRUNCATED, ABANDONED = 1, 2, 3
"""The flags of an END row; the numbers are those of the wire."""

COUNTED, OUT_OF_RANGE, UNKNOWN = 0, 1, 2
"""The flags of a REWARD row."""

REMEMBERED = 10_000
"""How many ended sessions are remembered, so that ending one again changes nothing."""

MOST_OPEN = 200_000
"""So many sessions may be open. The one that was silent longest is closed then, and nothing is learned from its last
step."""


@dataclass(slots=True)
class Step:
    """One complete step, as an engine learns it."""

    session: int
    decision: OpenDecision
    reward: float
    """What was told."""
    following: Following
    by: int
    """The position of the row that made it complete."""
    shaped: float | None = None
    """What a shaper made of the reward; None where there is none."""

    @property
    def lesson(self) -> float:
        """What is learned from."""
        return self.reward if self.shaped is None else self.shaped


@dataclass(frozen=True, slots=True)
class Summary:
    """An ended session."""

    decisions: int
    total: float


_NOTHING = Following(None, None, True, False, None)


class Sessions:
    """All sessions of one agent."""

    def __init__(
        self, policy: RewardPolicy, looks_ahead: bool, mode: Mode = Mode.ONLINE, everything: bool = False
    ) -> None:
        """``everything``: steps that are not learned from are told of as well, for those who evaluate."""
        self.open: OrderedDict[str, OpenSession] = OrderedDict()
        self.ended: OrderedDict[str, Summary] = OrderedDict()
        self.mode = mode
        self.since = 0
        """How many decisions were made in this mode."""
        self._policy = policy
        self._aggregation = policy.aggregation or (SUM if looks_ahead else FIRST)
        self._looks_ahead = looks_ahead
        self._everything = everything
        self._by_decision: dict[int, OpenDecision] = {}
        self._due: OrderedDict[int, int] = OrderedDict()

    def of_decision(self, decision: int) -> OpenDecision | None:
        """The decision, if it is open."""
        return self._by_decision.get(decision)

    def expected_step(self, session_id: str) -> int:
        """The number of the session's next step."""
        session = self.open.get(session_id)
        return 0 if session is None else session.decisions

    def has_open_decision(self, session_id: str) -> bool:
        """Whether an outcome could be told."""
        session = self.open.get(session_id)
        return session is not None and session.last is not None

    def deadline(self, time: int) -> int:
        """Until when rewards of a decision made at a time count, in microseconds; 0 where that is not settled by time."""
        return time + round(self._policy.wait * 1e6) if self._policy.wait else 0

    @property
    def has_deadlines(self) -> bool:
        """Whether the rewards of any open decision have one."""
        return bool(self._due)

    def overdue(self, now: int) -> list[int]:
        """The decisions whose rewards are complete because their time is up, oldest first."""
        found = []
        for position, due in self._due.items():
            if due > now:
                break
            found.append(position)
        return found

    def outcome(self, row: AgentRow) -> list[Step]:
        """Take in what an ACT or END row tells of its session's decision before; answers what is complete now."""
        session = self.open.get(row.session_id)
        if session is None or session.last is None:
            return []
        decision, session.last = session.last, None
        if row.reward is not None:
            self._earn(decision, row.reward)
        ends = row.kind == END
        decision.following = Following(
            row.observation,
            row.features,
            ends and row.flag != TRUNCATED,
            ends and row.flag == TRUNCATED,
            row.mask,
        )
        return self._complete(session, row.position)

    def decide(self, row: AgentRow) -> None:
        """Open the decision of an ACT row, after `outcome` closed the one before."""
        assert row.action is not None
        session = self.open.get(row.session_id)
        if session is None:
            session = self.open[row.session_id] = OpenSession(row.session_id)
            self._bound()
        else:
            self.open.move_to_end(row.session_id)
        session.decisions += 1
        self.since += 1
        learned = not row.flag & (EXPLOIT | UNLEARNED)
        if learned and session.key < 0:
            session.key = row.position
        elif not learned:
            session.key = -1  # steps on both sides of it do not follow each other
        decision = OpenDecision(
            row.position,
            session,
            session.key,
            row.observation,
            row.features,
            row.action,
            row.chosen,
            -1 if row.person is None else row.person,
            row.propensity or 0.0,
            learned,
            not row.flag & DEFERRED,
        )
        session.last = decision
        session.waiting.append(decision)
        self._by_decision[row.position] = decision
        if decision.active and self._policy.wait:
            self._due[row.position] = self.deadline(row.time)

    def _bound(self) -> None:
        while len(self.open) > MOST_OPEN:
            _, session = self.open.popitem(last=False)
            for decision in session.waiting:
                self._drop(decision)

    def reward(self, row: AgentRow) -> list[Step]:
        """Add a reward to a decision that is open; a late one is only kept in the log. Answers what is complete now."""
        assert row.decision is not None
        decision = self._by_decision.get(row.decision)
        if decision is None or row.name is None or row.flag == UNKNOWN:
            return []
        decision.reward_ids[row.name] = row.reward or 0.0
        if row.flag == OUT_OF_RANGE:
            return []
        self._earn(decision, row.reward or 0.0)
        return self._complete(decision.session, row.position)

    def _earn(self, decision: OpenDecision, reward: float) -> None:
        before, reward = decision.earned, self._policy.clipped(reward)
        if self._aggregation == SUM:
            decision.earned += reward
        elif self._aggregation == LAST or not decision.rewards:
            decision.earned = reward
        decision.rewards += 1
        decision.session.total += decision.earned - before

    def activate(self, row: AgentRow) -> list[Step]:
        """Let a deferred decision count from now on."""
        assert row.decision is not None
        decision = self._by_decision.get(row.decision)
        if decision is None or decision.active:
            return []
        decision.active = True
        if self._policy.wait:
            self._due[row.decision] = self.deadline(row.time)
        return self._complete(decision.session, row.position)

    def timeout(self, row: AgentRow) -> list[Step]:
        """The time for rewards of a decision is up. Where nothing has followed it, nothing will."""
        assert row.decision is not None
        decision = self._by_decision.get(row.decision)
        if decision is None:
            return []
        decision.timed_out = True
        self._due.pop(row.decision, None)
        if decision.following is None:
            decision.following = _NOTHING
            if decision.session.last is decision:
                decision.session.last = None
        return self._complete(decision.session, row.position)

    def _complete(self, session: OpenSession, by: int) -> list[Step]:
        """Close what is complete. Steps of a session are learned in their order where the future matters."""
        steps: list[Step] = []
        for decision in list(session.waiting):
            if not self._is_complete(decision):
                if self._looks_ahead:
                    break
                continue
            session.waiting.remove(decision)
            self._drop(decision)
            if decision.active and (decision.learned or self._everything):
                reward = decision.earned if decision.rewards else self._policy.clipped(self._policy.default)
                steps.append(Step(decision.key, decision, reward, decision.following or _NOTHING, by))
        return steps

    def _is_complete(self, decision: OpenDecision) -> bool:
        if not decision.active:
            return decision.following is not None  # never shown: nothing will be learned
        if decision.following is None and self._looks_ahead:
            return False
        if self._aggregation == FIRST and decision.rewards:
            return True
        return decision.timed_out if self._policy.wait else decision.following is not None

    def _drop(self, decision: OpenDecision) -> None:
        self._by_decision.pop(decision.position, None)
        self._due.pop(decision.position, None)

    def end(self, row: AgentRow) -> Summary:
        """Close the session of an END row, after `outcome` closed its decision."""
        session = self.open.pop(row.session_id, None)
        if session is None:  # its decisions were made for somebody who has been erased
            return Summary(0, 0.0)
        summary = Summary(session.decisions, session.total)
        self.ended.pop(row.session_id, None)
        self.ended[row.session_id] = summary
        while len(self.ended) > REMEMBERED:
            self.ended.popitem(last=False)
        return summary

    def change_mode(self, row: AgentRow) -> None:
        """Take in a MODE row."""
        self.mode, self.since = Mode(row.flag), 0

    def replay(self, row: AgentRow) -> list[Step]:
        """Live through one row of the log again."""
        match row.kind:
            case 1:  # ACT
                steps = self.outcome(row)
                self.decide(row)
                return steps
            case 2:  # REWARD
                return self.reward(row)
            case 3:  # END
                steps = self.outcome(row)
                self.end(row)
                return steps
            case 4:  # ACTIVATE
                return self.activate(row)
            case 5:  # MODE
                self.change_mode(row)
            case 6:  # TIMEOUT
                return self.timeout(row)
        return []

    def saved(self) -> dict[str, Any]:
        """What JSON can hold of all this."""
        live = {id(one): one for one in self.open.values()}
        live |= {id(one.session): one.session for one in self._by_decision.values()}
        return {
            "form": 2,
            "mode": int(self.mode),
            "since": self.since,
            "sessions": [_saved_session(one, one.name in self.open) for one in live.values()],
            "due": list(self._due.items()),
            "ended": [[name, summary.decisions, summary.total] for name, summary in self.ended.items()],
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take over what `saved` wrote.

        Raises
        ------
        ValueError
            When an older version wrote it in another form.
        """
        if saved.get("form") != 2:
            raise ValueError("the sessions are stored in an older form")
        self.mode, self.since = Mode(saved["mode"]), int(saved["since"])
        for name, key, decisions, total, is_open, last, waiting in saved["sessions"]:
            session = OpenSession(name, key, None, [], decisions, total)
            if is_open:
                self.open[name] = session
            for plain in waiting:
                decision = _restored_decision(plain, session)
                session.waiting.append(decision)
                self._by_decision[decision.position] = decision
                if decision.position == last:
                    session.last = decision
        self._due = OrderedDict((position, due) for position, due in saved["due"])
        for name, decisions, total in saved["ended"]:
            self.ended[name] = Summary(decisions, total)


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _saved_session(session: OpenSession, is_open: bool) -> list[Any]:
    last = None if session.last is None else session.last.position
    waiting = [_saved_decision(one) for one in session.waiting]
    return [session.name, session.key, session.decisions, session.total, is_open, last, waiting]


def _saved_decision(one: OpenDecision) -> list[Any]:
    f = one.following
    following = None if f is None else [f.observation, _text(f.vector), f.terminated, f.truncated, _text(f.mask)]
    seen = [one.observation, _text(one.vector), one.action, _text(one.chosen), one.user, one.propensity]
    earned = [one.earned, one.rewards, one.reward_ids]
    return [one.position, one.key, *seen, one.learned, one.active, *earned, following, one.timed_out]


def _restored_decision(plain: list[Any], session: OpenSession) -> OpenDecision:
    position, key, observation, vector, action, chosen, user, propensity, *rest = plain
    learned, active, earned, rewards, reward_ids, following, timed_out = rest
    after = None
    if following is not None:
        after = Following(following[0], _bytes(following[1]), following[2], following[3], _bytes(following[4]))
    seen = (observation, _bytes(vector), action, _bytes(chosen), user, propensity, learned, active)
    return OpenDecision(position, session, key, *seen, earned, rewards, dict(reward_ids), after, timed_out)
