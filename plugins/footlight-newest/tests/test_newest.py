"""The engine passes the conformance suite, and news come first."""

from __future__ import annotations

import numpy as np
from footlight_newest import register_engines
from footlight_newest.newest import Newest

from footlight_plugins import Events, Options, Query
from footlight_plugins.testing import RecommenderSuite
from footlight_plugins.testing.fixtures import PluginRegistry


class TestNewest(RecommenderSuite):
    spec = register_engines()[0]

    def test_the_catalogue_alone_is_enough(self) -> None:
        engine = self.fitted(Events.empty())
        assert engine.recommend(self.query(0)).items.tolist() == list(reversed(range(self.items)))


def test_an_item_put_a_moment_ago_comes_first() -> None:
    engine = Newest(Options())
    engine.apply(Events.of(user=[0, 0], item=[1, 2]))
    assert engine.recommend(Query(0, 3, np.ones(5, np.bool_))).items.tolist() == [4, 3, 0]


def test_the_plugin_loads() -> None:
    registry = PluginRegistry()
    registry.add("footlight_newest", name="newest")
    assert registry.load(strict=True).plugin_of("newest").engines == ("newest",)
