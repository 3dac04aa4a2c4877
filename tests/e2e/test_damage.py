"""Damaged model files of every kind: a clear refusal, nothing else is hurt, and whole files serve without a restart."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Server, Shelf

from footlight import FailedPrecondition, NotFound

if TYPE_CHECKING:
    from tests.e2e.conftest import Start

ARRAYS, MANIFEST = "state.safetensors", "manifest.json"


def cut(name: str) -> Callable[[Path], None]:
    """Leave half of a file of the version."""

    def damage(version: Path) -> None:
        data = (version / name).read_bytes()
        (version / name).write_bytes(data[: len(data) // 2])

    return damage


def flip(name: str) -> Callable[[Path], None]:
    """Change one bit in the middle of a file of the version."""

    def damage(version: Path) -> None:
        data = bytearray((version / name).read_bytes())
        data[len(data) // 2] ^= 1
        (version / name).write_bytes(data)

    return damage


def drop(name: str) -> Callable[[Path], None]:
    """Remove a file of the version."""
    return lambda version: (version / name).unlink()


def fold(name: str) -> Callable[[Path], None]:
    """Put a directory in the place of a file of the version."""

    def damage(version: Path) -> None:
        (version / name).unlink()
        (version / name).mkdir()

    return damage


def clear(version: Path) -> None:
    """Leave the version's directory empty."""
    shutil.rmtree(version)
    version.mkdir()


def garble(version: Path) -> None:
    """Write something else that is JSON over the manifest."""
    (version / MANIFEST).write_text("[]")


DAMAGE = {
    "arrays cut": cut(ARRAYS),
    "arrays flipped": flip(ARRAYS),
    "arrays gone": drop(ARRAYS),
    "arrays a directory": fold(ARRAYS),
    "manifest cut": cut(MANIFEST),
    "manifest flipped": flip(MANIFEST),
    "manifest gone": drop(MANIFEST),
    "manifest a directory": fold(MANIFEST),
    "manifest something else": garble,
    "directory empty": clear,
}


@pytest.fixture(params=DAMAGE.values(), ids=list(DAMAGE))
def damage(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Damages the version in that directory."""
    done: Callable[[Path], None] = request.param
    return done


@pytest.fixture(scope="module")
def mended(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server on the trained data, for tests that mend what they damage."""
    data_dir = tmp_path_factory.mktemp("mended") / "data"
    shelf.copy(trained_data, data_dir)
    server = Server(data_dir, *shelf.arguments(data_dir))
    yield server
    server.kill()


@pytest.fixture
def first(mended: Server, tmp_path: Path) -> Iterator[Path]:
    """The directory of its version 1, which does not serve; whole again after the test."""
    version, whole = version_of(mended, 1), tmp_path / "whole"
    shutil.copytree(version, whole)
    yield version
    version.unlink() if version.is_file() else shutil.rmtree(version, ignore_errors=True)
    shutil.copytree(whole, version)
    mended.client.activate_model("item-knn", 2)


def version_of(server: Server, number: int) -> Path:
    return server.data_dir / "models" / "item-knn" / f"{number:06d}"


def neighbours(server: Server) -> int:
    """How many similar items version 1 (one) and version 2 (up to thirty) know."""
    return len(server.client.similar_items("a04", 40, deployment="item-knn"))


def test_each_damage_is_refused_clearly_and_hurts_nothing_else(
    mended: Server, first: Path, damage: Callable[[Path], None]
) -> None:
    damage(first)
    with pytest.raises(FailedPrecondition) as refusal:
        mended.client.activate_model("item-knn", 1)
    assert refusal.value.reason == "MODEL_DAMAGED" and neighbours(mended) > 1
    assert str(mended.data_dir) not in str(refusal.value) and str(mended.data_dir) in mended.log


def test_a_version_that_is_mended_serves_without_a_restart(mended: Server, first: Path, tmp_path: Path) -> None:
    clear(first)
    with pytest.raises(FailedPrecondition):
        mended.client.activate_model("item-knn", 1)
    shutil.copytree(tmp_path / "whole", first, dirs_exist_ok=True)
    assert mended.client.activate_model("item-knn", 1).active and neighbours(mended) == 1


@pytest.mark.parametrize("damage", [flip(ARRAYS), clear], ids=["arrays flipped", "directory empty"])
def test_the_version_before_serves_after_a_start_with_a_damaged_one(
    server_factory: Start, stocked: Server, damage: Callable[[Path], None]
) -> None:
    stocked.stop()
    damage(version_of(stocked, 2))
    server = server_factory()
    assert neighbours(server) == 1 and "version 2 of 'item-knn' is damaged" in server.log
    assert server.client.train("item-knn", {"k": 30}).model_version == 3 and neighbours(server) > 1


def test_a_file_in_place_of_a_version_hides_no_other(mended: Server, first: Path) -> None:
    shutil.rmtree(first)
    first.write_text("not a directory")
    assert [model.version for model in mended.client.models("item-knn") if not model.problem] == [2]
    with pytest.raises((FailedPrecondition, NotFound)):
        mended.client.activate_model("item-knn", 1)


@pytest.mark.parametrize("damage", [flip, drop])
def test_an_agent_whose_stored_state_is_damaged_is_replayed(
    server_factory: Start, damage: Callable[[str], Callable[[Path], None]]
) -> None:
    server = server_factory()
    server.client.create_agent("player", 3, 2, seed=1)
    for step in range(60):  # so many that they are stored
        server.client.act("player", "s", step % 3, reward=float(step % 2) if step else None, request_id=f"{step}")
    before = server.client.act("player", "s", 0, reward=1.0, request_id="last")
    server.stop()
    stored = list((server.data_dir / "models").glob("agent-*/*"))
    for state in stored:
        damage(ARRAYS)(state)
    client = server_factory().client
    assert stored and client.agent("player").learned_steps == 60
    assert client.act("player", "s", 0, reward=1.0, request_id="last") == before
