"""Runs the suite of one engine or part in a process of its own, so that nothing it does can hide what it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from footlight_plugins.checking.finding import Candidate, Offer
from footlight_plugins.checking.recording import RECORD
from footlight_plugins.checking.report import Report, read_report
from footlight_plugins.contract import EngineSpec

_TEST = """from footlight_plugins.checking.suites import suite_of

TestPlugin = suite_of({order!r})
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """How to check an engine or a part."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options to check it with, where its defaults are too slow."""
    corpus: Path | None = None
    """A folder to train a generator on."""
    bound: float = 0.0
    """By how much scores of a BOUNDED engine may differ."""
    seconds: float = 600.0
    """How long all tests together may take."""


def check_offer(candidate: Candidate, offer: Offer, terms: Terms, tell: Callable[[int], None]) -> Report:
    """Run all tests of its suite. ``tell`` hears how many have ended, now and then."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        record.touch()
        (Path(folder) / "test_plugin.py").write_text(_TEST.format(order=_order(candidate, offer, terms)))
        (Path(folder) / "pytest.ini").write_text("[pytest]\n")
        outcome = _run(Path(folder), record, terms.seconds, tell)
        return read_report(record, outcome)


def _order(candidate: Candidate, offer: Offer, terms: Terms) -> str:
    return json.dumps(
        {
            "role": "" if isinstance(offer, EngineSpec) else str(offer.role),
            "name": offer.name,
            "module": candidate.module,
            "folder": str(candidate.folder) if candidate.folder else "",
            "options": dict(terms.options),
            "corpus": str(terms.corpus.resolve()) if terms.corpus else "",
            "bound": terms.bound,
        }
    )


def _run(folder: Path, record: Path, seconds: float, tell: Callable[[int], None]) -> str:
    """Empty where the process came to an end of its own; else what became of it."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "footlight_plugins.checking.recording",
    ]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [*command, "--import-mode=importlib", "-c", "pytest.ini", "test_plugin.py"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, RECORD: str(record), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        code = _awaited(process, record, seconds, tell)
    if code is None:
        return f"it was still running after {seconds:g} s and was ended"
    if code in (0, 1, 2, 5):  # pytest's own codes: all passed, some failed, interrupted, nothing collected
        return ""
    return f"its process ended with code {code}: " + _last_line(folder / "output")


def _awaited(process: subprocess.Popen[bytes], record: Path, seconds: float, tell: Callable[[int], None]) -> int | None:
    """The exit code; None where it took too long, and was killed."""
    waited, step = 0.0, 0.2
    while waited < seconds:
        try:
            return process.wait(step)
        except subprocess.TimeoutExpired:
            waited += step
            tell(record.read_text(encoding="utf-8").count('"outcome"'))
    process.kill()
    process.wait()
    return None


def _last_line(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
