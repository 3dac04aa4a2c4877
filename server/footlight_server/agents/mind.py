"""What an agent knows: its engine, its sessions, its alarm. All of it follows from the rows of its log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Agent, Candidates, Choice, State
from footlight_server.agents.columns import transition, transitions
from footlight_server.agents.drift import PageHinkley
from footlight_server.agents.sessions import (
    ACT,
    ACTIVATE,
    BASELINE,
    END,
    LOGGED,
    OUT_OF_RANGE,
    REWARD,
    ROLLBACK,
    TIMEOUT,
    TRUNCATED,
    UNLEARNED,
    Sessions,
    Step,
    Summary,
)
from footlight_server.agents.settings import Mode, Settings
from footlight_server.agents.shaped import Shape, Shaped, recalled
from footlight_server.agents.spaces import Codec
from footlight_server.agents.steps import (
    FEW,
    MODE_SHIFT,
    Ending,
    Move,
    check_choice,
    choices_of,
    draw,
    draw_seed,
    exploits,
    mask_of,
    situation_of,
)
from footlight_server.log.records import AgentRecord, AgentRow, now
from footlight_server.models.answers import count_of, state_of

REPLAY_BATCH = 4_096
RECORDED, DUPLICATE, LATE, UNKNOWN_DECISION, RANGE, CONFLICT = 1, 2, 3, 4, 5, 6
"""What can become of a reward; the numbers are those of the wire."""

Gone = dict[tuple[int, str], float | None]
"""Of rewards of decisions that are closed: the value that the log has under their id, None where it has none."""


@dataclass(slots=True)  # not frozen: it is made with every call
class Lived:
    """A step that was lived through: all its rows, what became of the sessions that ended, the rows of its decisions."""

    rows: list[AgentRow]
    summaries: list[Summary]
    decisions: list[AgentRow]


@dataclass(frozen=True, slots=True)
class GivenReward:
    """A reward that was told; ``known`` says whether there is such a decision."""

    position: int
    reward_id: str
    value: float
    known: bool = True


class Mind:
    """Lives through what happens, and through what has happened."""

    def __init__(
        self, record: AgentRecord, name: str, codec: Codec, make: Callable[[], Agent], shape: Shape | None = None
    ) -> None:
        """``make`` gives an engine that knows nothing yet; ``name`` is the engine's; ``shape`` shapes rewards."""
        self._record, self._name, self._codec, self._make = record, name, codec, make
        self._shape, self._shaped = shape, Shaped()
        self.settings = Settings.of(record.settings)
        self.reset()

    def reset(self) -> None:
        """Know nothing."""
        self.engine = self._make()
        numbers = not self._codec.vectors and not isinstance(self._codec.action, Candidates)
        self._learns_one = numbers and getattr(type(self.engine), "learn_one", Agent.learn_one) is not Agent.learn_one
        """Whether the engine has a faster way for a single step."""
        self.sessions = Sessions(self.settings.reward, self._codec.looks_ahead, self.settings.mode)
        self.drift = PageHinkley(self.settings.drift)
        self.position = 0
        self.personal = False
        """Whether anything of it was for a person whom the log knows."""
        self.stored_at = 0
        """When the state that was taken over was stored."""

    @property
    def learned_steps(self) -> int:
        return count_of("learned_steps", self.engine.learned_steps)

    def replay(self, rows: Iterable[AgentRow], voided: Callable[[int], bool]) -> None:
        """Live through rows of the log again, but for those that a rollback has made void."""
        steps: list[Step] = []
        for row in rows:
            self.personal = self.personal or row.person is not None
            if row.kind != ROLLBACK and not voided(row.position):
                steps += recalled(row, self.sessions.replay(row))
            if len(steps) >= REPLAY_BATCH:
                self._take_in(steps)
                steps = []
            self.position = row.position
        self._take_in(steps)

    def state(self) -> State:
        """The whole of it."""
        state = state_of(self.engine)
        meta = {
            "engine": dict(state.meta),
            "sessions": self.sessions.saved(),
            "drift": self.drift.saved(),
            "position": self.position,
            "personal": self.personal,
            "time": now(),
        }
        return State(state.arrays, meta)

    def load(self, state: State) -> None:
        """Take over what `state` answered.

        Raises
        ------
        ValueError
            When it is of an older form, or of another engine.
        """
        self.sessions.restore(state.meta["sessions"])
        self.drift.restore(state.meta)
        self.engine.load(State(state.arrays, state.meta["engine"]))
        self.position = int(state.meta["position"])
        self.personal = bool(state.meta.get("personal"))
        self.stored_at = int(state.meta.get("time", 0))

    def _learn(self, steps: list[Step]) -> None:
        if self._shape is not None and steps:
            self._shaped.take(steps, self._shape(transitions(steps, self._codec)))
        self._take_in(steps)

    def _take_in(self, steps: list[Step]) -> None:
        while steps:
            alarm = self.drift.feed(step.reward for step in steps) if self.settings.drift.enabled else None
            these = steps if alarm is None else steps[:alarm]
            if len(these) == 1 and self._learns_one:
                self.engine.learn_one(transition(these[0], self._codec))
            else:
                self.engine.learn(transitions(these, self._codec))
            if alarm is not None:
                self.engine.drifted()
            steps = steps[len(these) :]

    def _row(self, kind: int, session_id: str = "", **more: Any) -> AgentRow:
        self.position += 1
        return AgentRow(self._record.ordinal, self.position, kind, session_id, time=now(), **more)

    def expire(self) -> tuple[list[AgentRow], list[Step]]:
        """Close the decisions whose time is up."""
        if not self.sessions.has_deadlines:
            return [], []
        rows = [self._row(TIMEOUT, decision=position) for position in self.sessions.overdue(now())]
        return rows, [step for row in rows for step in self.sessions.timeout(row)]

    def step(self, endings: Sequence[Ending], moves: Sequence[Move]) -> Lived:
        """End some sessions and make one move in others: learn all outcomes, then decide."""
        timeouts, steps = self.expire()
        ends = [self._end_row(ending) for ending in endings]
        acts = [self._act_row(move) for move in moves]
        for row in ends + acts:
            steps += self.sessions.outcome(row)
        self._learn(steps)
        ends = [row._replace(learned_steps=self.learned_steps) for row in ends]
        summaries = [self.sessions.end(row) for row in ends]
        decisions = self._decide(acts, moves)
        return Lived(self._shaped.noted(timeouts + ends + decisions), summaries, decisions)

    def move(self, move: Move) -> Lived:
        """`step` of one move alone, without what it takes to do many at once."""
        timeouts, steps = self.expire()
        row = self._act_row(move)
        steps += self.sessions.outcome(row)
        self._learn(steps)
        seed, own = draw_seed(self._record.seed, row.position), None
        if move.logged is None and self.sessions.mode is not Mode.LOG_ONLY:
            situation = situation_of(row, self._codec)
            own = self.engine.decide(situation, seed, exploits(row))
            check_choice(self._name, own, situation.mask)
        row = self._decided(row, (seed, self.learned_steps), move, own)
        self.sessions.decide(row)
        return Lived(self._shaped.noted([*timeouts, row]), [], [row])

    def _end_row(self, ending: Ending) -> AgentRow:
        seen = ending.sight if ending.reason == TRUNCATED else None
        return self._row(
            END,
            ending.session_id,
            observation=None if seen is None else seen.index,
            features=None if seen is None else seen.vector,
            reward=ending.reward,
            flag=ending.reason,
        )

    def _act_row(self, move: Move) -> AgentRow:
        mode = self.sessions.mode
        self.personal = self.personal or move.person is not None
        return self._row(
            ACT,
            move.session_id,
            name=move.request_id,
            decision=self.sessions.expected_step(move.session_id),
            observation=move.sight.index,
            features=move.sight.vector,
            reward=move.reward,
            flag=move.flag | (0 if mode.learns else UNLEARNED) | (mode << MODE_SHIFT),
            mask=move.mask,
            candidates=None if move.offer is None else move.offer.features,
            person=move.person,
        )

    def _decide(self, rows: Sequence[AgentRow], moves: Sequence[Move]) -> list[AgentRow]:
        seeds = [draw_seed(self._record.seed, row.position) for row in rows]
        asked = [i for i, move in enumerate(moves) if move.logged is None and self.sessions.mode != Mode.LOG_ONLY]
        situations = [situation_of(rows[i], self._codec) for i in asked]
        choices = choices_of(self.engine, situations, [seeds[i] for i in asked], [exploits(rows[i]) for i in asked])
        for situation, choice in zip(situations, choices, strict=True):
            check_choice(self._name, choice, situation.mask)
        own = dict(zip(asked, choices, strict=True))
        done, learned_steps = [], self.learned_steps
        for i, (row, move, seed) in enumerate(zip(rows, moves, seeds, strict=True)):
            done.append(row := self._decided(row, (seed, learned_steps), move, own.get(i)))
            self.sessions.decide(row)
        return done

    def _decided(self, row: AgentRow, drawn: tuple[int, int], move: Move, own: Choice | None) -> AgentRow:
        """The row with its action: the agent's own, the baseline, or somebody else's. ``drawn``: the seed, and from how
        many steps the agent had learned."""
        mask = mask_of(row, self._codec)
        seed, learned_steps = drawn
        action, distribution, flag = self._served(mask, seed, move, own)
        expected, best = _expected(own, action, mask)
        # `_replace` in a third of its time: it is made for each decision.
        return AgentRow(
            *row[:7],
            action,
            row.reward,
            row.flag | flag,
            row.mask,
            distribution.tobytes(),
            learned_steps,
            seed,
            row.time,
            row.features,
            self._chosen(row, action),
            row.candidates,
            row.person,
            distribution.item(action),
            expected,
            best,
            self._detail(move, own, flag),
        )

    def _served(
        self, mask: NDArray[np.bool_], seed: int, move: Move, own: Choice | None
    ) -> tuple[int, NDArray[np.float64], int]:
        """What is done, with which probabilities, and the flag that says who decided."""
        if move.logged is not None:
            action, propensity = move.logged
            distribution = np.zeros(len(mask))
            distribution[action] = propensity
            return action, distribution, LOGGED
        if self.sessions.mode.serves_baseline:
            assert move.baseline is not None
            share = self.settings.baseline_exploration
            distribution = share * mask / mask.sum()
            distribution[move.baseline] += 1.0 - share
            return draw(distribution, seed), distribution, BASELINE
        assert own is not None
        return own.action, own.distribution, 0

    def _detail(self, move: Move, own: Choice | None, flag: int) -> str | None:
        detail: dict[str, Any] = {}
        if flag == BASELINE and own is not None:
            detail["own"] = own.action
        if move.baseline is not None:
            detail["baseline"] = move.baseline
        if move.offer is not None and any(move.offer.names):
            detail["names"] = list(move.offer.names)
        return json.dumps(detail) if detail else None

    def _chosen(self, row: AgentRow, action: int) -> bytes | None:
        size = 8 * self._codec.feature_count
        return None if row.candidates is None else row.candidates[action * size : (action + 1) * size]

    def rewards(self, given: Sequence[GivenReward], gone: Gone) -> tuple[list[AgentRow], list[int]]:
        """Take rewards in, one after the other; answers their rows and what became of each.

        ``gone`` tells of those whose decision is closed, or that a rollback has undone; it is brought up to date with
        what closes meanwhile.
        """
        rows: list[AgentRow] = []
        steps: list[Step] = []
        statuses = []
        for one in given:
            status, row = self._reward(one, gone)
            statuses.append(status)
            if row is not None:
                rows.append(row)
                steps += self.sessions.reward(row)
                gone[one.position, one.reward_id] = one.value
        self._learn(steps)
        return self._learned(rows), statuses

    def _learned(self, rows: list[AgentRow]) -> list[AgentRow]:
        """Rows, with what has been learned since."""
        return self._shaped.noted([row._replace(learned_steps=self.learned_steps) for row in rows])

    def _reward(self, one: GivenReward, gone: Gone) -> tuple[int, AgentRow | None]:
        decision, key = self.sessions.of_decision(one.position), (one.position, one.reward_id)
        before = gone.get(key) if decision is None else decision.reward_ids.get(one.reward_id, gone.get(key))
        if before is not None:
            return (DUPLICATE if before == one.value else CONFLICT), None
        status, flag = RECORDED if decision is not None else LATE, 0
        if not one.known:
            status, flag = UNKNOWN_DECISION, 2
        elif self.settings.reward.outside(one.value):
            status, flag = RANGE, OUT_OF_RANGE
        row = self._row(REWARD, name=one.reward_id, decision=one.position, reward=one.value, flag=flag)
        return status, row

    def activate(self, positions: Sequence[int]) -> tuple[list[AgentRow], list[int | None]]:
        """Let deferred decisions count; a status for each, None where it is not open."""
        rows, steps = self.expire()
        statuses: list[int | None] = []
        for position in positions:
            decision = self.sessions.of_decision(position)
            statuses.append(None if decision is None else DUPLICATE if decision.active else RECORDED)
            if decision is not None and not decision.active:
                row = self._row(ACTIVATE, decision=position)
                rows.append(row)
                steps += self.sessions.activate(row)
        self._learn(steps)
        return self._learned(rows), statuses

    def close_overdue(self) -> list[AgentRow]:
        """Close the decisions whose time is up, and learn from them."""
        rows, steps = self.expire()
        self._learn(steps)
        return self._learned(rows)

    def note(self, kind: int, **what: Any) -> AgentRow:
        """A row that says something of the agent itself: a mode, a snapshot, a rollback."""
        row = self._row(kind, learned_steps=self.learned_steps, **what)
        self.sessions.replay(row)
        return row


def _expected(own: Choice | None, action: int, mask: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """What the engine expects of an action, and of the best that is allowed."""
    if own is None or own.values is None:
        return None, None
    if len(mask) > FEW:
        return own.values.item(action), float(own.values[mask].max())
    values = own.values.tolist()
    return values[action], max(value for value, allowed in zip(values, mask.tolist(), strict=True) if allowed)


def voids(rollbacks: Sequence[AgentRow]) -> list[tuple[int, int]]:
    """What rollbacks have made void: (after, up to) in positions. A rollback that is void itself has no effect.

    >>> voids([AgentRow(0, 10, ROLLBACK, "", decision=4), AgentRow(0, 20, ROLLBACK, "", decision=15)])
    [(15, 20), (4, 10)]
    """
    found: list[tuple[int, int]] = []
    for row in reversed(rollbacks):
        if not found or row.position <= found[-1][0]:
            found.append((row.decision or 0, row.position))
    return found
