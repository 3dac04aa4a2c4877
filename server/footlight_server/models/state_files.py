"""One stored state as a folder: arrays in safetensors, everything else in a manifest, both with checksums.

A folder appears whole or not at all: it is written under a temporary name, synced, and renamed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from footlight_plugins import State
from footlight_server.errors import DataLoss
from footlight_server.models.files import sync_folder, write_synced

TEMPORARY = ".new-"
"""How the names of folders begin that are not finished."""

_MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model version says about itself. The store fills in everything from ``version`` on."""

    engine: str
    engine_version: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    log_position: int = 0
    erasure_epoch: int = 0
    corpus_id: str = ""
    fingerprint: str = ""
    """Of the data that it learned from."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    create_time: int = 0
    """Microseconds since 1970."""
    training_id: str = ""
    """Of the job that made it; empty where none did."""
    version: int = 0
    size_bytes: int = 0
    sha256: str = ""
    """Of the arrays' file, in hexadecimal."""
    problem: str = ""
    """What is wrong with the version; empty where nothing is."""
    arrays: str = "state.safetensors"
    """The file of the arrays, beside the manifest; another one once the version was rewritten after an erasure."""


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A temporary folder inside another, made where it is not there; what is left in it at the end is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{TEMPORARY}{uuid.uuid4().hex}"
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sync_folder(folder)
    sync_folder(folder.parent)


def write_arrays(folder: Path, state: State, manifest: Manifest) -> Manifest:
    """Write the arrays; answers the manifest with their size and checksum.

    Raises
    ------
    ValueError
        When an array is of a type that safetensors does not know.
    """
    arrays = save({name: _plain(name, array) for name, array in state.arrays.items()})
    write_synced(_arrays_of(folder, manifest), arrays)
    return replace(manifest, size_bytes=len(arrays), sha256=hashlib.sha256(arrays).hexdigest(), problem="")


def write_manifest(folder: Path, manifest: Manifest, meta: Mapping[str, Any]) -> None:
    """Write everything else; TypeError or ValueError where JSON cannot hold ``meta``."""
    write_synced(folder / _MANIFEST, _manifest_bytes(manifest, meta))
    sync_folder(folder)


def read_state(folder: Path) -> tuple[State, Manifest]:
    """Read a stored state and check it against its checksums.

    Raises
    ------
    DataLoss
        When a file of it is missing, truncated, changed or unreadable; the message names the file.
    """
    manifest, meta = _read_manifest(folder / _MANIFEST)
    data = _read_arrays(_arrays_of(folder, manifest), manifest)
    try:
        arrays = load(data)
    except SafetensorError as error:
        raise DataLoss(f"{_arrays_of(folder, manifest)} is damaged: {error}") from error
    # Copies, because the library's arrays cannot be written to and an engine learns in place.
    return State({name: np.array(array) for name, array in arrays.items()}, meta), manifest


def check_state(folder: Path) -> Manifest:
    """Check a stored state as `read_state` does, without making arrays of it. Answers its manifest."""
    manifest, _ = _read_manifest(folder / _MANIFEST)
    _read_arrays(_arrays_of(folder, manifest), manifest)
    return manifest


def glance(folder: Path, version: int) -> Manifest:
    """The manifest; a cheap look says what is wrong with it (sizes are compared, bytes are not)."""
    try:
        manifest, _ = _read_manifest(folder / _MANIFEST)
    except DataLoss as error:
        return Manifest(engine="", version=version, problem=error.message)
    try:
        _check_size(_arrays_of(folder, manifest), manifest)
    except DataLoss as error:
        return replace(manifest, problem=error.message)
    return manifest


def rewrite_state(folder: Path, state: State, manifest: Manifest) -> None:
    """Put another state in the place of a stored one. Whoever reads meanwhile finds the one or the other, whole.

    The arrays come under another name, then the manifest that names them takes the place of the old one.
    """
    before = _arrays_of(folder, _read_manifest(folder / _MANIFEST)[0])
    facts = write_arrays(folder, state, replace(manifest, arrays=f"state-{manifest.erasure_epoch}.safetensors"))
    temporary = folder / f"{TEMPORARY}{_MANIFEST}"
    write_synced(temporary, _manifest_bytes(facts, state.meta))
    temporary.replace(folder / _MANIFEST)
    sync_folder(folder)
    if before != _arrays_of(folder, facts):
        before.unlink(missing_ok=True)
        sync_folder(folder)


def drop_arrays(folder: Path) -> None:
    """Remove the arrays of a stored state, which cannot be loaded any more."""
    for path in folder.glob("*.safetensors"):
        path.unlink()
    sync_folder(folder)


def _arrays_of(folder: Path, manifest: Manifest) -> Path:
    return folder / Path(manifest.arrays).name


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    plain = np.asarray(array, order="C")
    if plain.dtype.kind not in "biuf":
        raise ValueError(
            f"array {name!r} has type {plain.dtype}; only booleans, whole numbers and floats can be stored"
        )
    return plain


def _manifest_bytes(manifest: Manifest, meta: Mapping[str, Any]) -> bytes:
    """The manifest as JSON, with a checksum over itself."""
    facts = {"format": _FORMAT} | asdict(manifest) | {"meta": dict(meta)}
    del facts["problem"]
    return json.dumps({"manifest": facts, "sha256": _fingerprint(facts)}, indent=1).encode()


def _fingerprint(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _read_manifest(path: Path) -> tuple[Manifest, Mapping[str, Any]]:
    """The manifest and the state's meta."""
    try:
        document = json.loads(_read(path))
        facts, said = document["manifest"], document["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataLoss(f"{path} is damaged: {error}") from error
    if said != _fingerprint(facts):
        raise DataLoss(f"{path} is damaged: its checksum differs")
    if facts["format"] != _FORMAT:
        raise DataLoss(f"{path} is of format {facts['format']}, which this version of Footlight does not know")
    known = {f.name for f in fields(Manifest)} & facts.keys()
    return Manifest(**{name: facts[name] for name in known}), facts["meta"]


def _read_arrays(path: Path, manifest: Manifest) -> bytes:
    _check_size(path, manifest)
    data = _read(path)
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise DataLoss(f"{path} is damaged: its checksum differs")
    return data


def _check_size(path: Path, manifest: Manifest) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataLoss(f"{path} cannot be read: {error.strerror}") from error
    if size != manifest.size_bytes:
        raise DataLoss(f"{path} is damaged: it has {size:,} bytes instead of {manifest.size_bytes:,}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataLoss(f"{path} cannot be read: {error.strerror}") from error
