"""What a policy would have earned on an agent's log, and whether that is reason to change who decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from footlight_server.agents.agent_host import AgentHost
from footlight_server.agents.ledger import Entry, entries, newest
from footlight_server.agents.mind import voids
from footlight_server.agents.sessions import ROLLBACK, Sessions
from footlight_server.agents.settings import Mode
from footlight_server.agents.spaces import Codec
from footlight_server.agents.steps import mask_of, situation_of
from footlight_server.errors import FailedPrecondition
from footlight_server.evaluation.estimators import Estimate, Floats, of_terms
from footlight_server.evaluation.evaluation import Evaluation, evaluate, terms
from footlight_server.evaluation.reward_model import Decisions
from footlight_server.log.agents import AgentLog
from footlight_server.log.records import AgentRow

LEAST_DECISIONS = 100
"""Nobody is promoted or sent back on fewer."""
CHUNK = 1_000


class Target(IntEnum):
    """Which policy; the numbers are those of the wire."""

    GREEDY = 1
    EXPLORING = 2
    UNIFORM = 3
    BASELINE = 4
    LOGGED = 5
    RECORDED = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """An evaluation as asked for."""

    target: Target
    after: int = 0
    most: int = 100_000
    confidence: float = 0.95
    largest: float = 0.0


def judged(log: AgentLog, host: AgentHost, wanted: Wanted) -> list[Entry]:
    """The decisions to evaluate on: complete, of known propensity. Runs on a thread."""
    agent, looks_ahead = host.record.ordinal, host.looks_ahead
    void = voids(log.of_kind(agent, ROLLBACK))
    sessions = Sessions(host.settings.reward, looks_ahead, host.settings.mode, everything=True)
    found = entries(log.read(agent), sessions, lambda p: any(after < p <= upto for after, upto in void))
    usable = (one for one in found if one.row.position > wanted.after and (one.row.propensity or 0.0) > 0.0)
    return newest((one for one in usable if _usable(one.row, wanted.target)), wanted.most)


def _usable(row: AgentRow, target: Target) -> bool:
    needed = {Target.BASELINE: "baseline", Target.RECORDED: "own"}.get(target)
    return needed is None or (row.detail is not None and needed in json.loads(row.detail))


def columns(found: Sequence[Entry], codec: Codec) -> Decisions:
    """The decisions as columns."""
    rows = [one.row for one in found]
    offered = [situation_of(row, codec).candidates for row in rows] if codec.feature_count else None
    width = codec.width if codec.vectors else 0
    return Decisions(
        action=np.array([row.action for row in rows], np.int64),
        reward=np.array([one.reward for one in found], np.float64),
        propensity=np.array([row.propensity for row in rows], np.float64),
        logged=[np.frombuffer(row.distribution or b"") for row in rows],
        index=None if codec.vectors else np.array([row.observation for row in rows], np.int64),
        vector=np.frombuffer(b"".join(row.features or b"" for row in rows)).reshape(-1, width) if width else None,
        candidates=None if offered is None else [c for c in offered if c is not None],
    )


async def policy_of(found: Sequence[Entry], host: AgentHost, target: Target) -> list[Floats]:
    """Of each decision the probability of every action under the policy."""
    rows = [one.row for one in found]
    if target in (Target.GREEDY, Target.EXPLORING):
        made: list[Floats] = []
        for start in range(0, len(rows), CHUNK):
            situations = [situation_of(row, host.codec) for row in rows[start : start + CHUNK]]
            async with host.turn:
                choices = await host.look(situations, [target == Target.GREEDY] * len(situations))
            made += [choice.distribution for choice in choices]
        return made
    return [_recorded(row, host.codec, target) for row in rows]


def _recorded(row: AgentRow, codec: Codec, target: Target) -> Floats:
    mask = mask_of(row, codec)
    if target == Target.UNIFORM:
        return np.asarray(mask / mask.sum(), np.float64)
    if target == Target.LOGGED:
        return np.frombuffer(row.distribution or b"")
    detail = json.loads(row.detail or "{}")
    distribution = np.zeros(len(mask))
    distribution[detail["baseline" if target == Target.BASELINE else "own"]] = 1.0
    return distribution


def evaluated(log: Decisions, target: Sequence[Floats], wanted: Wanted) -> Evaluation:
    """The evaluation. Runs on a thread.

    Raises
    ------
    FailedPrecondition
        When the log has nothing to evaluate on.
    """
    if not len(log):
        raise FailedPrecondition(
            "there are no complete decisions of known propensity to evaluate this policy on", "NO_DECISIONS"
        )
    if wanted.target in (Target.GREEDY, Target.EXPLORING) and len(log) > 1:
        found = evaluate(log, target, wanted.confidence, wanted.largest)
        taught = "the agent may have learned from these decisions: its own policy looks better on them than it is"
        return replace(found, warnings=(*found.warnings, taught))
    return evaluate(log, target, wanted.confidence, wanted.largest)


def difference(log: Decisions, better: Sequence[Floats], worse: Sequence[Floats], confidence: float) -> Estimate:
    """By how much one policy earns more than another: doubly robust, decision by decision."""
    return of_terms("dr", terms(log, better) - terms(log, worse), confidence)


def verdict(found: Sequence[Entry], codec: Codec, mode: Mode, confidence: float) -> tuple[bool, str]:
    """Whether an agent is to leave APPRENTICE, or to go back to it, and why. Runs on a thread.

    The agent is judged by what it would have done at the time, having learned from earlier decisions only.
    """
    kept = [one for one in found if _usable(one.row, Target.BASELINE)]
    if mode == Mode.APPRENTICE:
        kept = [one for one in kept if _usable(one.row, Target.RECORDED)]
    if len(kept) < LEAST_DECISIONS:
        return False, f"{len(kept)} decisions can be judged: at least {LEAST_DECISIONS} are needed"
    log, rows = columns(kept, codec), [one.row for one in kept]
    baseline = [_recorded(row, codec, Target.BASELINE) for row in rows]
    own = [_recorded(row, codec, Target.RECORDED if mode == Mode.APPRENTICE else Target.LOGGED) for row in rows]
    first, second = (own, baseline) if mode == Mode.APPRENTICE else (baseline, own)
    unsupported = float(np.mean([pi[p == 0.0].sum() for pi, p in zip(first, log.logged, strict=True)]))
    if unsupported > 0.0:
        return False, f"{unsupported:.1%} of it was never tried: set baseline_exploration, or explore"
    gain = difference(log, first, second, confidence)
    who = "its policy" if mode == Mode.APPRENTICE else "the baseline"
    what = f"{who} earns {gain.value:+.4g} by the decision, at least {gain.low:+.4g}, on {len(kept):,} decisions"
    return gain.low > 0.0, what
