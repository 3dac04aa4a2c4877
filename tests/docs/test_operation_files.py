"""The files that an operator takes from docs/operations load as they are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from footlight.cli.app import build
from footlight_server.telemetry.exposition import Exposition, ServerView

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "docs" / "operations"
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


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze comes with systemd")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "footlight.service"
    there = shutil.which("true") or ""  # a command that is on every machine stands for the one that is installed
    unit.write_text((FILES / "footlight.service").read_text().replace("/opt/footlight/bin/footlight", there))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_may_write_where_the_configuration_file_says() -> None:
    unit = (FILES / "footlight.service").read_text()
    state = Path("/var/lib", *re.findall(r"^StateDirectory=(.*)$", unit, re.MULTILINE))
    written = [tomllib.loads((FILES / "footlight.toml").read_text())["data-dir"]]
    written += re.findall(r"^(?:WorkingDirectory|Environment=NUMBA_CACHE_DIR)=(.*)$", unit, re.MULTILINE)
    assert len(written) == 3 and all(Path(path).is_relative_to(state) for path in written)


def instructions(name: str) -> list[str]:
    """What follows upon an instruction of the container file, wherever it stands."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", (FILES / "Containerfile").read_text(), flags=re.MULTILINE))
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def container() -> dict[str, str]:
    """The variables of the container."""
    return dict(one.partition("=")[::2] for line in instructions("ENV") for one in line.split())


def test_the_container_is_built_from_what_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"'\.\[(.*)\]'", " ".join(instructions("RUN")))
    (constraints,) = re.findall(r" -c (\S+)", " ".join(instructions("RUN")))
    assert set(extras.split(",")) <= set(project["optional-dependencies"]) and (ROOT / constraints).is_file()
    assert project["requires-python"] == ">=3.11" and set(instructions("FROM")) == {
        "docker.io/library/python:3.11-slim AS build",
        "docker.io/library/python:3.11-slim",
    }


def test_the_container_starts_a_command_that_it_has() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    (command,) = (json.loads(line) for line in instructions("ENTRYPOINT"))
    assert command[0] in scripts and command[1] in typer.main.get_command(build()).commands  # type: ignore[attr-defined]


def test_the_container_is_asked_for_its_health_where_it_answers() -> None:
    variables, (checked,) = container(), instructions("HEALTHCHECK")
    ports = [variables[name].rpartition(":")[2] for name in ("FOOTLIGHT_LISTEN", "FOOTLIGHT_METRICS_LISTEN")]
    assert instructions("EXPOSE") == [" ".join(ports)] and f":{ports[1]}/livez" in checked


def test_the_server_takes_the_variables_of_the_container() -> None:
    environment = os.environ | {name: value for name, value in container().items() if name.startswith("FOOTLIGHT_")}
    command = [sys.executable, "-m", "footlight.cli", "config", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    shown = json.loads(done.stdout)
    assert [shown[name]["source"] for name in ("listen", "access-log", "drain-seconds")] == ["environment"] * 3


def test_nothing_private_is_sent_to_the_build_of_the_container() -> None:
    ignored = set((ROOT / ".dockerignore").read_text().split())
    assert {".git", ".venv", "footlight-data", "footlight-demo", "*.pem"} <= ignored


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's package prometheus")
@pytest.mark.parametrize(
    "check",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml"), ("check", "config", "prometheus.yml")],
)
def test_prometheus_takes_the_rules(check: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *check], cwd=FILES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
