"""What is kept about corpora and assets. Times are microseconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CorpusRecord:
    """A corpus that was uploaded."""

    corpus_id: str
    name: str
    file_count: int
    size_bytes: int
    create_time: int
    """When it was first uploaded."""


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
