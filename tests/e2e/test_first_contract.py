"""Plug-ins that were written against the first version of the contract go on working."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footlight import Event, EventKind, Item

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

FOLDER = Path(__file__).with_name("first_contract")
AS_WRITTEN = {
    "first_agent.py": "f495992023c12049d181ebca94c134f6153f05051458e595edb8519c5e624f48",
    "first_generator.py": "e9f057668e9bb49f16cbdae92cb04b10fd27e56a06faec0ed28481ccfca45f28",
    "first_parts.py": "2aa7686b374b03158fe624c484f772d90138bbc794919957307bcd06c27604f4",
    "first_recommender.py": "4fe50c89fbc931fa001b00949479d4b11cdb44be7404dba0a6e9faef1b2e4b29",
}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that refuses to start if one of them cannot be loaded."""
    from tests.e2e.conftest import Server

    arguments = ("--plugins-dir", str(FOLDER), "--strict-plugins", "--stage", "label=first-label")
    server = Server(tmp_path_factory.mktemp("old"), *arguments)
    yield server
    server.kill()


def test_they_are_as_they_were_written() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(FOLDER.glob("*.py"))}
    assert found == AS_WRITTEN, "what was built against the first contract is never changed"


def test_all_of_them_are_loaded(old: Server) -> None:
    states = {plugin.name: plugin.state for plugin in old.client.plugins()}
    assert [states[Path(name).stem] for name in AS_WRITTEN] == ["loaded"] * len(AS_WRITTEN)


def test_the_recommender_recommends_and_forgets(old: Server) -> None:
    old.client.put_items([Item(f"m{i}", title=f"Film {i}") for i in range(3)])
    old.client.record_events([Event(user, "m2", EventKind.PLAY) for user in "abc"] + [Event("a", "m1", EventKind.PLAY)])
    assert [line.item_id for line in old.client.recommend("z", 2, deployment="first-recommender")] == ["m2", "m1"]
    old.client.forget_user("a")
    assert [line.item_id for line in old.client.recommend("z", 1, deployment="first-recommender")] == ["m2"]


def test_the_generator_generates_and_the_stage_marks_it(old: Server) -> None:
    corpus = old.client.upload_corpus("letters", {"a.txt": b"abcdef"})
    old.client.train("first-generator", corpus_id=corpus.corpus_id)
    (made,) = old.client.generate(1, deployment="first-generator", draw_label=True)
    assert b"first label" in made.data


def test_the_embedder_embeds_texts() -> None:
    from footlight_plugins import EmbedderRole, find_embedder, find_image_embedder
    from footlight_plugins.loader import LoaderConfig, load_plugins

    load_plugins(LoaderConfig(plugins_dir=FOLDER))
    spec, embedder = find_embedder("first-embedder") or pytest.fail("it was not found")
    (vector,) = embedder.embed(["abba"])
    assert spec.role is EmbedderRole.TEXT and vector[:2].tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert find_image_embedder("first-embedder") is None


def test_the_agent_acts_and_learns(old: Server) -> None:
    old.client.create_agent("gambler", 1, 2, deployment="first-agent", seed=1)
    move = old.client.act("gambler", "s", 0)
    for _ in range(30):
        move = old.client.act("gambler", "s", 0, reward=3.0 * move.action)
    assert old.client.act("gambler", "s", 0, reward=3.0 * move.action, exploit=True).action == 1
