"""Checkpoints on disk: whole or not there, the newest two, none from before an erasure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from footlight_plugins import State
from footlight_server.errors import DataLoss, NotFound
from footlight_server.models.checkpoints import Checkpoints, Place
from footlight_server.models.store import Manifest, ModelStore


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path)


@pytest.fixture
def checkpoints(store: ModelStore) -> Checkpoints:
    return store.checkpoints("a")


def save(checkpoints: Checkpoints, version: int, position: int, epoch: int = 0) -> Place:
    manifest = Manifest("popular", log_position=position, erasure_epoch=epoch, version=version)
    return checkpoints.save(State({"x": np.array([position])}, {"n": 1}), manifest)


def test_a_checkpoint_is_loaded_again(checkpoints: Checkpoints) -> None:
    state, manifest = checkpoints.load(save(checkpoints, 2, 70, 3))
    assert state.arrays["x"].tolist() == [70] and state.meta == {"n": 1}
    assert (manifest.version, manifest.log_position, manifest.erasure_epoch) == (2, 70, 3)


def test_checkpoints_come_newest_first_and_by_version(checkpoints: Checkpoints) -> None:
    for version, position in ((1, 50), (2, 9), (2, 100)):
        save(checkpoints, version, position)
    assert checkpoints.places(2) == [Place(2, 100, 0), Place(2, 9, 0)]


def test_saving_the_same_place_again_changes_nothing(checkpoints: Checkpoints) -> None:
    assert save(checkpoints, 1, 5) == save(checkpoints, 1, 5)
    assert checkpoints.places(1) == [Place(1, 5, 0)]


def test_the_newest_two_of_the_version_are_kept(checkpoints: Checkpoints) -> None:
    for version, position in ((1, 50), (2, 9), (2, 60)):
        save(checkpoints, version, position)
    checkpoints.prune(save(checkpoints, 2, 100))
    assert (checkpoints.places(1), checkpoints.places(2)) == ([], [Place(2, 100, 0), Place(2, 60, 0)])


def test_a_rewritten_checkpoint_replaces_those_before_the_erasure(checkpoints: Checkpoints) -> None:
    save(checkpoints, 1, 5)
    assert checkpoints.outdated(1)
    checkpoints.prune(save(checkpoints, 1, 5, epoch=1))
    assert checkpoints.places(1) == [Place(1, 5, 1)] and not checkpoints.outdated(1)


def test_outdated_checkpoints_are_removed(checkpoints: Checkpoints) -> None:
    save(checkpoints, 1, 5)
    save(checkpoints, 1, 6, epoch=1)
    checkpoints.remove_outdated(1)
    assert checkpoints.places(1) == [Place(1, 6, 1)]


def test_a_changed_file_is_data_loss(checkpoints: Checkpoints, tmp_path: Path) -> None:
    place = save(checkpoints, 1, 5)
    arrays = tmp_path / "a" / "checkpoints" / place.folder / "state.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"!")
    with pytest.raises(DataLoss, match="checksum"):
        checkpoints.load(place)


def test_a_missing_checkpoint_is_not_found(checkpoints: Checkpoints) -> None:
    with pytest.raises(NotFound):
        checkpoints.load(Place(1, 2, 3))


def test_checkpoints_are_no_versions_and_go_with_them(store: ModelStore, checkpoints: Checkpoints) -> None:
    save(checkpoints, 0, 5)
    assert store.versions("a") == []
    store.delete("a")
    assert checkpoints.places(0) == []


def test_what_was_not_finished_is_cleaned(store: ModelStore, checkpoints: Checkpoints, tmp_path: Path) -> None:
    save(checkpoints, 0, 5)
    left = tmp_path / "a" / "checkpoints" / ".new-1"
    left.mkdir()
    store.clean()
    assert not left.exists() and len(checkpoints.places(0)) == 1
