"""What is wanted of an agent, and whether it can be: the fields of a request, checked against the agent's spaces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from footlight_plugins import Candidates
from footlight_server.agents.agent_host import AgentHost
from footlight_server.agents.sessions import DEFERRED, EXPLOIT, TRUNCATED
from footlight_server.agents.spaces import Sight
from footlight_server.agents.steps import Ending, Move, Offer
from footlight_server.errors import FailedPrecondition, InvalidArgument
from footlight_server.log.validation import LONGEST_ID, check_id, check_number, check_text

Person = Callable[[str], int]
"""From the name of a person to their ordinal; -1 for one that the log does not know."""


@dataclass(slots=True)  # not frozen: it is made with every call
class WantedMove:
    """One Act as asked for. ``observation`` and ``baseline`` are plain values, None where they were not given."""

    session_id: str
    observation: Any
    mask: Sequence[bool] = ()
    reward: float | None = None
    request_id: str = ""
    exploit: bool = False
    candidates: Sequence[tuple[str, Sequence[float]]] = ()
    baseline: Any = None
    deferred: bool = False
    user_id: str = ""
    step: int | None = None


@dataclass(frozen=True, slots=True)
class WantedLog:
    """One decision that somebody else made; ``final_reward`` is None where the session goes on."""

    move: WantedMove
    action: Any
    propensity: float = 0.0
    final_reward: float | None = None


@dataclass(frozen=True, slots=True)
class WantedEnd:
    """One EndSession as asked for."""

    session_id: str
    reason: int
    reward: float | None = None
    final_observation: Any = None


def checked_move(path: str, wanted: WantedMove, host: AgentHost, person: Person) -> Move:
    """A move as the agent takes it; ``path`` begins the names of its fields."""
    check_id(f"{path}session_id", wanted.session_id)
    if wanted.request_id:
        check_id(f"{path}request_id", wanted.request_id)
    if wanted.reward is not None:
        check_number(f"{path}outcome.reward", wanted.reward)
    offer = _offer(path, wanted, host)
    count = host.codec.actions if offer is None else offer.count
    mask = _mask(f"{path}action_mask", wanted.mask, count)
    baseline = None
    if wanted.baseline is not None:
        baseline = host.codec.action_index(f"{path}baseline_action", wanted.baseline, count)
        _check_allowed(f"{path}baseline_action", baseline, mask)
    if wanted.user_id:
        check_id(f"{path}user_id", wanted.user_id)
    ordinal = person(wanted.user_id) if wanted.user_id else -1
    return Move(
        wanted.session_id,
        host.codec.see(f"{path}observation", wanted.observation),
        mask,
        wanted.reward,
        wanted.request_id or None,
        (EXPLOIT if wanted.exploit else 0) | (DEFERRED if wanted.deferred else 0),
        offer,
        baseline,
        wanted.step,
        ordinal if ordinal >= 0 else None,
    )


def checked_log(path: str, wanted: WantedLog, host: AgentHost, person: Person) -> Move:
    """A decision that somebody else made, as the agent takes it."""
    move = checked_move(f"{path}act.", wanted.move, host, person)
    if not (wanted.propensity == 0.0 or 0.0 < wanted.propensity <= 1.0):
        raise InvalidArgument(f"{path}propensity", f"must be above 0 and at most 1, or 0, not {wanted.propensity}")
    if wanted.final_reward is not None:
        check_number(f"{path}final_outcome.reward", wanted.final_reward)
    count = host.codec.actions if move.offer is None else move.offer.count
    action = host.codec.action_index(f"{path}action", wanted.action, count)
    _check_allowed(f"{path}action", action, move.mask)
    return Move(
        move.session_id,
        move.sight,
        move.mask,
        move.reward,
        move.request_id,
        0,
        move.offer,
        None,
        move.step,
        move.person,
        (action, wanted.propensity),
    )


def _offer(path: str, wanted: WantedMove, host: AgentHost) -> Offer | None:
    space = host.codec.action
    if not isinstance(space, Candidates):
        if wanted.candidates:
            raise InvalidArgument(f"{path}candidates", "must be empty: the agent's actions are not candidates")
        return None
    if not 1 <= len(wanted.candidates) <= space.n:
        raise InvalidArgument(f"{path}candidates", f"must be 1 to {space.n:,}, not {len(wanted.candidates):,}")
    for i, (name, features) in enumerate(wanted.candidates):
        check_text(f"{path}candidates[{i}].candidate_id", name, LONGEST_ID)
        if len(features) != space.features or not all(map(math.isfinite, features)):
            raise InvalidArgument(f"{path}candidates[{i}].features", f"must be {space.features} finite numbers")
    packed = np.array([features for _, features in wanted.candidates], np.float64).tobytes()
    return Offer(packed, len(wanted.candidates), tuple(name for name, _ in wanted.candidates))


def _mask(field: str, mask: Sequence[bool], count: int) -> bytes | None:
    if not mask:
        return None
    if len(mask) != count:
        raise InvalidArgument(field, f"must have one entry an action, {count}, not {len(mask)}")
    if not any(mask):
        raise InvalidArgument(field, "must allow at least one action")
    return bytes(mask)


def _check_allowed(field: str, action: int, mask: bytes | None) -> None:
    if mask is not None and not mask[action]:
        raise InvalidArgument(field, "must be allowed by the mask")


def checked_end(path: str, wanted: WantedEnd, host: AgentHost) -> Ending:
    """The end of a session as the agent takes it; ``path`` begins the names of its fields."""
    check_id(f"{path}session_id", wanted.session_id)
    if not 1 <= wanted.reason <= 3:
        raise InvalidArgument(f"{path}reason", "must be TERMINATED, TRUNCATED or ABANDONED")
    if wanted.reward is not None:
        check_number(f"{path}outcome.reward", wanted.reward)
    sight = Sight(None, None)
    if wanted.reason == TRUNCATED or wanted.final_observation is not None:
        sight = host.codec.see(f"{path}final_observation", wanted.final_observation)
    return Ending(wanted.session_id, wanted.reason, wanted.reward, sight)


def check_order(path: str, move: Move, host: AgentHost) -> None:
    """Look whether the session is where the caller takes it to be. Only under the host's turn.

    Raises
    ------
    FailedPrecondition
        For an outcome where no decision is open, and for another step than the next one, which the metadata names.
    InvalidArgument
        Where the mode serves a baseline and none was given.
    """
    if move.reward is not None and not host.sessions.has_open_decision(move.session_id):
        raise FailedPrecondition(
            f"{path}outcome: session '{move.session_id}' has no open decision that it could be the outcome of",
            reason="NO_OPEN_DECISION",
        )
    expected = host.sessions.expected_step(move.session_id)
    if move.step is not None and move.step != expected:
        refusal = FailedPrecondition(
            f"{path}step: the next step of session '{move.session_id}' is {expected}, not {move.step}",
            reason="STEP_OUT_OF_ORDER",
        )
        refusal.metadata = {"session_id": move.session_id, "expected_step": str(expected)}
        raise refusal
    mode = host.sessions.mode
    if mode.serves_baseline and move.baseline is None and move.logged is None:
        raise InvalidArgument(f"{path}baseline_action", f"is required while the agent's mode is {mode.name}")


def check_different(names: Sequence[str], field: str) -> None:
    """Raise where two of a batch are about the same session or request."""
    if len(set(names)) != len(names):
        raise InvalidArgument(field, "must be of sessions and requests that all differ")
