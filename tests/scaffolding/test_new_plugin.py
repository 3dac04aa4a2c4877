"""What `footlight new-plugin` writes works at once: its tests pass, and a server serves it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import footlight
from footlight import Event, EventKind, Item
from footlight_plugins import Verb
from footlight_plugins.testing.generator import npy

if TYPE_CHECKING:
    from tests.scaffolding.conftest import Workshop

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture(scope="module")
def client(workshop: Workshop) -> Iterator[footlight.Client]:
    """A server that was started after the plug-ins had been installed."""
    ready = workshop.folder / "address"
    command = [str(workshop.python), "-m", "footlight.cli", "serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]
    with (workshop.folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, "--ready-file", str(ready)], cwd=workshop.folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while not ready.exists() and server.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert ready.exists(), (workshop.folder / "log").read_text()
        with footlight.Client(ready.read_text().strip()) as made:
            yield made
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("verb", Verb)
def test_its_tests_pass_at_once(workshop: Workshop, verb: Verb) -> None:
    done = workshop.run(["-m", "pytest", "-q", "-p", "no:cacheprovider"], workshop.folder / f"footlight-my-{verb}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize("verb", Verb)
def test_it_is_typed_and_tidy(workshop: Workshop, verb: Verb) -> None:
    folder, config = workshop.folder / f"footlight-my-{verb}", ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, *config, str(folder)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_the_command_writes_it_and_says_what_comes_next(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "footlight.cli", "new-plugin", "footlight-mood", "--in", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "pip install -e '.[dev]'" in done.stdout
    again = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert again.returncode == 2 and "is there already" in json.loads(again.stderr)["error"]["message"]


def test_a_restarted_server_shows_all_of_them(client: footlight.Client) -> None:
    states = {plugin.name: (plugin.state, plugin.distribution) for plugin in client.plugins()}
    assert all(states[f"my-{verb}"] == ("loaded", f"footlight-my-{verb}") for verb in Verb)


def test_the_recommender_recommends(client: footlight.Client) -> None:
    client.put_items([Item(f"m{i}", title=f"Film {i}") for i in range(4)])
    client.record_events([Event(f"u{i}", "m3", EventKind.PLAY) for i in range(3)] + [Event("u0", "m1", EventKind.PLAY)])
    answer = client.recommend("somebody", 2, deployment="my-recommend")
    assert [line.item_id for line in answer] == ["m3", "m1"] and answer.deployment == "my-recommend"


def test_the_agent_acts_and_learns(client: footlight.Client) -> None:
    client.create_agent("gambler", 1, 2, deployment="my-act", seed=1)
    move = client.act("gambler", "s", 0)
    for _ in range(30):
        move = client.act("gambler", "s", 0, reward=float(move.action))
    assert client.act("gambler", "s", 0, reward=float(move.action), exploit=True).action == 1


def test_the_generator_is_trained_and_generates(client: footlight.Client) -> None:
    rng = np.random.default_rng(0)
    corpus = client.upload_corpus("bumps", {f"{i}.npy": npy(rng.normal(size=(4, 4))) for i in range(20)})
    client.train("my-generate", corpus_id=corpus.corpus_id)
    made = list(client.generate(2, deployment="my-generate"))
    assert len(made) == 2 and made[0].media_type == "application/x-npy"
