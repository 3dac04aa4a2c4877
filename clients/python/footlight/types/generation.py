"""Corpora, and the assets made from them."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

# Endings that the standard table lacks.
_ENDINGS = {"application/x-npy": ".npy", "application/octet-stream": ".bin", "text/plain": ".txt"}


@dataclass(frozen=True, slots=True)
class Corpus:
    """A set of files to learn from, named by its content."""

    corpus_id: str
    name: str
    file_count: int
    size_bytes: int
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """One piece of generated content, with its bytes.

    The same seed, model version, build and device make the same bytes again. `sha256` is checked when the bytes arrive.
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
    data: bytes = field(default=b"", repr=False)

    @property
    def file_name(self) -> str:
        """A file name that says what made it, such as "mlp-gan-v3-42.npy"."""
        ending = _ENDINGS.get(self.media_type) or mimetypes.guess_extension(self.media_type) or ".bin"
        return f"{self.deployment}-v{self.model_version}-{self.seed}{ending}"

    def save(self, path: str | Path) -> Path:
        """Writes the bytes to `path`, or under `file_name` where `path` is a folder, and returns the file's path."""
        target = Path(path)
        if target.is_dir():
            target = target / self.file_name
        target.write_bytes(self.data)
        return target
