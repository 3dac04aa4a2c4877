"""What the tests of an engine came to, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footlight_plugins.checking.advice import advice_for


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise that an engine does not keep."""

    test: str
    """The name of the test."""
    promise: str
    """What every engine promises, in words."""
    happened: str
    """What was seen instead: one line."""
    place: str
    """File and line of the plug-in; empty where the fault shows only in what came out."""
    mend: str
    """What usually helps."""
    cases: int = 1
    """In how many cases, where the test has several."""


@dataclass(frozen=True, slots=True)
class Report:
    """All tests of one engine."""

    passed: int
    skipped: Mapping[str, str]
    """Tests that do not apply, and why."""
    findings: tuple[Finding, ...]
    unfinished: str = ""
    """Where the tests did not come to an end: why, and in which one."""

    @property
    def ok(self) -> bool:
        """Whether every promise is kept."""
        return not self.findings and not self.unfinished and self.passed > 0

    def json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        findings = [{name: getattr(one, name) for name in Finding.__slots__} for one in self.findings]
        return {
            "ok": self.ok,
            "passed": self.passed,
            "skipped": dict(self.skipped),
            "findings": findings,
            "unfinished": self.unfinished,
        }


def read_report(record: Path, outcome: str) -> Report:
    """From what was recorded; ``outcome`` says what became of the process, where it did not end by itself."""
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    ended: dict[str, dict[str, Any]] = {}
    for line in lines:
        if "outcome" in line and ended.get(line["test"], {}).get("outcome") != "failed":
            ended[line["test"]] = line
    open_ones = [line["test"] for line in lines if line.get("began") and line["test"] not in ended]
    where = f", in the test {_name(open_ones[-1])}" if open_ones else ""
    return Report(
        passed=sum(line["outcome"] == "passed" for line in ended.values()),
        skipped={_name(t): line["message"] for t, line in ended.items() if line["outcome"] == "skipped"},
        findings=_findings(line for line in ended.values() if line["outcome"] == "failed"),
        unfinished=f"{outcome}{where}" if outcome else "",
    )


def _findings(failed: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """One for each test, however many of its cases failed."""
    cases: dict[str, list[Mapping[str, Any]]] = {}
    for line in failed:
        cases.setdefault(_name(line["test"]), []).append(line)
    return tuple(_finding(name, lines) for name, lines in cases.items())


def _finding(name: str, lines: list[Mapping[str, Any]]) -> Finding:
    first = lines[0]
    promise = name.removeprefix("test_").replace("_", " ") if name else "the engine can be imported and made"
    happened = " ".join(str(first["message"]).split("\n")[0].split())
    return Finding(name, promise, happened, first.get("place", ""), advice_for(name), len(lines))


def _name(test: str) -> str:
    """``test_plugin.py::TestPlugin::test_it[case]`` without file, class and case."""
    return test.rpartition("::")[2].partition("[")[0]
