"""The estimators against published figures, against their formulas, and on logs of which the truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_server.evaluation import estimators as of
from footlight_server.evaluation.evaluation import evaluate, weights
from footlight_server.evaluation.reward_model import Decisions, expected

Floats = NDArray[np.float64]
CONTEXTS, ACTIONS = 5, 4


def test_inverse_propensity_gives_the_published_figure_of_open_bandit_pipeline() -> None:
    """Its README evaluates the Thompson policy of ZOZOTOWN on the clicks of a random one: 1.198126 times as many."""
    log = json.loads(Path(__file__).with_name("open_bandit_clicks.json").read_text())
    drawn = np.random.RandomState(12345).beta(log["alpha"], log["beta"], size=(100_000, 80))
    best = np.argsort(drawn, axis=1)[:, ::-1][:, :3]
    policy = np.stack([np.bincount(best[:, place], minlength=80) for place in range(3)], axis=1) / 100_000
    item, place = np.array(log["clicks"]).T
    w, r = np.zeros(log["rounds"]), np.zeros(log["rounds"])
    w[: len(item)], r[: len(item)] = policy[item, place - 1] / log["propensity"], 1.0
    assert of.inverse_propensity(w, r, 0.95).value / r.mean() == pytest.approx(1.1981263157894735, rel=1e-12)


class World:
    """Five contexts, four actions, rewards of 0 and 1: what is logged, what is to be judged, and the truth."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.mean = rng.uniform(0.1, 0.9, size=(CONTEXTS, ACTIONS))
        self.logging = 0.2 / ACTIONS + 0.8 * rng.dirichlet(np.ones(ACTIONS), size=CONTEXTS)
        self.target = rng.dirichlet(np.ones(ACTIONS), size=CONTEXTS)
        self.truth = float((self.target * self.mean).sum(axis=1).mean())

    def log(self, seed: int, n: int = 600) -> tuple[Decisions, list[Floats]]:
        rng = np.random.default_rng(seed)
        index = rng.integers(CONTEXTS, size=n)
        p = self.logging[index]
        action = (rng.random(n)[:, None] > p.cumsum(axis=1)).sum(axis=1)
        reward = (rng.random(n) < self.mean[index, action]).astype(np.float64)
        taken = p[np.arange(n), action]
        return Decisions(action, reward, taken, list(p), index=index), list(self.target[index])


def test_doubly_robust_intervals_cover_the_truth_as_often_as_they_say() -> None:
    world, covered = World(), 0
    for seed in range(400):
        dr = evaluate(*world.log(seed), 0.95).estimates[3]
        covered += dr.low <= world.truth <= dr.high
    assert 0.92 <= covered / 400 <= 0.98


def test_weights_are_one_on_average() -> None:
    w = np.concatenate([weights(*World().log(seed)) for seed in range(40)])
    assert abs(w.mean() - 1.0) < 3 * w.std() / np.sqrt(len(w))


def test_estimates_are_those_of_the_formulas() -> None:
    log, target = World().log(7)
    found = {one.estimator: one for one in evaluate(log, target, 0.95).estimates}
    w, q = weights(log, target), expected(log)
    v = np.array([pi @ each for pi, each in zip(target, q, strict=True)])
    taken = np.array([each[a] for each, a in zip(q, log.action, strict=True)])
    assert found["ips"].value == pytest.approx(np.mean(w * log.reward))
    assert found["snips"].value == pytest.approx(np.sum(w * log.reward) / np.sum(w))
    assert found["dm"].value == pytest.approx(np.mean(v))
    assert found["dr"].value == pytest.approx(np.mean(v + w * (log.reward - taken)))
    assert found["dr"].standard_error < found["ips"].standard_error


def test_a_decision_is_judged_by_a_model_that_has_not_seen_it() -> None:
    log, _ = World().log(8, n=50)
    other = Decisions(log.action, log.reward.copy(), log.propensity, log.logged, index=log.index)
    other.reward[3] = 1_000.0
    before, after = expected(log), expected(other)
    assert np.array_equal(before[3], after[3]) and not np.array_equal(before[4], after[4])


@pytest.mark.parametrize("kind", ["vector", "candidates"])
def test_a_linear_world_is_learned_from_its_features(kind: str) -> None:
    rng, n = np.random.default_rng(9), 400
    x, action = rng.normal(size=(n, 2)), rng.integers(3, size=n)
    logged = [np.full(3, 1 / 3)] * n
    offered = [rng.normal(size=(3, 2)) for _ in range(n)]
    if kind == "vector":
        truth = x @ rng.normal(size=(2, 3))
        log = Decisions(action, truth[np.arange(n), action], np.full(n, 1 / 3), logged, vector=x)
    else:
        truth = np.array([c @ np.array([1.0, -2.0]) for c in offered])
        log = Decisions(action, truth[np.arange(n), action], np.full(n, 1 / 3), logged, vector=x, candidates=offered)
    assert (
        np.abs(np.array(expected(log)) - truth).max() < 0.5
        and np.corrcoef(np.ravel(expected(log)), truth.ravel())[0, 1] > 0.99
    )


def test_what_the_log_never_tried_is_said() -> None:
    log = Decisions(
        np.zeros(500, np.int64), np.ones(500), np.ones(500), [np.array([1.0, 0.0])] * 500, index=np.zeros(500, np.int64)
    )
    found = evaluate(log, [np.array([0.5, 0.5])] * 500, 0.95)
    assert found.unsupported == 0.5 and "never tried" in found.warnings[0]


def test_few_decisions_that_weigh_much_are_said() -> None:
    w = np.array([50.0] + [0.5] * 99)
    found = of.warnings_of(w, 0.0)
    assert of.effective_sample_size(w) < 5
    assert any("evidence" in one for one in found) and any("one decision weighs" in one for one in found)


def test_wrong_propensities_are_said() -> None:
    assert any("propensities may be wrong" in one for one in of.warnings_of(np.full(1_000, 1.5), 0.0))


def test_nothing_can_be_said_of_no_decisions() -> None:
    nothing = Decisions(np.empty(0, np.int64), np.empty(0), np.empty(0), [], index=np.empty(0, np.int64))
    with pytest.raises(ValueError, match="no decisions"):
        evaluate(nothing, [], 0.95)
