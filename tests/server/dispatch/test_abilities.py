"""An engine that is asked for what it cannot do says which engines can."""

from __future__ import annotations

import pytest

from footlight_plugins import EngineSpec, Verb
from footlight_plugins.loader import Plugins
from footlight_server.dispatch.abilities import cannot


def plugins(*able: str) -> Plugins:
    """Those engines can forget and predict, and one cannot."""
    specs = {
        name: EngineSpec(name, Verb.RECOMMEND, "1", "", "a:B", can_forget=can, can_predict=can)
        for name, can in [("plain", False), *((name, True) for name in able)]
    }
    return Plugins(specs, ())


@pytest.mark.parametrize(
    ("ability", "what"),
    [("can_predict", "predict ratings"), ("can_forget", "forget a person without a new training")],
)
def test_those_that_can_are_named(ability: str, what: str) -> None:
    refusal = cannot(plugins("zeta", "alpha"), "plain", ability)
    assert refusal.message == f"engine 'plain' cannot {what}; these can: alpha, zeta"
    assert refusal.reason == "NOT_SUPPORTED"


def test_that_nobody_can_is_said() -> None:
    assert cannot(plugins(), "plain", "can_predict").message.endswith("; none that is installed can")
