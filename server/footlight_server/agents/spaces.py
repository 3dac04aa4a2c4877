"""The spaces that an owner declared, and how a value of them becomes what an engine sees.

An engine sees a number of a finite space or a flat vector. A finite space is numbered by mixed radix, the last part
moving fastest; a flat vector is that of `gymnasium.spaces.utils.flatten`: whole numbers one-hot, parts of a dictionary in
the order of their names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from footlight_plugins import Agent, Box, Candidates, Discrete, Spaces
from footlight_server.errors import InvalidArgument

MOST_OBSERVATIONS = 10_000_000
MOST_ACTIONS = 10_000
MOST_NUMBERS = 65_536
MOST_CANDIDATES = 1_000
DEFAULT_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers from ``start`` on."""

    n: int
    start: int = 0

    @property
    def width(self) -> int:
        return self.n

    def index(self, field: str, value: Any) -> int:
        """The place of a value, from 0."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidArgument(field, "is required: a whole number of a discrete space")
        if not self.start <= value < self.start + self.n:
            last = self.start + self.n - 1
            raise InvalidArgument(f"{field}.discrete", f"must be between {self.start} and {last}, not {value}")
        return value - self.start

    def flat(self, field: str, value: Any) -> list[float]:
        """One-hot."""
        vector = [0.0] * self.n
        vector[self.index(field, value)] = 1.0
        return vector

    def bounds(self) -> list[tuple[float, float]]:
        return [(0.0, 1.0)] * self.n


@dataclass(frozen=True, slots=True)
class Numbers:
    """Arrays of numbers within bounds, flat."""

    shape: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    n = 0
    """It is not finite."""

    @property
    def width(self) -> int:
        return len(self.low)

    def index(self, field: str, value: Any) -> int:
        raise InvalidArgument(field, "is not of a finite space")

    def flat(self, field: str, value: Any) -> list[float]:
        """The numbers, checked against the bounds; whole ones are numbers, too."""
        if isinstance(value, int):
            value = [value]
        if not isinstance(value, list | tuple) or len(value) != self.width:
            held = f"{len(value):,}" if isinstance(value, list | tuple) else "values by name"
            raise InvalidArgument(f"{field}.box", f"must hold {self.width:,} numbers, shape {self.shape}, not {held}")
        for i, (number, low, high) in enumerate(zip(value, self.low, self.high, strict=True)):
            if not low <= number <= high or not math.isfinite(number):
                raise InvalidArgument(
                    f"{field}.box.values[{i}]", f"must be finite and between {low:g} and {high:g}, not {number}"
                )
        return [float(number) for number in value]

    def bounds(self) -> list[tuple[float, float]]:
        return list(zip(self.low, self.high, strict=True))


@dataclass(frozen=True, slots=True)
class Several:
    """Several whole numbers, or bits."""

    nvec: tuple[int, ...]
    bits: bool = False

    @property
    def n(self) -> int:
        return math.prod(self.nvec) if len(self.nvec) <= 64 else MOST_OBSERVATIONS + 1

    @property
    def width(self) -> int:
        return len(self.nvec) if self.bits else sum(self.nvec)

    def _checked(self, field: str, value: Any) -> list[int]:
        if not isinstance(value, tuple) or len(value) != len(self.nvec):
            raise InvalidArgument(f"{field}.integers", f"must hold {len(self.nvec):,} whole numbers")
        for i, (number, n) in enumerate(zip(value, self.nvec, strict=True)):
            if not 0 <= number < n:
                raise InvalidArgument(f"{field}.integers.values[{i}]", f"must be between 0 and {n - 1}, not {number}")
        return list(value)

    def index(self, field: str, value: Any) -> int:
        """Mixed radix."""
        place = 0
        for number, n in zip(self._checked(field, value), self.nvec, strict=True):
            place = place * n + number
        return place

    def flat(self, field: str, value: Any) -> list[float]:
        """Bits as they are, whole numbers one-hot each."""
        numbers = self._checked(field, value)
        if self.bits:
            return [float(bit) for bit in numbers]
        vector = np.zeros(self.width)
        vector[np.cumsum([0, *self.nvec[:-1]]) + numbers] = 1.0
        found: list[float] = vector.tolist()
        return found

    def bounds(self) -> list[tuple[float, float]]:
        return [(0.0, 1.0)] * self.width


@dataclass(frozen=True, slots=True)
class Named:
    """Several values by name, in the order of the names."""

    parts: tuple[tuple[str, Whole | Numbers | Several], ...]

    @property
    def n(self) -> int:
        return math.prod(part.n for _, part in self.parts)

    @property
    def width(self) -> int:
        return sum(part.width for _, part in self.parts)

    def _checked(self, field: str, value: Any) -> Mapping[str, Any]:
        names = {name for name, _ in self.parts}
        if not isinstance(value, dict) or set(value) != names:
            raise InvalidArgument(f"{field}.dict", f"must hold exactly the names {', '.join(sorted(names))}")
        return value

    def index(self, field: str, value: Any) -> int:
        """Mixed radix."""
        values, place = self._checked(field, value), 0
        for name, part in self.parts:
            place = place * part.n + part.index(f"{field}.dict.values[{name}]", values[name])
        return place

    def flat(self, field: str, value: Any) -> list[float]:
        """One part after the other."""
        values = self._checked(field, value)
        return [x for name, part in self.parts for x in part.flat(f"{field}.dict.values[{name}]", values[name])]

    def bounds(self) -> list[tuple[float, float]]:
        return [bound for _, part in self.parts for bound in part.bounds()]


Space = Whole | Numbers | Several | Named


def observation_space(field: str, plain: Any) -> Space:
    """The space that was declared; ``plain`` is its JSON, a bare number where older logs have one.

    Raises
    ------
    InvalidArgument
        Names the field that is wrong.
    """
    if isinstance(plain, int):
        return _whole(field, {"n": plain}, MOST_OBSERVATIONS)
    if not plain:
        raise InvalidArgument(field, "is required: a discrete space with n values, or another kind")
    (kind, what), *_ = plain.items()
    match kind:
        case "discrete":
            return _whole(field, what, MOST_OBSERVATIONS)
        case "box":
            return _numbers(f"{field}.box", what)
        case "multi_discrete":
            return _several(f"{field}.multi_discrete.nvec", what["nvec"])
        case "multi_binary":
            _check(f"{field}.multi_binary.n", what["n"], MOST_NUMBERS)
            return Several((2,) * what["n"], bits=True)
        case "dict":
            return _named(f"{field}.dict", what["spaces"])
    raise InvalidArgument(f"{field}.{kind}", "cannot be observed")


def _check(field: str, n: int, most: int) -> int:
    if not 1 <= n <= most:
        raise InvalidArgument(field, f"must be between 1 and {most:,}, not {n}")
    return n


def _whole(field: str, what: Mapping[str, int], most: int) -> Whole:
    if abs(what.get("start", 0)) > 2**53:
        raise InvalidArgument(f"{field}.discrete.start", "must be between -2^53 and 2^53")
    return Whole(_check(f"{field}.discrete.n", what["n"], most), what.get("start", 0))


def _numbers(field: str, what: Mapping[str, Any]) -> Numbers:
    shape = tuple(what["shape"])
    if not shape or min(shape) < 1 or math.prod(shape) > MOST_NUMBERS:
        raise InvalidArgument(f"{field}.shape", f"must hold 1 to {MOST_NUMBERS:,} numbers in all")
    size = math.prod(shape)
    bounds = []
    for name, default in (("low", -math.inf), ("high", math.inf)):
        given = [float(x) for x in what.get(name) or [default]]
        if len(given) not in (1, size) or any(math.isnan(x) for x in given):
            raise InvalidArgument(f"{field}.{name}", f"must be one number, or {size:,} of them")
        bounds.append(tuple(given * size if len(given) == 1 else given))
    low, high = bounds
    if any(a > b for a, b in zip(low, high, strict=True)):
        raise InvalidArgument(f"{field}.high", "must not be below low")
    return Numbers(shape, low, high)


def _several(field: str, nvec: Sequence[int]) -> Several:
    if not 1 <= len(nvec) <= 64:
        raise InvalidArgument(field, f"must have 1 to 64 entries, not {len(nvec)}")
    for i, n in enumerate(nvec):
        _check(f"{field}[{i}]", n, MOST_OBSERVATIONS)
    if sum(nvec) > MOST_NUMBERS and math.prod(nvec) > MOST_OBSERVATIONS:
        raise InvalidArgument(field, f"must have at most {MOST_OBSERVATIONS:,} combinations")
    return Several(tuple(nvec))


def _named(field: str, spaces: Sequence[Mapping[str, Any]]) -> Named:
    names = [one["name"] for one in spaces]
    if not 1 <= len(names) <= 64 or len(set(names)) != len(names) or not all(0 < len(n.encode()) <= 256 for n in names):
        raise InvalidArgument(f"{field}.spaces", "must be 1 to 64 spaces with different names")
    parts = []
    for i, one in enumerate(spaces):
        part = observation_space(f"{field}.spaces[{i}].space", one.get("space"))
        if isinstance(part, Named):
            raise InvalidArgument(f"{field}.spaces[{i}].space", "must not be a dict space itself")
        parts.append((one["name"], part))
    return Named(tuple(sorted(parts)))


def action_space(field: str, plain: Any) -> tuple[Discrete | Candidates, int]:
    """The actions as an engine sees them, and the number of the first.

    Raises
    ------
    InvalidArgument
        Names the field that is wrong.
    """
    if isinstance(plain, int):
        plain = {"discrete": {"n": plain}}
    if not plain:
        raise InvalidArgument(field, "is required: a discrete space with n values, or candidates")
    if "discrete" in plain:
        whole = _whole(field, plain["discrete"], MOST_ACTIONS)
        return Discrete(whole.n), whole.start
    if "candidates" in plain:
        what = plain["candidates"]
        features = _check(f"{field}.candidates.feature_count", what["feature_count"], 1_024)
        most = what.get("max_count") or DEFAULT_CANDIDATES
        return Candidates(features, _check(f"{field}.candidates.max_count", most, MOST_CANDIDATES)), 0
    raise InvalidArgument(f"{field}.{next(iter(plain))}", "must be a discrete space or candidates")


@dataclass(slots=True)  # not frozen: it is made with every call
class Sight:
    """What an engine sees: a number, or the bytes of a flat float64 vector."""

    index: int | None
    vector: bytes | None


class Codec:
    """The spaces of one agent, between what callers say and what its engine sees."""

    def __init__(self, declared: Mapping[str, Any], engine: type[Agent]) -> None:
        """Read them.

        Raises
        ------
        InvalidArgument
            When they are malformed, or of a kind that the engine does not take.
        """
        self._seen = observation_space("observation_space", declared["observation"])
        self.action, self.first_action = action_space("action_space", declared["action"])
        if isinstance(self.action, Candidates) and not engine.takes_candidates:
            raise InvalidArgument(
                "action_space.candidates", "its engine does not take candidates: use a discrete space"
            )
        self.vectors = engine.takes_features
        self.looks_ahead = bool(getattr(engine, "looks_ahead", True))
        """Whether what comes after a step matters to the engine: asked of its class, for an isolated one stands a proxy."""
        self.spaces = Spaces(self._observation(), self.action)
        self.everything = np.ones(self.action.n, np.bool_)
        """The mask that allows every action, shape (actions,). Not to be written to."""
        self.everything.flags.writeable = False

    def _observation(self) -> Discrete | Box:
        if self.vectors:
            if self._seen.width > MOST_NUMBERS:
                raise InvalidArgument("observation_space", f"must have at most {MOST_NUMBERS:,} numbers when flat")
            low, high = zip(*self._seen.bounds(), strict=True)
            return Box(low, high)
        if self._seen.n == 0:
            raise InvalidArgument("observation_space", "its engine needs a finite space: no box in it")
        if self._seen.n > MOST_OBSERVATIONS:
            raise InvalidArgument("observation_space", f"must have at most {MOST_OBSERVATIONS:,} values")
        return Discrete(self._seen.n)

    @property
    def actions(self) -> int:
        """How many actions there are at most."""
        return self.action.n

    @property
    def count(self) -> int | None:
        """How many observations there are, where they can be gone through: numbers, or one whole number one-hot."""
        if self.vectors:
            return self._seen.n if isinstance(self._seen, Whole) else None
        return self._seen.n

    @property
    def width(self) -> int:
        """The length of a vector that the engine sees."""
        return self._seen.width

    @property
    def feature_count(self) -> int:
        """How many numbers describe a candidate; 0 where there are none."""
        return self.action.features if isinstance(self.action, Candidates) else 0

    def see(self, field: str, value: Any) -> Sight:
        """What the engine sees of a value. Raises InvalidArgument where it is not of the space."""
        if value is None:
            raise InvalidArgument(field, "is required: a value of the observation space")
        if self.vectors:
            return Sight(None, np.array(self._seen.flat(field, value)).tobytes())
        return Sight(self._seen.index(field, value), None)

    def action_index(self, field: str, value: Any, count: int) -> int:
        """The place of an action among ``count`` of them. Raises InvalidArgument where it is not there."""
        return Whole(count, self.first_action).index(field, value)
