"""Estimators of the value of a policy from logged decisions with known propensities.

Notation: of n decisions, r (n,) what each earned, p (n,) the probability of the action that was taken, w (n,) the weights
pi(a_i | x_i) / p_i, q (n,) what a model expects of the action that was taken, v (n,) sum_a pi(a | x_i) q(x_i, a).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW = 100
"""Below an effective sample size of this, estimates are called weak."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one estimator says of the mean reward of a decision."""

    estimator: str
    value: float
    low: float
    high: float
    standard_error: float


def inverse_propensity(w: Floats, r: Floats, confidence: float) -> Estimate:
    """IPS: mean of w r. Horvitz & Thompson (1952)."""
    return of_terms("ips", w * r, confidence)


def self_normalised(w: Floats, r: Floats, confidence: float) -> Estimate:
    """SNIPS: sum of w r / sum of w, its error by the delta method. Swaminathan & Joachims (2015)."""
    total = float(w.sum())
    if total == 0.0:
        return Estimate("snips", math.nan, math.nan, math.nan, math.nan)
    value = float((w * r).sum()) / total
    error = math.sqrt(float((w**2 * (r - value) ** 2).sum())) / total
    return _estimate("snips", value, error, confidence)


def direct(v: Floats, confidence: float) -> Estimate:
    """DM: mean of v. Its interval knows nothing of the model's own bias."""
    return of_terms("dm", v, confidence)


def doubly_robust_terms(w: Floats, r: Floats, q: Floats, v: Floats) -> Floats:
    """v + w (r - q): unbiased when the propensities are right, whatever the model. Dudik, Langford & Li (2011)."""
    return v + w * (r - q)


def of_terms(name: str, terms: Floats, confidence: float) -> Estimate:
    """The mean of independent terms, with its normal interval."""
    n = len(terms)
    error = float(terms.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return _estimate(name, float(terms.mean()), error, confidence)


def _estimate(name: str, value: float, error: float, confidence: float) -> Estimate:
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return Estimate(name, value, value - z * error, value + z * error, error)


def effective_sample_size(w: Floats) -> float:
    """(sum of w)^2 / sum of w^2. Kong (1992)."""
    squares = float((w**2).sum())
    return float(w.sum()) ** 2 / squares if squares else 0.0


def warnings_of(w: Floats, unsupported: float) -> list[str]:
    """Reasons not to trust estimates with these weights."""
    n, found = len(w), []
    size, mean = effective_sample_size(w), float(w.mean())
    if unsupported > 0.01:
        found.append(
            f"{unsupported:.1%} of what the policy does was never tried by the log in the same situation: "
            "weights cannot tell what it earns there"
        )
    if size < FEW:
        found.append(f"the weights leave {size:.0f} of {n:,} decisions' worth of evidence: intervals are too narrow")
    error = float(w.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    if unsupported <= 0.01 and abs(mean - 1.0) > 3 * max(error, 1e-12) and abs(mean - 1.0) > 1e-9:
        found.append(f"the mean weight is {mean:.3f} where it should be 1: the propensities may be wrong")
    if n and float(w.max()) > n / 10:
        found.append(f"one decision weighs {float(w.max()) / n:.0%} of the whole")
    return found


def cut(w: Floats, largest: float) -> Floats:
    """The weights, none above ``largest``; 0 leaves them as they are."""
    return np.minimum(w, largest) if largest > 0.0 else w


def folds(n: int, count: int = 5) -> Sequence[NDArray[np.int64]]:
    """The decisions in turns: each is judged by a model that has not seen it (Chernozhukov et al. 2018)."""
    return [np.arange(start, n, count) for start in range(min(count, max(1, n)))]
