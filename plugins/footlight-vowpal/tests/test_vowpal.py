"""The engines pass the conformance suite, learn what pays, and agree with `vw` on a decision log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from footlight_vowpal import register_engines
from footlight_vowpal.engine import Vowpal, VowpalFeatures, arguments
from footlight_vowpal.options import VowpalOptions
from vowpalwabbit import Workspace

from footlight_plugins import Agent, Box, Candidates, Discrete, Situation, Spaces, State, Transitions
from footlight_plugins.testing import AgentSuite
from footlight_plugins.testing.fixtures import PluginRegistry

_FEATURES = Box((-2.0,) * 3, (2.0,) * 3)


class TestVowpal(AgentSuite):
    spec, options = register_engines()[0], {"bits": 10}


class TestVowpalWithCandidates(AgentSuite):
    spec, options = register_engines()[1], {"bits": 12}
    spaces: ClassVar[Spaces] = Spaces(_FEATURES, Candidates(3, 5))


def step(observation: int, action: int, reward: float, propensity: float, actions: int) -> Transitions:
    row = np.zeros(1, np.int64)
    return Transitions(
        observation=row + observation,
        action=row + action,
        reward=np.array([reward]),
        next_observation=row,
        terminated=np.ones(1, np.bool_),
        next_mask=np.ones((1, actions), np.bool_),
        propensity=np.array([propensity]),
    )


def lived(agent: Agent, decisions: int, seed: int) -> tuple[float, list[str]]:
    """The share of rewards in the last fifth of so many decisions, and their log as dsjson: the action that is the
    observation's number pays 1 four times out of five, the others once out of five."""
    rng, paid, log = np.random.default_rng(seed), [], []
    for i in range(decisions):
        observation = int(rng.integers(4))
        choice = agent.act(observation, np.ones(4, np.bool_), int(rng.integers(2**62)), False)
        reward = float(rng.random() < (0.8 if choice.action == observation else 0.2))
        chance = float(choice.distribution[choice.action])
        agent.learn(step(observation, choice.action, reward, chance, 4))
        order = [choice.action, *(a for a in range(4) if a != choice.action)]
        paid.append(reward)
        log.append(
            json.dumps(
                {
                    "_label_cost": -reward,
                    "_label_probability": max(chance, 0.01),
                    "_label_Action": choice.action + 1,
                    "_labelIndex": choice.action,
                    "Version": "1",
                    "EventId": str(i),
                    "a": [a + 1 for a in order],
                    "c": {
                        "Observation": {"state": str(observation)},
                        "_multi": [{"Action": {"id": str(a)}} for a in range(4)],
                    },
                    "p": [float(choice.distribution[a]) for a in order],
                }
            )
        )
    return float(np.mean(paid[-decisions // 5 :])), log


@pytest.mark.parametrize("exploration", ["epsilon", "squarecb", "softmax"])
def test_it_learns_which_action_pays_at_which_observation(exploration: str) -> None:
    agent = Vowpal(VowpalOptions(exploration=exploration), Spaces(Discrete(4), Discrete(4)))
    assert lived(agent, 1_000, 7)[0] > 0.6  # 0.8 is the most there is, 0.35 is chance


def test_candidates_are_told_apart_by_their_features() -> None:
    agent, rng = (
        VowpalFeatures(VowpalOptions(), Spaces(Box((-1.0,), (1.0,)), Candidates(2, 3))),
        np.random.default_rng(0),
    )
    for _ in range(400):
        shown = rng.normal(size=(3, 2))
        choice = agent.decide(Situation(np.zeros(1), np.ones(3, np.bool_), shown), int(rng.integers(2**62)), False)
        taken = shown[choice.action]
        one = step(0, choice.action, float(taken[0]), float(choice.distribution[choice.action]), 0)
        agent.learn(Transitions(np.zeros((1, 1)), one.action, one.reward, np.zeros((1, 1)), one.terminated,
                                np.empty((1, 0), np.bool_), propensity=one.propensity, chosen=taken[None]))  # fmt: skip
    best = Situation(np.zeros(1), np.ones(3, np.bool_), np.array([[-1.0, 0.5], [0.0, 0.5], [1.0, 0.5]]))
    assert agent.decide(best, 0, True).action == 2


def test_vw_learns_the_same_from_the_log_of_the_decisions(tmp_path: Path) -> None:
    agent = Vowpal(VowpalOptions(), Spaces(Discrete(4), Discrete(4)))
    _, log = lived(agent, 300, 3)
    vw = Workspace(" ".join(["--quiet --random_seed 1 --dsjson", *arguments(VowpalOptions())]))
    for line in log:
        event = vw.parse(line)
        vw.learn(event)
        vw.finish_example(event)
    vw.save(str(tmp_path / "model.vw"))
    again = Vowpal(VowpalOptions(), Spaces(Discrete(4), Discrete(4)))
    learned = {"model": np.frombuffer((tmp_path / "model.vw").read_bytes(), np.uint8)}
    again.load(State(learned, dict(agent.state().meta)))
    for observation in range(4):
        mine, theirs = (one.act(observation, np.ones(4, np.bool_), 0, False) for one in (agent, again))
        assert np.allclose(mine.distribution, theirs.distribution, atol=1e-5)
        assert int(np.argmax(mine.distribution)) == observation


def test_a_model_of_other_options_is_refused() -> None:
    spaces = Spaces(Discrete(2), Discrete(2))
    state = Vowpal(VowpalOptions(bits=10), spaces).state()
    with pytest.raises(ValueError, match="was learned with"):
        Vowpal(VowpalOptions(bits=11), spaces).load(state)


def test_a_damaged_model_is_refused() -> None:
    agent = Vowpal(VowpalOptions(bits=10), Spaces(Discrete(2), Discrete(2)))
    with pytest.raises(ValueError, match="no model of Vowpal Wabbit"):
        agent.load(State({"model": np.zeros(50, np.uint8)}, dict(agent.state().meta)))


def test_the_plugin_loads() -> None:
    registry = PluginRegistry()
    registry.add("footlight_vowpal", name="vowpal")
    assert registry.load(strict=True).plugin_of("vowpal").engines == ("vowpal", "vowpal-features")
