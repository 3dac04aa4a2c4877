"""Searches an engine's options by Optuna, on rows held back inside what the test learns from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from footlight_plugins.evaluation import Estimate
from footlight_plugins.evaluation.search_space import Dimension

LOWER_IS_BETTER = ("rmse", "mae")

Try = Callable[[Mapping[str, Any]], Estimate]
"""Measures options on the validation part; raises where the engine refuses them."""
Tell = Callable[[int, float | None, float], None]
"""Told how many trials are done, the best figure so far, and the seconds since the start."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a search ends: after so many trials or seconds, whatever comes first. A trial that has begun is finished."""

    trials: int
    seconds: float
    seed: int


@dataclass(slots=True)
class Search:
    """What a search has found so far."""

    metric: str
    figures: list[tuple[Mapping[str, Any], Estimate]] = field(default_factory=list)
    """The options of each trial that went well, in order, and its figure."""
    failures: list[tuple[Mapping[str, Any], str]] = field(default_factory=list)
    """The options of each trial that the engine refused, and why."""
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def done(self) -> int:
        """How many trials there were."""
        return len(self.figures) + len(self.failures)

    @property
    def best(self) -> tuple[Mapping[str, Any], Estimate] | None:
        """The best trial; the earliest among equals."""
        sign = 1 if self.metric in LOWER_IS_BETTER else -1
        return min(self.figures, key=lambda trial: sign * trial[1].mean, default=None)

    @property
    def defaults(self) -> Estimate | None:
        """The figure of the engine's defaults, which are tried first."""
        return next((figure for options, figure in self.figures if not options), None)


def search(attempt: Try, space: tuple[Dimension, ...], found: Search, budget: Budget, tell: Tell) -> None:
    """Try options until the budget is used up or Ctrl-C, the defaults first; what comes out is put into ``found``."""
    started = time.monotonic()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    lower = found.metric in LOWER_IS_BETTER
    sampler = optuna.samplers.TPESampler(seed=budget.seed)
    study = optuna.create_study(direction="minimize" if lower else "maximize", sampler=sampler)
    distributions = {one.name: _distribution(one) for one in space}
    try:
        first = _try(attempt, {}, found)
        if first is not None and all(_holds(one, one.default) for one in space):
            params = {one.name: one.default for one in space}
            study.add_trial(create_trial(params=params, distributions=distributions, value=first))
        while True:
            found.seconds = time.monotonic() - started
            tell(found.done, found.best[1].mean if found.best else None, found.seconds)
            if not space or found.done >= budget.trials or found.seconds >= budget.seconds:
                return
            trial = study.ask(distributions)
            value = _try(attempt, {one.name: _readable(trial.params[one.name], one) for one in space}, found)
            study.tell(trial, value, state=TrialState.COMPLETE if value is not None else TrialState.FAIL)
    except KeyboardInterrupt:
        found.interrupted = True
    finally:
        found.seconds = time.monotonic() - started


def _try(attempt: Try, options: Mapping[str, Any], found: Search) -> float | None:
    try:
        figure = attempt(options)
    except Exception as fault:  # an engine may raise anything, and must not end the search
        found.failures.append((options, str(fault) or type(fault).__name__))
        return None
    found.figures.append((options, figure))
    return figure.mean


def _readable(value: Any, one: Dimension) -> Any:
    """A fraction with four figures that count: more say nothing, and nobody wants to type them."""
    if not isinstance(value, float):
        return value
    short = float(f"{value:.4g}")
    return short if one.low <= short <= one.high else value


def _holds(one: Dimension, value: Any) -> bool:
    if one.choices:
        return value in one.choices
    return isinstance(value, int | float) and one.low <= value <= one.high


def _distribution(one: Dimension) -> BaseDistribution:
    if one.choices:
        return CategoricalDistribution(one.choices)
    if one.whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)
