"""The script of behaviour that every client runs: `clients/conformance/cases.json`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

CASES = Path(__file__).resolve().parents[2] / "clients" / "conformance" / "cases.json"
Json = Any
"""What JSON can say."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call: what to send, and what must come back."""

    name: str
    call: str
    request: Json
    expect: Mapping[str, Json]
    keep: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Values of the answer, by path, that later cases name as ``${name}``."""


@dataclass(slots=True)
class Outcome:
    """What came back: an answer in the JSON of the wire, or an error."""

    name: str
    status: str = "OK"
    reason: str = ""
    field: str = ""
    message: str = ""
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    answer: Json = None

    @classmethod
    def read(cls, line: str) -> Outcome:
        """One line of a report."""
        return cls(**json.loads(line))

    def line(self) -> str:
        """The outcome as a line of a report."""
        return json.dumps(asdict(self))


def load() -> list[Case]:
    """All cases in their order."""
    return [Case(**case) for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]]


def filled(value: Json, known: Mapping[str, str]) -> Json:
    """The value with every ``${name}`` in its texts replaced."""
    if isinstance(value, str):
        return Template(value).safe_substitute(known)
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, known) for name, one in value.items()}
    return value


def at(answer: Json, path: str) -> str:
    """The value at a path such as ``assets.1.data``, as text."""
    for part in path.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return str(answer)


def kept(outcomes: Mapping[str, Outcome], run: str) -> dict[str, str]:
    """What the cases keep of the answers, and the name of the run."""
    found = {"run": run}
    for case in load():
        if case.name in outcomes and outcomes[case.name].status == "OK":
            found |= {name: at(outcomes[case.name].answer, path) for name, path in case.keep.items()}
    return found


def played(run: str, ask: Callable[[str, Json], Outcome]) -> Iterator[Outcome]:
    """Ask case after case; ``ask`` takes a call and its request."""
    known = {"run": run}
    for case in load():
        outcome = ask(case.call, filled(case.request, known))
        outcome.name = case.name
        if outcome.status == "OK":
            known |= {name: at(outcome.answer, path) for name, path in case.keep.items()}
        yield outcome
