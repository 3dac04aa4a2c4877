"""Completed steps as an engine learns them: one as numbers, many as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Candidates, Transition, Transitions
from footlight_server.agents.sessions import Step
from footlight_server.agents.spaces import Codec


def transition(step: Step, codec: Codec) -> Transition:
    """A step of a table alone: nothing is made of it that it costs to make."""
    decision, after = step.decision, step.following
    return Transition(
        decision.observation or 0,
        decision.action,
        step.lesson,
        after.observation or 0,
        after.terminated,
        codec.everything if after.mask is None else np.frombuffer(after.mask, np.bool_),
        after.truncated,
        step.session,
        decision.propensity,
        decision.user,
    )


def transitions(steps: Sequence[Step], codec: Codec) -> Transitions:
    """The steps as columns, whatever the spaces."""
    # Columns of one type are parts of one array, each of them in one piece.
    whole = np.array([_whole(step) for step in steps], np.int64).T.copy()
    exact = np.array([(step.lesson, step.decision.propensity) for step in steps], np.float64).T.copy()
    flags = np.array([(step.following.terminated, step.following.truncated) for step in steps], np.bool_).T.copy()
    seen, following = whole[0], whole[2]
    if codec.vectors:
        seen = _vectors([step.decision.vector for step in steps], codec)
        following = _vectors([step.following.vector for step in steps], codec)
    return Transitions(
        observation=seen,
        action=whole[1],
        reward=exact[0],
        next_observation=following,
        terminated=flags[0],
        next_mask=_masks([step.following.mask for step in steps], codec),
        truncated=flags[1],
        session=whole[3],
        propensity=exact[1],
        chosen=_chosen(steps, codec),
        user=whole[4],
    )


def _whole(step: Step) -> tuple[int, int, int, int, int]:
    """What is a whole number of a step: observation, action, next observation, session, person; 0 where there is none."""
    decision, after = step.decision.observation, step.following.observation
    return decision or 0, step.decision.action, after or 0, step.session, step.decision.user


def _vectors(seen: Sequence[bytes | None], codec: Codec) -> NDArray[np.float64]:
    nothing = bytes(8 * codec.width)
    return np.frombuffer(b"".join(vector or nothing for vector in seen)).reshape(len(seen), -1)


def _masks(masks: Sequence[bytes | None], codec: Codec) -> NDArray[np.bool_]:
    actions = 0 if isinstance(codec.action, Candidates) else codec.actions
    everything = b"\x01" * actions
    packed = b"".join((mask or everything)[:actions] for mask in masks)
    return np.frombuffer(packed, np.bool_).reshape(len(masks), actions)


def _chosen(steps: Sequence[Step], codec: Codec) -> NDArray[np.float64] | None:
    """What the candidates that were taken looked like; None where there are none."""
    if not isinstance(codec.action, Candidates):
        return None
    return np.frombuffer(b"".join(step.decision.chosen or b"" for step in steps)).reshape(len(steps), -1)
