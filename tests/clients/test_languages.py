"""Every client does what the cases say and agrees with the wire: make test-clients builds and runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients import agreement
from tests.clients.cases import CASES, Outcome
from tests.clients.hostile import hostile_cases, unexpected_statuses
from tests.clients.languages import CLIENTS, LANGUAGES, ROOT, Language, Missing, run

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

pytestmark = pytest.mark.clients
Outcomes = Mapping[str, Outcome]
LONGEST_RUN = 120


@pytest.fixture(scope="module", params=LANGUAGES, ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    chosen: Language = request.param
    return chosen


@pytest.fixture(scope="session")
def builds() -> Iterator[Mapping[str, Future[list[str]]]]:
    """All clients, being built: the tests of one mostly wait, so the next is built meanwhile."""
    with ThreadPoolExecutor(2) as pool:
        yield {language.name: pool.submit(language.made) for language in LANGUAGES}


def built(builds: Mapping[str, Future[list[str]]], name: str) -> list[str]:
    try:
        return builds[name].result()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def runner(builds: Mapping[str, Future[list[str]]], language: Language) -> Sequence[str]:
    """The command of a client's runner, built."""
    return built(builds, language.name)


def report(runner: Sequence[str], cases: Path, address: str, name: str) -> Outcomes:
    """What a runner prints."""
    command = [*runner, str(cases), address, name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_RUN)
    assert done.returncode == 0, done.stderr[-3000:]
    return {one.name: one for one in map(Outcome.read, done.stdout.splitlines())}


def test_the_client_does_what_the_cases_say(
    runner: Sequence[str], language: Language, server: Server, reference: Outcomes
) -> None:
    name = f"run-{language.name}"
    outcomes = report(runner, CASES, server.address, name)
    assert agreement.unexpected(outcomes, name) == []
    assert agreement.disagreements(outcomes, reference, (name, "run-wire")) == []
    assert agreement.disagreements(reference, outcomes, ("run-wire", name)) == []


def test_the_client_does_not_hang_and_says_what_is_wrong(
    runner: Sequence[str], language: Language, hostile_servers: Mapping[str, str], tmp_path: Path
) -> None:
    cases = tmp_path / "hostile.json"
    cases.write_text(json.dumps({"cases": hostile_cases(hostile_servers)}))
    outcomes = report(runner, cases, hostile_servers["empty"], "run-hostile")
    assert unexpected_statuses(outcomes.values()) == []


def test_what_the_node_client_says_by_itself(
    builds: Mapping[str, Future[list[str]]], server: Server, hostile_servers: Mapping[str, str]
) -> None:
    built(builds, "node")
    told = {"FOOTLIGHT_ADDRESS": server.address, "FOOTLIGHT_HOSTILE": json.dumps(dict(hostile_servers))}
    passes(["node", "--test", "test/client.test.mjs"], CLIENTS / "node", told)


def test_browsers_can_call(server: Server, page_origin: str, tmp_path: Path) -> None:
    """The page of one file, and the official Connect client, in Chromium without a window."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None or shutil.which("npm") is None:
        pytest.skip("web: there is no chromium, or no npm; Debian: apt-get install chromium nodejs npm")
    web = CLIENTS / "web"
    try:
        run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], web)
    except Missing as missing:
        pytest.skip(str(missing))
    told = {"FOOTLIGHT_WEB": server.web, "FOOTLIGHT_PAGE": page_origin, "CHROMIUM": browser, "PYTHON": sys.executable}
    passes(["node", "test/bundle.mjs"], web, told)
    passes(["node", "--test", "test/browser.test.mjs"], web, told | {"HOME": str(tmp_path)})


def passes(command: Sequence[str], folder: Path, told: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | told, capture_output=True, text=True, timeout=LONGEST_RUN
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
