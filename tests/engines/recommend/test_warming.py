"""Every recommender can be warmed up, also one that cannot forget."""

from __future__ import annotations

from typing import cast

import pytest

from footlight_engines.recommend import register_engines
from footlight_plugins import EngineSpec, Recommender
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of


@pytest.mark.parametrize("spec", register_engines(), ids=lambda spec: spec.name)
def test_warming_up_leaves_the_engine_as_it_is(spec: EngineSpec) -> None:
    found = cast(type[Recommender], resolve_factory(spec))
    engine = found(options_of(found, {}))
    before = engine.state()
    engine.warm_up()
    assert engine.state().arrays.keys() == before.arrays.keys() and not engine.knows(0)
