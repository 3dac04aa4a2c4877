"""Strangers' plug-ins: the good ones serve, the bad ones are listed, and none harms the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footlight import Event, EventKind, FailedPrecondition, InternalError, PluginState

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

GARBAGE = ["long", "shapes", "nan", "foreign", "negative", "floats", "reasons"]


def unwell(server: Server, way: str) -> str:
    """A deployment of the engine that breaks its contract in a way."""
    return server.client.create_deployment(f"unwell-{way}", "unwell", {"way": way}).name


def test_plugins_are_listed_with_what_became_of_them(house: Server) -> None:
    states = {plugin.name: plugin.state for plugin in house.client.plugins()}
    loaded, failed = PluginState.LOADED, PluginState.FAILED
    assert {name: states[name] for name in ("patient", "unwell", "footlight-recommend")} == dict.fromkeys(
        ("patient", "unwell", "footlight-recommend"), loaded
    )
    assert [states[name] for name in ("raises", "squatter", "misspelt")] == [failed] * 3


def test_only_the_plugins_that_are_allowed_are_imported(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir), "--allow-plugin", "patient", "--isolate", "patient")
    states = {plugin.name: plugin.state for plugin in server.client.plugins()}
    assert states["patient"] == states["footlight-recommend"] == PluginState.LOADED
    assert states["unwell"] == states["raises"] == PluginState.DISABLED


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [("raises", "no licence found"), ("squatter", "popular"), ("misspelt", "register_engine")],
)
def test_failed_plugins_tell_their_reason(house: Server, plugin: str, reason: str) -> None:
    (found,) = (one for one in house.client.plugins() if one.name == plugin)
    assert reason in found.reason and not found.engines


def test_a_strangers_engine_is_offered_with_its_options(house: Server) -> None:
    engines = {engine.name: engine for engine in house.client.engines()}
    assert "steps" in engines["patient"].options_schema["properties"]
    assert engines["popular"].plugin == "footlight-recommend"  # the built-in kept its name


def test_a_strangers_engine_serves(house: Server) -> None:
    answer = house.client.recommend("a-03", 3, deployment="unwell")
    assert [line.item_id for line in answer] == ["d19", "d18", "d17"] and not answer.fallback


def test_an_exception_of_an_engine_stays_in_the_log(house: Server) -> None:
    with pytest.raises(InternalError) as fault:
        house.client.recommend("a-03", deployment=unwell(house, "raise"))
    assert fault.value.error_id and "secret" not in str(fault.value) + str(fault.value.metadata)
    assert fault.value.error_id in house.log and "secret of recommend" in house.log


@pytest.mark.parametrize("way", GARBAGE)
def test_a_ranking_that_is_none_is_not_passed_on(house: Server, way: str) -> None:
    with pytest.raises(InternalError) as fault:
        house.client.recommend("a-03", 5, deployment=unwell(house, way))
    assert fault.value.error_id and "engine 'unwell' answered" in house.log
    assert len(house.client.recommend("a-03", 5)) == 5


def test_no_ranking_at_all_gets_the_fallback(house: Server) -> None:
    answer = house.client.recommend("a-03", 5, deployment=unwell(house, "nothing"))
    assert answer.fallback and len(answer) == 5


def test_a_deleted_item_is_kept_out_of_a_strangers_ranking(
    server_factory: Start, stocked: Server, plugins_dir: Path
) -> None:
    stocked.client.delete_item("d05")
    stocked.stop()
    server = server_factory("--plugins-dir", str(plugins_dir))
    with pytest.raises(InternalError):
        server.client.recommend("a-03", 1, deployment=unwell(server, "deleted"))


def test_an_engine_that_cannot_follow_the_log_stops_alone(
    server_factory: Start, stocked: Server, plugins_dir: Path
) -> None:
    stocked.stop()
    server = server_factory("--plugins-dir", str(plugins_dir))
    name = unwell(server, "apply")
    recorded = server.client.record_events([Event("a-03", "a01", EventKind.PLAY)])
    assert recorded.recorded == 1
    assert server.client.recommend("a-03", deployment=name).fallback
    assert server.client.recommend("a-03").log_position == recorded.log_position


def test_an_engine_that_cannot_forget_is_made_anew(server_factory: Start, stocked: Server, plugins_dir: Path) -> None:
    stocked.stop()
    server = server_factory("--plugins-dir", str(plugins_dir))
    server.client.forget_user("a-03")
    assert len(server.client.recommend("a-04", deployment="unwell")) == 10


def test_a_deployment_whose_plugin_is_gone_is_left_out(
    server_factory: Start, stocked: Server, plugins_dir: Path
) -> None:
    stocked.stop()
    server = server_factory("--plugins-dir", str(plugins_dir))
    unwell(server, "none")
    server.stop()
    server = server_factory()
    assert "unwell-none" not in [one.name for one in server.client.deployments()]
    assert "unwell-none" in server.log


def test_a_disabled_plugin_is_not_loaded(server_factory: Start) -> None:
    server = server_factory("--disable", "footlight-act")
    (found,) = (one for one in server.client.plugins() if one.name == "footlight-act")
    assert found.state is PluginState.DISABLED
    with pytest.raises(FailedPrecondition, match="no engine is installed for act"):
        server.client.create_agent("x", 2, 2)
