"""Model versions: whole or not there, checked when read, the one before when damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays_of

from footlight_plugins import State
from footlight_server.errors import DataLoss, NotFound
from footlight_server.models.state_files import write_arrays, write_manifest
from footlight_server.models.store import Manifest, ModelStore

STATE = State({"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "counts": np.array([3, 1], np.int64)}, {"n": 2})
MANIFEST = Manifest(
    engine="item-knn",
    engine_version="1.0",
    options={"k": 50},
    log_position=42,
    erasure_epoch=1,
    metrics={"loss": 0.5},
    seed=7,
    create_time=99,
)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def arrays_file(tmp_path: Path, version: int) -> Path:
    return tmp_path / "models" / "a" / f"{version:06d}" / "state.safetensors"


def manifest_file(tmp_path: Path, version: int) -> Path:
    return arrays_file(tmp_path, version).with_name("manifest.json")


def same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in ((first[name], second[name]) for name in first)
    )


def test_a_rewritten_version_is_another_state_under_the_same_number(store: ModelStore) -> None:
    number = store.save("a", State({"x": np.arange(3)}, {"n": 1}), Manifest("popular", log_position=9))
    manifest = store.older_than("a", 2)[0]
    store.rewrite("a", State({"x": np.arange(2)}, {"n": 2}), replace(manifest, erasure_epoch=2))
    state, facts = store.load("a", number)
    assert (state.arrays["x"].tolist(), state.meta, facts.log_position) == ([0, 1], {"n": 2}, 9)
    assert store.older_than("a", 2) == [] and len(list(store._version("a", number).glob("*.safetensors"))) == 1


def test_a_refused_version_says_what_is_missing_and_is_not_loaded(store: ModelStore) -> None:
    number = store.save("a", State({"x": np.arange(3)}, {}), Manifest("popular"))
    store.refuse("a", number)
    assert "cannot be read" in store.versions("a")[0].problem and store.newest_good("a") is None
    with pytest.raises(DataLoss):
        store.load("a", number)


def test_saved_state_is_loaded_again(store: ModelStore) -> None:
    state, manifest = store.load("a", store.save("a", STATE, MANIFEST))
    assert same(state.arrays, STATE.arrays) and state.meta == STATE.meta
    assert (manifest.engine, manifest.options, manifest.log_position) == ("item-knn", {"k": 50}, 42)
    assert (manifest.version, manifest.metrics, manifest.seed, manifest.problem) == (1, {"loss": 0.5}, 7, "")


WHOLE = arrays_of.boolean_dtypes() | arrays_of.integer_dtypes() | arrays_of.unsigned_integer_dtypes()
PLAIN = WHOLE | arrays_of.floating_dtypes(sizes=(16, 32, 64))


@given(arrays_of.arrays(PLAIN, arrays_of.array_shapes(min_dims=0, min_side=0)))
def test_any_plain_array_survives_bit_by_bit(tmp_path_factory: Any, array: Any) -> None:
    store = ModelStore(tmp_path_factory.mktemp("models"))
    state, _ = store.load("a", store.save("a", State({"x": array}), MANIFEST))
    assert np.array_equal(state.arrays["x"], array, equal_nan=array.dtype.kind == "f")
    assert state.arrays["x"].shape == array.shape and state.arrays["x"].dtype == array.dtype.newbyteorder("=")


def test_views_are_stored_as_what_they_show(store: ModelStore) -> None:
    array = np.arange(12).reshape(3, 4)
    state, _ = store.load("a", store.save("a", State({"x": array.T, "y": array[:, ::2]}), MANIFEST))
    assert np.array_equal(state.arrays["x"], array.T) and np.array_equal(state.arrays["y"], array[:, ::2])


def test_loaded_arrays_can_be_learned_in_place(store: ModelStore) -> None:
    state, _ = store.load("a", store.save("a", STATE, MANIFEST))
    assert all(array.flags.writeable for array in state.arrays.values())


def test_state_without_arrays_is_stored(store: ModelStore) -> None:
    state, _ = store.load("a", store.save("a", State({}, {"seen": [1, 2]}), MANIFEST))
    assert not state.arrays and state.meta == {"seen": [1, 2]}


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([object()]), np.array([1j])])
def test_array_that_is_not_plain_is_refused(store: ModelStore, array: Any) -> None:
    with pytest.raises(ValueError, match="'x'"):
        store.save("a", State({"x": array}), MANIFEST)
    assert store.versions("a") == []


def test_versions_count_from_one_and_list_newest_first(store: ModelStore) -> None:
    assert [store.save("a", STATE, MANIFEST) for _ in range(3)] == [1, 2, 3]
    assert [manifest.version for manifest in store.versions("a")] == [3, 2, 1]


def test_unknown_versions_are_not_found(store: ModelStore) -> None:
    assert store.versions("a") == [] and store.newest_good("a") is None
    with pytest.raises(NotFound, match="a/1"):
        store.load("a", 1)


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(data[:-5])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        path.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "changed"])
@pytest.mark.parametrize("which", [arrays_file, manifest_file])
def test_damaged_file_is_refused_by_name_and_the_version_before_serves(
    store: ModelStore, tmp_path: Path, which: Any, how: str
) -> None:
    store.save("a", STATE, MANIFEST)
    store.save("a", STATE, MANIFEST)
    damage(which(tmp_path, 2), how)
    with pytest.raises(DataLoss, match=which(tmp_path, 2).name):
        store.load("a", 2)
    with pytest.raises(DataLoss):
        store.check("a", 2)
    assert store.newest_good("a") == 1


def test_manifest_that_was_edited_is_refused(store: ModelStore, tmp_path: Path) -> None:
    store.save("a", STATE, MANIFEST)
    document = json.loads(manifest_file(tmp_path, 1).read_text())
    document["manifest"]["log_position"] = 41
    manifest_file(tmp_path, 1).write_text(json.dumps(document))
    with pytest.raises(DataLoss, match="checksum"):
        store.load("a", 1)


def test_listing_says_what_is_wrong(store: ModelStore, tmp_path: Path) -> None:
    for _ in range(3):
        store.save("a", STATE, MANIFEST)
    damage(arrays_file(tmp_path, 2), "truncated")
    damage(manifest_file(tmp_path, 3), "truncated")
    problems = [(m.version, bool(m.problem)) for m in store.versions("a")]
    assert problems == [(3, True), (2, True), (1, False)]


def test_damaged_version_keeps_its_number(store: ModelStore, tmp_path: Path) -> None:
    store.save("a", STATE, MANIFEST)
    damage(manifest_file(tmp_path, 1), "empty")
    assert store.save("a", STATE, MANIFEST) == 2


def test_newest_good_version_below_another_is_found(store: ModelStore) -> None:
    for _ in range(3):
        store.save("a", STATE, MANIFEST)
    assert (store.newest_good("a", 3), store.newest_good("a", 1)) == (2, None)


def test_what_a_crash_left_is_never_a_version_and_is_cleaned(store: ModelStore, tmp_path: Path) -> None:
    store.save("a", STATE, MANIFEST)
    left = tmp_path / "models" / "a" / ".new-crashed"
    left.mkdir()
    (left / "state.safetensors").write_bytes(b"half")
    assert [m.version for m in store.versions("a")] == [1]
    store.clean()
    assert not left.exists() and store.newest_good("a") == 1


def test_a_save_that_a_start_cleans_away_fails_whole(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of the job of a server that was killed: it goes on for a moment, by when the next server starts."""
    unlink, temporary = os.unlink, tmp_path / "models" / "a" / ".new-orphan"
    temporary.mkdir(parents=True)
    facts = write_arrays(temporary, STATE, MANIFEST)

    def publish_after(path: str, **where: Any) -> None:
        unlink(path, **where)
        with suppress(OSError):
            write_manifest(temporary, facts, {})
            temporary.rename(temporary.with_name("000001"))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", publish_after)
        store.clean()
    assert store.versions("a") == [] and list(temporary.parent.iterdir()) == []


