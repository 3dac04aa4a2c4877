"""Corpora, and the assets made from them."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

# Endings that the standard table lacks.
_ENDINGS = {
    "model/gltf-binary": ".glb",
    "model/vnd.usdz+zip": ".usdz",
    "audio/midi": ".mid",
    "image/webp": ".webp",
    "application/x-npy": ".npy",
    "application/octet-stream": ".bin",
    "text/plain": ".txt",
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What the owner of a corpus declares; assets that were learned from it inherit it."""

    holder: str = ""
    licence: str = ""
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Originality:
    """The training sample that something is nearest to."""

    nearest_path: str
    distance: float
    limit: float
    transform: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was done to an asset before it was answered.

    `label` is to be shown with it to people, by language tag. `signature` is "embedded", "sidecar" or "none". `left_out`
    says what was not done, and why.
    """

    originality: Originality | None = None
    label: Mapping[str, str] = field(default_factory=dict)
    label_drawn: bool = False
    watermarked: bool = False
    metadata_written: bool = False
    signature: str = "none"
    left_out: Mapping[str, str] = field(default_factory=dict)
    rights: Rights = field(default_factory=Rights)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A set of files to learn from, named by its content."""

    corpus_id: str
    name: str
    file_count: int
    size_bytes: int
    create_time: datetime | None = None
    rights: Rights = field(default_factory=Rights)


@dataclass(frozen=True, slots=True)
class Asset:
    """One piece of generated content, with its bytes.

    The same seed, model version, build and device make the same content again, with the same `content_sha256`; the bytes
    also name the asset and are signed. `sha256` is checked when the bytes arrive.
    """

    asset_id: str
    decision_id: str
    deployment: str
    model_version: int
    seed: int
    media_type: str
    sha256: bytes
    attributes: Mapping[str, Any] = field(default_factory=dict)
    create_time: datetime | None = None
    content_seed: int = 0
    redraw_count: int = 0
    content_sha256: bytes = b""
    corpus_id: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    sidecar: bytes = field(default=b"", repr=False)
    data: bytes = field(default=b"", repr=False)

    @property
    def file_name(self) -> str:
        """A file name that says what made it, such as "mlp-gan-v3-42.npy"."""
        ending = _ENDINGS.get(self.media_type) or mimetypes.guess_extension(self.media_type) or ".bin"
        made = f"{self.deployment}-v{self.model_version}-{self.seed}"
        return re.sub(r"[^\w.-]", "_", made) + ending  # no server's words lead out of the folder

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        from footlight._notebook.media import bundle

        return bundle(self)

    def save(self, path: str | Path) -> Path:
        """Writes the bytes to `path`, or under `file_name` where `path` is a folder, and returns the file's path.

        A signature that is not in the bytes is written beside them, under the same name with ".c2pa" at its end.
        """
        target = Path(path)
        if target.is_dir():
            target = target / self.file_name
        target.write_bytes(self.data)
        if self.sidecar:
            target.with_name(target.name + ".c2pa").write_bytes(self.sidecar)
        return target


@dataclass(frozen=True, slots=True)
class PublishedAsset:
    """The catalogue item that an asset became."""

    item_id: str
    created: bool


@dataclass(frozen=True, slots=True)
class VerifiedAsset:
    """Who made some bytes, and which marks of it survived.

    `found_by` names the ways that led to the asset, the surest first. `unchanged` says that the bytes are exactly those that
    were answered. `signature` is "absent", "invalid", "untrusted", "trusted" or "unreadable"; `watermark` is "impossible",
    "absent", "unknown" or "found".
    """

    media_type: str
    asset: Asset | None = None
    found_by: tuple[str, ...] = ()
    unchanged: bool = False
    signature: str = "absent"
    signer: str = ""
    problems: tuple[str, ...] = ()
    watermark: str = "absent"
    wrong_bits: int = 0
    watermark_confidence: float = 0.0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    labelled: bool = False
    originality: Originality | None = None


@dataclass(frozen=True, slots=True)
class NearSample:
    """The training sample of one generator that a file is nearest to; `same` where it counts as the same."""

    deployment: str
    corpus_id: str
    nearest: Originality
    same: bool


@dataclass(frozen=True, slots=True)
class TracedContent:
    """Where a file is, and what is near it: (corpus id, path), training samples, (asset id, distance)."""

    exact: tuple[tuple[str, str], ...] = ()
    near: tuple[NearSample, ...] = ()
    assets: tuple[tuple[str, float], ...] = ()
