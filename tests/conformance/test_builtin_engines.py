"""The built-in engines pass the same suites as everyone else's."""

from __future__ import annotations

import numpy as np

from footlight_engines import act, generate, recommend
from footlight_engines.act.potential import TabledOptions
from footlight_plugins import Box, Candidates, Discrete, EngineSpec, Spaces
from footlight_plugins.testing import (
    AgentSuite,
    AssistantSuite,
    GeneratorSuite,
    RecommenderSuite,
    ReRankerSuite,
    RewardShaperSuite,
)

_SPECS = {s.name: s for s in (*act.register_engines(), *generate.register_engines(), *recommend.register_engines())}


def _spec(name: str) -> EngineSpec:
    return _SPECS[name]


class TestItemKnn(RecommenderSuite):
    spec = _spec("item-knn")


class TestUserKnn(RecommenderSuite):
    spec = _spec("user-knn")


class TestUserKnnByCorrelation(RecommenderSuite):
    spec = _spec("user-knn")
    options = {"metric": "pearson", "shrinkage": 2.0}  # noqa: RUF012


class TestItemKnnWithAHalfLife(RecommenderSuite):
    spec = _spec("item-knn")
    options = {"half_life_days": 1e-9}  # noqa: RUF012


class TestItemKnnByCorrelation(RecommenderSuite):
    spec = _spec("item-knn")
    options = {"metric": "pearson", "k": 4}  # noqa: RUF012


class TestItemKnnByAdjustedCosine(RecommenderSuite):
    spec = _spec("item-knn")
    options = {"metric": "adjusted-cosine", "k": 4, "shrinkage": 2.0}  # noqa: RUF012


class TestItemKnnByJaccard(RecommenderSuite):
    spec = _spec("item-knn")
    options = {"metric": "jaccard", "k": 4}  # noqa: RUF012


class TestItemKnnByBm25(RecommenderSuite):
    spec = _spec("item-knn")
    options = {"weighting": "bm25", "asymmetry": 0.3, "k": 4}  # noqa: RUF012


class TestKnnBaseline(RecommenderSuite):
    spec = _spec("knn-baseline")


class TestPopular(RecommenderSuite):
    spec = _spec("popular")


class TestEase(RecommenderSuite):
    spec = _spec("ease")
    bound = 1e-9


class TestIals(RecommenderSuite):
    spec = _spec("ials")
    options = {"factors": 4, "iterations": 3}  # noqa: RUF012


class TestTrending(RecommenderSuite):
    spec = _spec("trending")
    options = {"half_life_hours": 1e-8}  # noqa: RUF012


class TestBlend(RecommenderSuite):
    spec = _spec("blend")
    bound = 1e-6


class TestColdStart(RecommenderSuite):
    spec = _spec("cold-start")


class TestSequence(RecommenderSuite):
    spec = _spec("sequence")
    options = {"gaps": 3, "recent": 4}  # noqa: RUF012


class TestRp3Beta(RecommenderSuite):
    spec = _spec("rp3beta")
    options = {"people": 4}  # noqa: RUF012


class TestMlpGan(GeneratorSuite):
    spec = _spec("mlp-gan")
    options = {"steps": 12, "batch_size": 8, "device": "cpu"}  # noqa: RUF012  # declared as a ClassVar in the suite


class TestQLearning(AgentSuite):
    spec = _spec("q-learning")


class TestDoubleQLearning(AgentSuite):
    spec = _spec("q-learning")
    options = {"double": True, "steps": 3, "learning_rate_exponent": 0.7}  # noqa: RUF012


class TestSarsa(AgentSuite):
    spec = _spec("sarsa")


class TestExpectedSarsa(AgentSuite):
    spec = _spec("sarsa")
    options = {"expected": True}  # noqa: RUF012


_VECTORS = Spaces(Box((-np.inf,) * 3, (np.inf,) * 3), Discrete(4))
_CANDIDATES = Spaces(Box((-np.inf,) * 3, (np.inf,) * 3), Candidates(features=2, n=4))


class TestLinUcb(AgentSuite):
    spec, spaces = _spec("linucb"), _VECTORS
    options = {"personal": 2.0, "discount": 0.99}  # noqa: RUF012


class TestLinUcbOnCandidates(AgentSuite):
    spec, spaces = _spec("linucb"), _CANDIDATES


class TestLinThompson(AgentSuite):
    spec, spaces = _spec("lin-thompson"), _VECTORS


class TestLinThompsonOnCandidates(AgentSuite):
    spec, spaces = _spec("lin-thompson"), _CANDIDATES
    options = {"votes": 20, "personal": 2.0}  # noqa: RUF012


class TestSquareCb(AgentSuite):
    spec, spaces = _spec("squarecb"), _VECTORS


class TestEngineChooser(AgentSuite):
    spec, spaces = _spec("engine-chooser"), Spaces(Box((0.0,), (1.0,)), Discrete(3))


class TestPolicyIteration(AgentSuite):
    spec = _spec("policy-iteration")
    options = {"plan_every": 30}  # noqa: RUF012


class TestSoftPolicyIteration(AgentSuite):
    spec = _spec("policy-iteration")
    options = {"plan_every": 30, "improvement": "soft", "temperature": 0.5}  # noqa: RUF012


class TestDialoguePolicy(AgentSuite):
    spec, spaces = _spec("dialogue-policy"), Spaces(Discrete(128), Discrete(4))
    starts_even = False


class TestAssistant(AssistantSuite):
    spec = _spec("assistant")
    options = {"embedder": "none"}  # noqa: RUF012


class TestDqn(AgentSuite):
    spec, spaces = _spec("dqn"), _VECTORS
    options = {"learning_starts": 40, "batch_size": 8, "buffer_size": 150, "target_every": 60, "hidden": (16,)}  # noqa: RUF012


def test_every_builtin_engine_and_part_is_held_to_a_suite() -> None:
    suites = [one for name, one in globals().items() if name.startswith("Test")]
    elsewhere = {"image-gan", "level-gan", "scene-gan", "music-gan"}  # in test_generators.py
    parts = {part.name for module in (recommend, act) for part in module.register_parts()}
    assert {suite.spec.name for suite in suites} | elsewhere == set(_SPECS) | parts


class TestMarginalRelevance(ReRankerSuite):
    spec = recommend.register_parts()[0]


class TestPotential(RewardShaperSuite):
    spec = act.register_parts()[0]
    options = {"values": [0.0, 1.0, 2.0, -1.0]}  # noqa: RUF012

    def chosen_options(self) -> TabledOptions:
        return TabledOptions(values=(0.0, 1.0, 2.0, -1.0))


class TestPotentialOfVectors(RewardShaperSuite):
    spec = act.register_parts()[0]
    options = {"weights": [0.5, -1.0]}  # noqa: RUF012
    spaces = Spaces(Box((-2.0,) * 3, (2.0,) * 3), Discrete(4))

    def chosen_options(self) -> TabledOptions:
        return TabledOptions(weights=(0.5, -1.0))