def test_cleaning_bears_what_others_remove(store: ModelStore, tmp_path: Path) -> None:
    store.save("a", STATE, MANIFEST)
    command = [sys.executable, "-c", SAVER, str(tmp_path / "models")]
    saver = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while saver.poll() is None:
        store.clean()
    assert not any(m.problem for m in store.versions("a")) and store.newest_good("a")


def test_failed_save_leaves_nothing(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        store.save("a", State({}, {"x": object()}), MANIFEST)
    assert list((tmp_path / "models" / "a").iterdir()) == []


def test_deleting_removes_one_deployment_only(store: ModelStore) -> None:
    store.save("a", STATE, MANIFEST)
    store.save("b", STATE, MANIFEST)
    store.delete("a")
    store.delete("never there")
    assert store.versions("a") == [] and len(store.versions("b")) == 1


def test_pruning_keeps_the_newest(store: ModelStore) -> None:
    for _ in range(4):
        store.save("a", STATE, MANIFEST)
    store.prune("a", 2)
    assert [m.version for m in store.versions("a")] == [4, 3] and store.save("a", STATE, MANIFEST) == 5


@pytest.mark.parametrize("key", ["../../etc", "agent:湖 😀", "A", "", ".", "x" * 500, "a/b", "nul\0"])
def test_any_key_stays_inside_the_folder(store: ModelStore, tmp_path: Path, key: str) -> None:
    store.save(key, STATE, MANIFEST)
    assert len(store.versions(key)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["models"] and len(list((tmp_path / "models").iterdir())) == 1


SAVER = """
import sys
from pathlib import Path
import numpy as np
from footlight_plugins import State
from footlight_server.models.state_files import write_arrays, write_manifest
from footlight_server.models.store import Manifest, ModelStore
for _ in range(10):
    ModelStore(Path(sys.argv[1])).save("a", State({"x": np.zeros(3)}), Manifest("ease"))
"""


def test_processes_that_save_at_once_get_versions_of_their_own(store: ModelStore, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SAVER, str(tmp_path / "models")]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert [m.version for m in store.versions("a") if not m.problem] == list(range(30, 0, -1))
