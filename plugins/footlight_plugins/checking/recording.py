"""A pytest plug-in that writes down what became of each test: a line of JSON when it begins, one when it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

RECORD = "FOOTLIGHT_CHECK_RECORD"
"""The environment variable that names the file."""
_OURS = Path(__file__).parents[1]


def pytest_runtest_logstart(nodeid: str) -> None:
    """It begins; where no end follows, the process died or hung in it."""
    _write({"test": nodeid, "began": True})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """It has passed, been skipped or failed, in one of its phases."""
    if report.when == "call" or report.outcome != "passed":
        _write({"test": report.nodeid, "outcome": report.outcome, **_details(report)})


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """The tests could not even be put together, for instance because the engine's module raised."""
    if report.failed:
        _write({"test": "", "outcome": "failed", **_details(report)})


def _details(report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any]:
    if report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        return {"message": str(reason).removeprefix("Skipped: ")}
    if report.outcome == "passed":
        return {}
    crash = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash is not None else report.longreprtext.strip().splitlines()[-1]
    return {"message": message, "place": _place(report.longrepr)}


def _place(found: Any) -> str:
    """The innermost line of the plug-in's own in the traceback; empty where only others' code is in it."""
    entries = getattr(getattr(found, "reprtraceback", None), "reprentries", ())
    for entry in reversed(entries):
        location = getattr(entry, "reprfileloc", None)
        if location is not None and _is_theirs(Path(location.path)):
            return f"{location.path}:{location.lineno}"
    return ""


def _is_theirs(path: Path) -> bool:
    inside = (Path.cwd() / path).resolve()  # pytest tells places as seen from its folder
    others = ("site-packages/numpy", "site-packages/torch", "site-packages/_pytest", "site-packages/pydantic")
    return inside.name != "test_plugin.py" and _OURS not in inside.parents and not any(o in str(inside) for o in others)


def _write(line: Mapping[str, Any]) -> None:
    with open(os.environ[RECORD], "a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")
