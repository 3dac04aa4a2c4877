"""What is wanted of an agent, and whether it can be: the fields of a request, checked against the agent's spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from footlight_server.agents.agent_host import AgentHost
from footlight_server.agents.sessions import TRUNCATED
from footlight_server.agents.steps import Ending, Move
from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_id, check_number

MOST_OBSERVATIONS = 10_000_000
MOST_ACTIONS = 10_000


@dataclass(frozen=True, slots=True)
class WantedMove:
    """One Act as asked for. ``observation`` is None where it was not given."""

    session_id: str
    observation: int | None
    mask: Sequence[bool] = ()
    reward: float | None = None
    request_id: str = ""
    exploit: bool = False


@dataclass(frozen=True, slots=True)
class WantedEnd:
    """One EndSession as asked for."""

    session_id: str
    reason: int
    reward: float | None = None
    final_observation: int | None = None


def checked_size(field: str, n: int | None, most: int) -> int:
    """The size of a space."""
    if n is None:
        raise InvalidArgument(field, "is required: a discrete space with n values")
    if not 1 <= n <= most:
        raise InvalidArgument(f"{field}.discrete.n", f"must be between 1 and {most:,}, not {n}")
    return n


def _value(field: str, value: int | None, n: int) -> int:
    if value is None:
        raise InvalidArgument(field, "is required: a value of the observation space")
    if not 0 <= value < n:
        raise InvalidArgument(f"{field}.discrete", f"must be between 0 and {n - 1}, not {value}")
    return value


def checked_move(path: str, wanted: WantedMove, host: AgentHost) -> Move:
    """A move as the agent takes it; ``path`` begins the names of its fields."""
    check_id(f"{path}session_id", wanted.session_id)
    if wanted.request_id:
        check_id(f"{path}request_id", wanted.request_id)
    if wanted.reward is not None:
        check_number(f"{path}outcome.reward", wanted.reward)
    actions = host.spaces.action.n
    mask = None
    if wanted.mask:
        if len(wanted.mask) != actions:
            raise InvalidArgument(
                f"{path}action_mask", f"must have one entry an action, {actions}, not {len(wanted.mask)}"
            )
        if not any(wanted.mask):
            raise InvalidArgument(f"{path}action_mask", "must allow at least one action")
        mask = np.array(wanted.mask, np.bool_).tobytes()
    observation = _value(f"{path}observation", wanted.observation, host.spaces.observation.n)  # type: ignore[union-attr]
    return Move(wanted.session_id, observation, mask, wanted.reward, wanted.request_id or None, wanted.exploit)


def checked_end(path: str, wanted: WantedEnd, host: AgentHost) -> Ending:
    """The end of a session as the agent takes it; ``path`` begins the names of its fields."""
    check_id(f"{path}session_id", wanted.session_id)
    if not 1 <= wanted.reason <= 3:
        raise InvalidArgument(f"{path}reason", "must be TERMINATED, TRUNCATED or ABANDONED")
    if wanted.reward is not None:
        check_number(f"{path}outcome.reward", wanted.reward)
    final = wanted.final_observation
    if wanted.reason == TRUNCATED or final is not None:
        final = _value(f"{path}final_observation", final, host.spaces.observation.n)  # type: ignore[union-attr]
    return Ending(wanted.session_id, wanted.reason, wanted.reward, final)


def check_different(names: Sequence[str], field: str) -> None:
    """Raise where two of a batch are about the same session or request."""
    if len(set(names)) != len(names):
        raise InvalidArgument(field, "must be of sessions and requests that all differ")
