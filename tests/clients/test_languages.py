"""Every client does what the cases say and agrees with the wire: make test-clients builds and runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients import agreement
from tests.clients.connections import connection_cases, unexpected_connections
from tests.clients.hostile import hostile_cases, unexpected_statuses
from tests.clients.languages import BUILD, CLIENTS, LANGUAGES, ROOT, Language, Missing
from tests.clients.runs import LONGEST_RUN, Outcomes, Run, Workshop

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

pytestmark = pytest.mark.clients


@pytest.fixture(scope="session")
def runs(
    workshop: Workshop,
    server: Server,
    reference: Outcomes,
    hostile_servers: Mapping[str, str],
    guarded_servers: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, Run]]:
    """The runner of each client, at work: with most of its cases it waits for an answer that does not come.

    The reference is there before: two runs at a time would delete each other's corpus, whose id follows from its bytes.
    """
    elsewhere = tmp_path_factory.mktemp("cases") / "elsewhere.json"
    cases = [*hostile_cases(hostile_servers), *connection_cases(guarded_servers)]
    elsewhere.write_text(json.dumps({"cases": cases}))
    with ThreadPoolExecutor(2 * len(LANGUAGES)) as pool:
        yield {one.name: Run(pool, workshop, one.name, (server.address, elsewhere)) for one in LANGUAGES}


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.name)
def run(request: pytest.FixtureRequest, workshop: Workshop, runs: Mapping[str, Run]) -> Run:
    """The runner of one client; without what that is built from the test is skipped."""
    made(workshop, request.param.name)
    return runs[request.param.name]


def made(workshop: Workshop, name: str) -> None:
    """Wait until it is built; without what it is built from the test is skipped."""
    try:
        workshop.made(name)
    except Missing as missing:
        pytest.skip(str(missing))


def test_the_client_does_what_the_cases_say(run: Run, reference: Outcomes) -> None:
    outcomes = run.cases.result()
    assert agreement.unexpected(outcomes, run.name) == []
    assert agreement.disagreements(outcomes, reference, (run.name, "run-wire")) == []
    assert agreement.disagreements(reference, outcomes, ("run-wire", run.name)) == []


def test_the_client_does_not_hang_and_says_what_is_wrong(run: Run) -> None:
    assert unexpected_statuses(run.elsewhere.result().values()) == []


def test_the_client_trusts_whom_it_is_told_to(run: Run, guarded_servers: Mapping[str, str]) -> None:
    assert unexpected_connections(run.elsewhere.result().values(), guarded_servers) == []


EXAMPLES = [language for language in LANGUAGES if language.example]


@pytest.mark.parametrize("language", EXAMPLES, ids=lambda language: language.name)
def test_the_example_runs_by_tls_with_a_token(
    language: Language, workshop: Workshop, guarded_servers: Mapping[str, str], tmp_path: Path
) -> None:
    made(workshop, language.name)
    known = guarded_servers
    command = [str(BUILD / language.name / "example"), known["tls"], known["ca"], str(tmp_path / "made")]
    told = passes(command, ROOT, {"FOOTLIGHT_TOKEN": known["full_token"]}).splitlines()
    assert told[0] == "recommended: m2" and told[1:] == [
        "files: 2",
        "reward: REWARD_STATUS_RECORDED",
        "decisions: 10",
        "refused: INVALID_ARGUMENT count",
    ]
    assert {"mlp-gan-v1-7.npy", "mlp-gan-v1-8.npy"} <= {path.name for path in (tmp_path / "made").iterdir()}


@pytest.mark.parametrize("language", EXAMPLES, ids=lambda language: language.name)
def test_the_example_is_what_the_readme_shows(language: Language) -> None:
    folder = CLIENTS / language.name
    assert (folder / language.example).read_text() in (folder / "README.md").read_text()


def test_what_the_node_client_says_by_itself(
    workshop: Workshop, server: Server, hostile_servers: Mapping[str, str]
) -> None:
    made(workshop, "node")
    told = {"FOOTLIGHT_ADDRESS": server.address, "FOOTLIGHT_HOSTILE": json.dumps(dict(hostile_servers))}
    passes(["npm", "test", "--silent"], CLIENTS / "node", told)


def test_browsers_can_call(workshop: Workshop, server: Server, page_origin: str, tmp_path: Path) -> None:
    """The page of one file, and the official Connect client, in Chromium without a window."""
    made(workshop, "web")
    browser = shutil.which("chromium") or ""
    told = {"FOOTLIGHT_WEB": server.web, "FOOTLIGHT_PAGE": page_origin, "CHROMIUM": browser, "HOME": str(tmp_path)}
    passes(["node", "--test", "test/browser.test.mjs"], CLIENTS / "web", told)


def passes(command: Sequence[str], folder: Path, told: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | told, capture_output=True, text=True, timeout=LONGEST_RUN
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout
