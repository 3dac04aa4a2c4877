"""Gymnasium both ways: an environment as a client of an agent, and an agent as a policy of an environment.

Nothing of Gymnasium is imported here: an environment is used by what it offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from footlight.types import (
    BoxSpace,
    DictSpace,
    DiscreteSpace,
    EndReason,
    MultiBinarySpace,
    MultiDiscreteSpace,
    SessionEnd,
    Step,
)

PART = 1_000
"""So many situations go into one question about a policy."""

MASKS = ("action_mask", "mask")
"""Under which names an environment's `info` says what is allowed."""


class Stream(Protocol):
    """What a session is played on: `Client.interact`."""

    def step(self, step: Step) -> Any:
        """Tells the outcome of the step before, and decides the next one."""

    def end(self, end: SessionEnd) -> Any:
        """Tells the outcome of the last step, and closes the session."""


def to_space(space: Any, name: str = "space") -> Any:
    """A space of Gymnasium as one of Footlight.

    Raises:
        ValueError: there is none for it.
    """
    match type(space).__name__:
        case "Discrete":
            return DiscreteSpace(int(space.n), int(space.start))
        case "Box":
            return BoxSpace(space.shape or (1,), space.low.reshape(-1).tolist(), space.high.reshape(-1).tolist())
        case "MultiDiscrete":
            return MultiDiscreteSpace(space.nvec.reshape(-1).tolist())
        case "MultiBinary":
            return MultiBinarySpace(int(space.n))
        case "Tuple":
            return DictSpace({f"{i:03}": to_space(part, f"{name}[{i}]") for i, part in enumerate(space.spaces)})
        case "Dict":
            return DictSpace({key: to_space(part, f"{name}[{key!r}]") for key, part in space.spaces.items()})
    raise ValueError(f"{name}: a {type(space).__name__} space cannot be observed by an agent")


def to_observation(space: Any, value: Any) -> Any:
    """A value of a space of Gymnasium as one of Footlight."""
    match type(space).__name__:
        case "Discrete":
            return int(value)
        case "Box":
            return [float(x) for x in value.reshape(-1)]
        case "MultiDiscrete" | "MultiBinary":
            return [int(x) for x in value.reshape(-1)]
        case "Tuple":
            return {f"{i:03}": to_observation(part, value[i]) for i, part in enumerate(space.spaces)}
    return {key: to_observation(part, value[key]) for key, part in space.spaces.items()}


def spaces_of(environment: Any) -> tuple[Any, Any]:
    """What an agent for an environment is to be created with: its observations and its actions."""
    actions = to_space(environment.action_space, "action_space")
    if not isinstance(actions, DiscreteSpace):
        raise ValueError("action_space: an agent chooses among whole numbers")
    return to_space(environment.observation_space, "observation_space"), actions


def mask_of(info: Mapping[str, Any], actions: int) -> list[bool] | None:
    """What the environment says is allowed."""
    for name in MASKS:
        mask = info.get(name)
        if mask is not None and len(mask) == actions:
            return [bool(one) for one in mask]
    return None


class Player:
    """Plays episodes of one environment on a stream; the first is seeded, the others follow from it."""

    def __init__(self, environment: Any, seed: int | None = None, *, exploit: bool = False) -> None:
        self._environment = environment
        self._seed = seed
        self._exploit = exploit
        self._actions = int(environment.action_space.n)
        self.steps = 0

    def episode(self, stream: Stream, session_id: str) -> float:
        """One episode; answers the sum of its rewards."""
        world, space = self._environment, self._environment.observation_space
        seen, info = world.reset(seed=self._seed)
        self._seed, reward, total = None, None, 0.0
        while True:
            mask = mask_of(info, self._actions)
            step = Step(session_id, to_observation(space, seen), reward, mask, self._exploit)
            seen, reward, terminated, truncated, info = world.step(stream.step(step).action)
            reward = float(reward)
            total += reward
            self.steps += 1
            if terminated or truncated:
                break
        reason = EndReason.TERMINATED if terminated else EndReason.TRUNCATED
        final = None if terminated else to_observation(space, seen)
        stream.end(SessionEnd(session_id, reason, reward, final))
        return total


class AgentPolicy:
    """An agent as a policy: from an observation of an environment to an action. Nothing is recorded, and nothing learned.

    policy = AgentPolicy(client, "skater", environment.observation_space)
    action = policy(observation)
    """

    def __init__(self, client: Any, agent_id: str, observation_space: Any = None) -> None:
        self._client = client
        self._agent_id = agent_id
        self._space = observation_space
        self._first: int | None = None

    def distribution(self, observation: Any, mask: Sequence[bool] | None = None) -> tuple[float, ...]:
        """The probability of every action, without exploring."""
        seen = observation if self._space is None else to_observation(self._space, observation)
        asked = Step("-", seen, mask=mask, exploit=True)
        found: tuple[float, ...] = self._client.agent_policy(self._agent_id, [asked])[0].distribution
        return found

    def __call__(self, observation: Any, mask: Sequence[bool] | None = None) -> int:
        """The most likely action; the first of equal ones."""
        if self._first is None:
            self._first = getattr(self._client.agent(self._agent_id).action_space, "start", 0)
        chances = self.distribution(observation, mask)
        return self._first + max(range(len(chances)), key=chances.__getitem__)

    def table(self, masks: Sequence[Sequence[bool]] = ()) -> list[tuple[float, ...]]:
        """The greedy distribution at every observation of a discrete space; `masks` say what is allowed at each."""
        if not masks:
            return [row.distribution for row in self._client.agent_policy(self._agent_id, exploit=True)]
        asked = [Step("-", number, mask=mask, exploit=True) for number, mask in enumerate(masks)]
        parts = [asked[start : start + PART] for start in range(0, len(asked), PART)]
        return [row.distribution for part in parts for row in self._client.agent_policy(self._agent_id, part)]


def masks_of(environment: Any) -> list[list[bool]]:
    """What is allowed in each state, where an environment can tell (`action_mask(state)`, as Taxi); else nothing."""
    inner = environment.unwrapped
    if not hasattr(inner, "action_mask") or not hasattr(inner, "P"):
        return []
    return [[bool(one) for one in inner.action_mask(state)] for state in range(len(inner.P))]


def exact_value(environment: Any, policy: Callable[[], Sequence[Sequence[float]]]) -> float | None:
    """What a policy is worth from the start of an episode, over as many steps as one may have; None without a table.

    Dynamic programming on the environment's own table of transitions, `P[state][action]`, as the environments of
    toy text have it. Where there is no limit of steps, 1,000 are taken.
    """
    inner = environment.unwrapped
    table, start = getattr(inner, "P", None), getattr(inner, "initial_state_distrib", None)
    if table is None or start is None:
        return None
    chances, states = policy(), range(len(start))
    limit = getattr(environment.spec, "max_episode_steps", None) or 1_000
    value = [0.0] * len(start)
    moves = [
        [
            (chance * p, following, float(reward), done)
            for action, chance in enumerate(chances[state])
            if chance > 0.0
            for p, following, reward, done in table[state][action]
        ]
        for state in states
    ]
    for _ in range(limit):
        value = [sum(p * (r + (0.0 if done else value[s])) for p, s, r, done in moves[state]) for state in states]
    return float(sum(p * v for p, v in zip(start, value, strict=True)))
