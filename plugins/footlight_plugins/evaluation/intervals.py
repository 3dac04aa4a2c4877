"""95 % confidence intervals.

Over people: the normal approximation, mean +- 1.96 s / sqrt(n). Over seeds or folds: Student's t with n - 1 degrees of
freedom. For the catalogue coverage, which is no mean over people: the jackknife (Efron and Stein 1981).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NORMAL_975 = 1.959964
_STUDENT_975 = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)
"""The 97.5 % quantile of Student's t, for 1 to 30 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its 95 % confidence interval."""

    mean: float
    low: float
    high: float
    values: tuple[float, ...] = ()
    """The single figures of a protocol with several seeds or folds."""

    def json(self) -> dict[str, Any]:
        """As JSON can hold it; null where there is no mean or no interval."""
        bounds = [self.low, self.high] if math.isfinite(self.low + self.high) else None
        found: dict[str, Any] = {"mean": self.mean if math.isfinite(self.mean) else None, "ci95": bounds}
        values = [value if math.isfinite(value) else None for value in self.values]
        return found | ({"values": values} if values else {})


def over_people(values: NDArray[np.float64]) -> Estimate:
    """Of figures by person, shape (n,), n at least 1; NaN marks people without a figure."""
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return Estimate(math.nan, math.nan, math.nan)
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return around(mean, error)


def over_seeds(values: list[float]) -> Estimate:
    """Of one figure a seed, at least 2 of them."""
    mean, freedom = float(np.mean(values)), len(values) - 1
    quantile = _STUDENT_975[freedom - 1] if freedom <= len(_STUDENT_975) else NORMAL_975
    half = quantile * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half, tuple(float(value) for value in values))


def around(mean: float, error: float) -> Estimate:
    """Of a mean and its standard error."""
    return Estimate(mean, mean - NORMAL_975 * error, mean + NORMAL_975 * error)


def jackknife(mean: float, without: NDArray[np.float64]) -> Estimate:
    """Of a figure, and of the same figure with each person left out, shape (n,)."""
    n = len(without)
    return around(mean, math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum())))
