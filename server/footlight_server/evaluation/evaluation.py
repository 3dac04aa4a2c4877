"""A whole evaluation: all estimators, and whether to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from footlight_server.evaluation import estimators as of
from footlight_server.evaluation.estimators import Estimate, Floats
from footlight_server.evaluation.reward_model import Decisions, expected


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the estimators say, and of what."""

    estimates: tuple[Estimate, ...]
    count: int
    logged_value: float
    effective_sample_size: float
    mean_weight: float
    largest_weight: float
    unsupported: float
    warnings: tuple[str, ...]


def weights(log: Decisions, target: Sequence[Floats], largest: float = 0.0) -> Floats:
    """pi(a_i | x_i) / p_i, shape (n,)."""
    chances = np.array([pi[a] for pi, a in zip(target, log.action.tolist(), strict=True)])
    return of.cut(chances / log.propensity, largest)


def terms(log: Decisions, target: Sequence[Floats], largest: float = 0.0) -> Floats:
    """The doubly robust terms, shape (n,): their mean is the value of the policy."""
    return _judged(log, target, largest)[3]


def _judged(log: Decisions, target: Sequence[Floats], largest: float) -> tuple[Floats, Floats, Floats, Floats]:
    w, q = weights(log, target, largest), expected(log)
    v = np.array([float(pi @ each) for pi, each in zip(target, q, strict=True)])
    taken = np.array([each[a] for each, a in zip(q, log.action.tolist(), strict=True)])
    return w, taken, v, of.doubly_robust_terms(w, log.reward, taken, v)


def evaluate(log: Decisions, target: Sequence[Floats], confidence: float, largest: float = 0.0) -> Evaluation:
    """What a policy would have earned; ``target`` has, of each decision, the probability of every action.

    Raises
    ------
    ValueError
        When there are no decisions.
    """
    if not len(log):
        raise ValueError("there are no decisions to evaluate on")
    w, _, v, robust = _judged(log, target, largest)
    unsupported = float(np.mean([pi[p == 0.0].sum() for pi, p in zip(target, log.logged, strict=True)]))
    found = (
        of.inverse_propensity(w, log.reward, confidence),
        of.self_normalised(w, log.reward, confidence),
        of.direct(v, confidence),
        of.of_terms("dr", robust, confidence),
    )
    return Evaluation(
        found,
        len(log),
        float(log.reward.mean()),
        of.effective_sample_size(w),
        float(w.mean()),
        float(w.max()),
        unsupported,
        tuple(of.warnings_of(w, unsupported)),
    )
