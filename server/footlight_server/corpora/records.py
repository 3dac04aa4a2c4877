"""What is kept about corpora and assets. Times are microseconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Rights:
    """What the owner of a corpus declares; assets that were learned from it inherit it."""

    holder: str = ""
    """Who holds the rights."""
    licence: str = ""
    """An SPDX identifier, or the name of a licence."""
    statement: str = ""
    """Anything more, in words."""


@dataclass(frozen=True, slots=True)
class CorpusRecord:
    """A corpus that was uploaded."""

    corpus_id: str
    name: str
    file_count: int
    size_bytes: int
    create_time: int
    """When it was first uploaded."""
    rights: Rights = field(default_factory=Rights)


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """One piece of generated content. The store fills in the size and the checksum."""

    asset_id: str
    decision_id: str
    deployment: str
    model_version: int
    seed: int
    media_type: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    create_time: int = 0
    size_bytes: int = 0
    sha256: bytes = b""
    """32 bytes."""
    content_seed: int = 0
    """The seed that the content was drawn from; another than ``seed`` where near-copies were drawn again."""
    redraw_count: int = 0
    content_sha256: bytes = b""
    """32 bytes, of the content before any stage."""
    corpus_id: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """What the stages did, and the rights."""
    watermark: int | None = None
    """What its watermark says."""
    fingerprint: bytes = field(default=b"", repr=False)
    sidecar: bytes = field(default=b"", repr=False)
    """The signature, where it is not in the bytes."""
