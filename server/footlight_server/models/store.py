"""What engines have learned, as versions on disk: arrays in safetensors, everything else in a manifest.

A version appears whole or not at all: it is written under a temporary name, synced, and renamed. It is never changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from footlight_plugins import State
from footlight_server.errors import DataLoss, NotFound
from footlight_server.models.files import sync_folder, write_synced

_ARRAYS = "state.safetensors"
_MANIFEST = "manifest.json"
_TEMPORARY = ".new-"
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9-]{0,62}")
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
    version: int = 0
    size_bytes: int = 0
    sha256: str = ""
    """Of the arrays' file, in hexadecimal."""
    problem: str = ""
    """What is wrong with the version; empty where nothing is."""


class ModelStore:
    """The versions of every deployment (or of anything else that has a key), counted from 1.

    Any process may save and load at any time; a version that one of them has not finished is seen by nobody.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, key: str, state: State, manifest: Manifest) -> int:
        """Store a state as the key's next version and answer its number.

        Raises
        ------
        ValueError, TypeError
            When an array is of a type that safetensors does not know, or JSON cannot hold ``state.meta``.
        """
        arrays = save({name: _plain(name, array) for name, array in state.arrays.items()})
        facts = replace(manifest, size_bytes=len(arrays), sha256=hashlib.sha256(arrays).hexdigest(), problem="")
        folder = self._folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{_TEMPORARY}{uuid.uuid4().hex}"
        temporary.mkdir()
        try:
            write_synced(temporary / _ARRAYS, arrays)
            version = self._publish(folder, temporary, facts, state.meta)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        sync_folder(folder)
        sync_folder(folder.parent)
        return version

    def load(self, key: str, version: int) -> tuple[State, Manifest]:
        """Read a version and check it against its checksums.

        Raises
        ------
        NotFound
            When there is no such version.
        DataLoss
            When a file of it is missing, truncated, changed or unreadable; the message names the file.
        """
        folder = self._version(key, version)
        manifest, meta = _read_manifest(folder / _MANIFEST)
        data = _read_arrays(folder / _ARRAYS, manifest)
        try:
            arrays = load(data)
        except SafetensorError as error:
            raise DataLoss(f"{folder / _ARRAYS} is damaged: {error}") from error
        # Copies, because the library's arrays cannot be written to and an engine learns in place.
        return State({name: np.array(array) for name, array in arrays.items()}, meta), manifest

    def check(self, key: str, version: int) -> Manifest:
        """Check a version as `load` does, without making arrays of it. Answers its manifest."""
        folder = self._version(key, version)
        manifest, _ = _read_manifest(folder / _MANIFEST)
        _read_arrays(folder / _ARRAYS, manifest)
        return manifest

    def versions(self, key: str) -> list[Manifest]:
        """Every version, newest first; a cheap look says what is wrong with it (sizes are compared, bytes are not)."""
        return [self._glance(key, version) for version in self._numbers(key)]

    def newest_good(self, key: str, below: int | None = None) -> int | None:
        """The newest version that is whole, of those under ``below`` where it is given; None where there is none."""
        for version in self._numbers(key):
            if below is not None and version >= below:
                continue
            try:
                self.check(key, version)
            except (DataLoss, NotFound):
                continue
            return version
        return None

    def delete(self, key: str) -> None:
        """Remove all versions of the key, if it has any."""
        folder = self._folder(key)
        if folder.exists():
            trash = self._root / f"{_TEMPORARY}{uuid.uuid4().hex}"
            folder.rename(trash)  # at once; what is left of it after a crash is cleaned at the next start
            shutil.rmtree(trash)

    def prune(self, key: str, keep: int) -> None:
        """Remove all but the newest ``keep`` versions, as for checkpoints."""
        for version in self._numbers(key)[keep:]:
            shutil.rmtree(self._version(key, version), ignore_errors=True)

    def clean(self) -> None:
        """Remove what crashed while it was being written. Only at start, when nothing else saves."""
        for pattern in (f"{_TEMPORARY}*", f"*/{_TEMPORARY}*"):
            for folder in self._root.glob(pattern):
                shutil.rmtree(folder, ignore_errors=True)

    def _publish(self, folder: Path, temporary: Path, facts: Manifest, meta: Mapping[str, Any]) -> int:
        """Rename the temporary folder to the next free number; another process may be quicker, then to the one after."""
        version = max(self._numbers_in(folder), default=0)
        while True:
            version += 1
            write_synced(temporary / _MANIFEST, _manifest_bytes(replace(facts, version=version), meta))
            sync_folder(temporary)
            try:
                temporary.rename(folder / f"{version:06d}")
                return version
            except OSError:
                if not (folder / f"{version:06d}").exists():
                    raise

    def _glance(self, key: str, version: int) -> Manifest:
        folder = self._version(key, version)
        try:
            manifest, _ = _read_manifest(folder / _MANIFEST)
        except DataLoss as error:
            return Manifest(engine="", version=version, problem=error.message)
        try:
            _check_size(folder / _ARRAYS, manifest)
        except DataLoss as error:
            return replace(manifest, problem=error.message)
        return manifest

    def _numbers(self, key: str) -> list[int]:
        """The key's versions, newest first."""
        return sorted(self._numbers_in(self._folder(key)), reverse=True)

    def _numbers_in(self, folder: Path) -> list[int]:
        return [int(path.name) for path in folder.glob("[0-9]*") if path.name.isdecimal()]

    def _version(self, key: str, version: int) -> Path:
        folder = self._folder(key) / f"{version:06d}"
        if not folder.is_dir():
            raise NotFound("model", f"{key}/{version}")
        return folder

    def _folder(self, key: str) -> Path:
        """A deployment's name is its folder; any other key is hashed, since it may hold anything."""
        if _PLAIN_KEY.fullmatch(key):
            return self._root / key
        return self._root / f"_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


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
