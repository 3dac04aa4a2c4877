"""The command line against a real server, as a person types it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import TrainingState

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

FILMS = "movieId,title,genres\n1,Alien (1979),Horror|Sci-Fi\n2,Big (1988),Comedy\n3,Cube (1997),Horror\n"
STARS = "userId,movieId,rating,timestamp\n7,1,5,100\n7,2,3,101\n8,1,4,102\n8,3,5,103\n"

Cli = Callable[..., subprocess.CompletedProcess[str]]
Type = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def server(server_factory: Start) -> Server:
    return server_factory()


@pytest.fixture
def at(run_cli: Cli) -> Callable[[Server], Type]:
    """Types commands at a server."""
    return lambda server: lambda *words: run_cli(*words, address=server.address)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def answer(outcome: subprocess.CompletedProcess[str]) -> Any:
    """What a command with --json printed."""
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


def test_from_files_to_recommendations(
    server: Server, at: Callable[[Server], Type], table: Callable[[str, str], Path]
) -> None:
    footlight = at(server)
    films, stars = table("films.csv", FILMS), table("stars.csv", STARS)
    imported = footlight("import", "--items", films, "--events", stars)
    assert imported.returncode == 0 and "3 new" in imported.stdout and "4 recorded" in imported.stdout
    assert "4 recorded before" in footlight("import", "--events", stars).stdout
    trained = answer(footlight("train", "item-knn", "--option", "k=5", "--json"))
    assert (trained["state"], trained["model_version"]) == ("succeeded", 1)
    found = answer(footlight("recommend", "7", "--count", "3", "--json"))
    assert [line["title"] for line in found["items"]] == ["Cube (1997)"] and "Alien" in found["items"][0]["why"]
    assert answer(footlight("models", "item-knn", "--json"))[0]["options"]["k"] == 5


def test_a_bad_line_is_named_and_nothing_is_written(
    server: Server, at: Callable[[Server], Type], table: Callable[[str, str], Path]
) -> None:
    footlight = at(server)
    films, stars = table("films.csv", FILMS), table("stars.csv", STARS + "9,2,many,104\n")
    strict = footlight("import", "--items", films, "--events", stars)
    assert strict.returncode == 2 and "line 6" in strict.stderr
    assert not list(server.client.items())
    lenient = footlight("import", "--items", films, "--events", stars, "--skip-bad-lines")
    assert lenient.returncode == 0 and "4 recorded" in lenient.stdout and "line 6" in lenient.stdout


def test_a_corpus_becomes_files_that_were_never_there(
    gallery: Server, at: Callable[[Server], Type], tmp_path: Path
) -> None:
    words = ("generate", "--engine", "mlp-gan", "--count", "2", "--seed", "4", "--out", tmp_path / "out", "--json")
    made = answer(at(gallery)(*words))
    assert [one["asset"]["seed"] for one in made] == [4, 5]
    assets = ["mlp-gan-v1-4.npy", "mlp-gan-v1-5.npy"]
    manifests = [f"{name}.c2pa" for name in assets]  # an array has no room for one of its own
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(assets + manifests)


def test_ctrl_c_stops_watching_and_the_training_goes_on(
    house: Server, tmp_path: Path, table: Callable[[str, str], Path]
) -> None:
    words = ["train", "patient", "--corpus", str(table("words.txt", "once upon")), "--option", "steps=1000000"]
    command = [sys.executable, "-m", "footlight.cli", *words, "--address", house.address]
    typed = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (running := [job for job in house.client.trainings("patient") if job.step > 0 and not job.ended]):
        assert typed.poll() is None
        time.sleep(0.05)
    typed.send_signal(signal.SIGINT)
    _, said = typed.communicate()
    assert typed.returncode == 0 and f"footlight watch {running[0].training_id}" in said
    stopped = house.client.cancel_training(running[0].training_id)
    assert stopped.state is TrainingState.CANCELLED  # it was still running


def test_an_agent_is_made_and_acts(scratch: Server, at: Callable[[Server], Type]) -> None:
    footlight = at(scratch)
    made = answer(footlight("agent", "create", "typed", "--observations", "4", "--actions", "2", "--json"))
    assert made["agent_id"] == "typed"
    decision = answer(footlight("act", "typed", "--session", "s", "--observation", "1", "--json"))
    assert decision["action"] in (0, 1)
    ended = footlight("act", "typed", "--session", "s", "--end", "terminated", "--reward", "1")
    assert ended.returncode == 0 and "total reward 1" in ended.stdout


@pytest.mark.parametrize("command", ["engines", "deployments", "agents"])
def test_lists_are_printed_for_people_and_machines(house: Server, at: Callable[[Server], Type], command: str) -> None:
    assert at(house)(command).returncode == 0
    assert isinstance(answer(at(house)(command, "--json")), list)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("recommend", "x", "--deployment", "nope"), "no deployment named 'nope'"),
        (("recommend", "x", "--deployment", "itm-knn"), "no deployment named 'itm-knn'; there is 'item-knn'"),
        (("deployment", "create", "wide", "item_knn"), "no engine named 'item_knn'; there is 'item-knn'"),
        (("train", "mlp-gan"), "corpus_id"),
        (("train", "item-knn", "--option", "kk=3"), "kk"),
        (("train", "item-knn", "--option", "k=three"), "options.k"),
        (("activate", "item-knn", "77"), "item-knn/77"),
        (("act", "nobody", "--session", "s", "--observation", "0"), "no agent named 'nobody'"),
        (("watch", "nope"), "no training named 'nope'"),
        (("similar", "nope"), "no item named 'nope'"),
    ],
)
def test_what_the_server_refuses_ends_with_1(
    house: Server, at: Callable[[Server], Type], words: tuple[str, ...], message: str
) -> None:
    outcome = at(house)(*words)
    assert outcome.returncode == 1 and message in outcome.stderr and "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("recommend", "x", "--count", "0"),
        ("recommend",),
        ("train", "item-knn", "--option", "k"),
        ("import", "--items", "/no/such/file.csv"),
        ("act", "a", "--session", "s"),
        ("forget", "somebody"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(house: Server, at: Callable[[Server], Type], words: tuple[str, ...]) -> None:
    outcome = at(house)(*words)
    assert outcome.returncode == 2 and "Traceback" not in outcome.stderr


def test_no_server_ends_with_3(run_cli: Cli) -> None:
    outcome = run_cli("engines", address="127.0.0.1:1")
    assert outcome.returncode == 3 and "footlight serve" in outcome.stderr


def test_an_error_is_json_where_json_was_asked_for(house: Server, at: Callable[[Server], Type]) -> None:
    outcome = at(house)("recommend", "x", "--deployment", "nope", "--json")
    assert json.loads(outcome.stderr)["error"]["code"] == "NOT_FOUND"
