"""The files that an operator takes from docs/operations load as they are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from footlight.cli.app import build
from footlight_server.telemetry.exposition import Exposition, ServerView

FILES = Path(__file__).resolve().parents[2] / "docs" / "operations"
WORDS = {"sum", "by", "rate", "min", "max", "le", "histogram_quantile", "increase", "deriv", "instance", "deployment"}
NOT_OURS = {"up", "label_values"}
"""Prometheus itself makes the first; the second is Grafana's."""


def exported() -> set[str]:
    """Every name that the server exports, of the samples as well."""
    text = Exposition(lambda: ServerView(True, 0.0, 0, 0, [])).text().decode()
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


def named(expression: str) -> set[str]:
    """The metrics in an expression: names before a selector, a range, an operator or the end."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"|\bby \([^)]*\)", " ", expression)
    return set(re.findall(r"[a-z_][a-z0-9_]*", bare)) - WORDS - NOT_OURS


def dashboard() -> Any:
    return json.loads((FILES / "grafana-dashboard.json").read_text())


def expressions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for variable in dashboard()["templating"]["list"]:
        yield from filter(None, [re.sub(r"label_values\(|, \w+\)", " ", variable.get("definition", ""))])
    text = (FILES / "alerts.yml").read_text()
    yield from (found[1] for found in re.finditer(r"expr: (?!\|)(.*)", text))
    yield from (found[1] for found in re.finditer(r"expr: \|\n((?: {10,}.*\n)+)", text))


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_metric_of_the_dashboard_and_the_rules_is_exported(expression: str) -> None:
    assert named(expression) or expression.startswith("up{")
    assert named(expression) <= exported()


def test_the_dashboard_asks_for_its_data_source_and_gives_each_panel_a_place() -> None:
    board = dashboard()
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "instance"}
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(places) == len(set(places))


def options() -> set[str]:
    command: Any = typer.main.get_command(build())
    return {option.removeprefix("--") for one in command.commands["serve"].params for option in one.opts}


def test_the_options_of_the_configuration_file_exist() -> None:
    assert set(tomllib.loads((FILES / "footlight.toml").read_text())) <= options()


def test_the_variables_of_the_container_are_options() -> None:
    named = re.findall(r"FOOTLIGHT_([A-Z_]+)=", (FILES / "Containerfile").read_text())
    assert named and {name.lower().replace("_", "-") for name in named} <= options()


def test_the_unit_starts_the_server_with_the_configuration_file() -> None:
    (started,) = re.findall(r"^ExecStart=(.*)$", (FILES / "footlight.service").read_text(), re.MULTILINE)
    assert started.split()[1:] == ["serve", "--config", "/etc/footlight/footlight.toml"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's package prometheus")
@pytest.mark.parametrize(
    "check",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml"), ("check", "config", "prometheus.yml")],
)
def test_prometheus_takes_the_rules(check: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *check], cwd=FILES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
