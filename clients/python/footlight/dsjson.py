"""Decisions as Vowpal Wabbit reads and writes them: one JSON object a line ("dsjson", the log of a decision service).

Actions are counted from 1 there, costs are rewards turned round, `a` lists the actions with the one that was taken
first, and `p` their probabilities in that order.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from footlight.types import (
    Agent,
    BoxSpace,
    Candidate,
    CandidateSpace,
    DictSpace,
    DiscreteSpace,
    LoggedAction,
    LoggedDecision,
    MultiBinarySpace,
    MultiDiscreteSpace,
    Step,
)

SHARED, ACTION = "Observation", "Action"
"""The namespaces in which an agent's own numbers stand. Whatever else stands in a line is hashed."""


def to_line(decision: LoggedDecision, first_action: int = 0) -> str:
    """A complete decision as a line."""
    chances, taken = decision.distribution, decision.action - first_action
    others = sorted((a for a in range(len(chances)) if a != taken and chances[a] > 0.0), key=lambda a: -chances[a])
    order = [taken, *others]
    line = {
        "_label_cost": -decision.reward,
        "_label_probability": chances[taken],
        "_label_Action": taken + 1,
        "_labelIndex": taken,
        "Timestamp": None if decision.time is None else decision.time.isoformat(),
        "Version": "1",
        "EventId": decision.decision_id,
        "a": [a + 1 for a in order],
        "c": {SHARED: _named(decision.observation), "_multi": _actions(decision)},
        "p": [chances[a] for a in order],
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _named(observation: Any) -> dict[str, Any]:
    if isinstance(observation, int):
        return {"state": str(observation)}
    return {f"x{i}": number for i, number in enumerate(observation)}


def _actions(decision: LoggedDecision) -> list[dict[str, Any]]:
    if not decision.candidates:
        return [{ACTION: {"id": str(a)}} for a in range(len(decision.distribution))]
    return [
        {"_tag": one.candidate_id, ACTION: {f"f{i}": x for i, x in enumerate(one.features)}}
        for one in decision.candidates
    ]


class Reader:
    """Turns lines into decisions that an agent can learn from.

    What an agent wrote itself is read as it was. The features of other lines are hashed into as many numbers as its
    space has, each with a sign (Weinberger et al. 2009), so a box, and candidates with a box, take any log.
    """

    def __init__(self, agent: Agent) -> None:
        self._seen = agent.observation_space
        self._actions = agent.action_space
        self._first = getattr(agent.action_space, "start", 0)

    def read(self, line: str) -> LoggedAction:
        """One line.

        Raises:
            ValueError: it says what is missing or wrong.
        """
        try:
            event = json.loads(line)
            context, order = event["c"], [int(a) - 1 for a in event["a"]]
            reward, chance = -float(event["_label_cost"]), float(event["_label_probability"])
            taken, name = int(event.get("_label_Action", order[0] + 1)) - 1, str(event.get("EventId", ""))
        except (KeyError, TypeError, IndexError, AttributeError) as wrong:
            raise ValueError(
                f"expected a dsjson event with c, a, _label_cost and _label_probability: {wrong!r}"
            ) from wrong
        if not (math.isfinite(reward) and 0.0 < chance <= 1.0):
            raise ValueError(f"expected a finite cost and a probability above 0, got {-reward} and {chance}")
        multi = context.get("_multi") or [{}] * (max(order) + 1)
        candidates = self._candidates(multi) if isinstance(self._actions, CandidateSpace) else ()
        count = len(candidates) or getattr(self._actions, "n", len(multi))
        mask = [a in order for a in range(count)] if len(order) < count else None
        step = Step(
            f"import/{name or zlib.crc32(line.encode())}", self._observation(context), mask=mask, candidates=candidates
        )
        return LoggedAction(step, taken + self._first, chance, reward)

    def _observation(self, context: Mapping[str, Any]) -> Any:
        shared = {name: part for name, part in context.items() if name != "_multi"}
        own = shared.get(SHARED)
        if isinstance(own, Mapping) and "state" in own:
            return self._numbered(int(own["state"]))
        width = _width(self._seen)
        if isinstance(own, Mapping) and len(shared) == 1 and set(own) == {f"x{i}" for i in range(width)}:
            return [float(own[f"x{i}"]) for i in range(width)]
        if not isinstance(self._seen, BoxSpace):
            raise ValueError(
                "the features of a foreign log can be hashed into a box only: create the agent with BoxSpace"
            )
        return hashed(shared, width)

    def _numbered(self, number: int) -> Any:
        """A value by its number in the space."""
        if isinstance(self._seen, DiscreteSpace):
            return number + self._seen.start
        raise ValueError("a numbered observation can be read by an agent that observes whole numbers only")

    def _candidates(self, multi: Sequence[Mapping[str, Any]]) -> list[Candidate]:
        width = self._actions.feature_count
        found = []
        for one in multi:
            own = one.get(ACTION)
            exact = isinstance(own, Mapping) and set(own) == {f"f{i}" for i in range(width)}
            features = [float(own[f"f{i}"]) for i in range(width)] if exact and own is not None else hashed(one, width)
            found.append(Candidate(features, str(one.get("_tag", ""))))
        return found


def _width(space: Any) -> int:
    match space:
        case BoxSpace():
            return math.prod(space.shape)
        case DiscreteSpace() | MultiBinarySpace():
            return space.n
        case MultiDiscreteSpace():
            return sum(space.nvec)
        case DictSpace():
            return sum(map(_width, space.spaces.values()))
    return 0


def hashed(features: Mapping[str, Any], width: int) -> list[float]:
    """Features of any names as so many numbers: each is added, with a sign, where the hash of its name says."""
    numbers = [0.0] * width
    for name, value in _flat("", features):
        code = zlib.crc32(name.encode())
        numbers[(code >> 1) % width] += value if code & 1 else -value
    return numbers


def _flat(path: str, value: Any) -> Iterator[tuple[str, float]]:
    match value:
        case bool() | int() | float():
            yield path, float(value)
        case str():
            yield f"{path}={value}", 1.0
        case Mapping():
            for name, part in value.items():
                if not str(name).startswith("_"):
                    yield from _flat(f"{path}^{name}", part)
        case list():
            for i, part in enumerate(value):
                yield from _flat(f"{path}[{i}]", part)
