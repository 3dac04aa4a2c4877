"""What `--isolate` names: deployments, and whole plug-ins by their own name or their distribution's."""

from __future__ import annotations

from pathlib import Path

import pytest

from footlight_plugins import EngineSpec, Verb
from footlight_plugins.loader import Plugins, PluginState, PluginStatus
from footlight_server.config import ServerConfig
from footlight_server.dispatch.limits import Limits

LOADED = PluginState.LOADED
PLUGINS = Plugins(
    {name: EngineSpec(name, Verb.RECOMMEND, "1", "", "a:B") for name in ("tide", "ebb", "popular")},
    (
        PluginStatus("sea", LOADED, "footlight-sea", engines=("tide", "ebb")),
        PluginStatus("one_file", LOADED, engines=("popular",)),
    ),
)


def limits(*isolate: str) -> Limits:
    return ServerConfig(Path(), isolate=isolate).limits.knowing(PLUGINS)


@pytest.mark.parametrize("name", ["sea", "footlight-sea", "Footlight_Sea"])
def test_every_deployment_of_a_plugins_engines_is_isolated_by_its_name(name: str) -> None:
    found = limits(f"plugin:{name}")
    assert found.isolates("high", "tide") and found.isolates("low", "ebb") and not found.isolates("sea", "popular")
    assert found.isolated_plugins == {"sea"}


def test_a_deployment_is_isolated_by_its_own_name_alone() -> None:
    found = limits("high")
    assert found.isolates("high", "tide") and not found.isolates("low", "tide") and not found.isolated_plugins


def test_a_plugin_that_there_is_not_isolates_nothing_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    found = limits("plugin:see", "plugin:")
    assert not found.isolates("high", "tide") and "there is no plug-in 'see' to isolate" in caplog.text
