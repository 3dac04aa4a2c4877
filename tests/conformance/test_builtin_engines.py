"""The built-in engines pass the same suites as everyone else's."""

from __future__ import annotations

from footlight_engines import act, generate, recommend
from footlight_plugins import EngineSpec
from footlight_plugins.testing import AgentSuite, GeneratorSuite, RecommenderSuite

_SPECS = {s.name: s for s in (*act.register_engines(), *generate.register_engines(), *recommend.register_engines())}


def _spec(name: str) -> EngineSpec:
    return _SPECS[name]


class TestItemKnn(RecommenderSuite):
    spec = _spec("item-knn")


class TestUserKnn(RecommenderSuite):
    spec = _spec("user-knn")


class TestPopular(RecommenderSuite):
    spec = _spec("popular")


class TestEase(RecommenderSuite):
    spec = _spec("ease")
    bound = 1e-9


class TestMlpGan(GeneratorSuite):
    spec = _spec("mlp-gan")
    options = {"steps": 12, "batch_size": 8, "device": "cpu"}  # noqa: RUF012  # declared as a ClassVar in the suite


class TestQLearning(AgentSuite):
    spec = _spec("q-learning")


def test_every_builtin_engine_is_held_to_a_suite() -> None:
    tested = {suite.spec.name for suite in (TestItemKnn, TestUserKnn, TestPopular, TestEase, TestMlpGan, TestQLearning)}
    assert tested == set(_SPECS)
