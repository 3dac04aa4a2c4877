"""The operator's folder of models: a client can only name a file in it."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = "FOOTLIGHT_ONNX_MODELS"
"""The environment variable that names it."""


def read_model(name: str) -> bytes:
    """A file of the folder.

    Raises
    ------
    ValueError
        When no folder is named, or the file is not there.
    """
    path = _folder() / name
    if not path.is_file():
        raise ValueError(f"there is no file {name!r} in the folder of ${FOLDER}")
    return path.read_bytes()


def sidecar(name: str, ending: str) -> Path | None:
    """The file of the same name with another ending; None where there is none."""
    path = (_folder() / name).with_suffix(ending)
    return path if path.is_file() else None


def _folder() -> Path:
    folder = os.environ.get(FOLDER, "")
    if not folder:
        raise ValueError(f"${FOLDER} must name the folder of models; the operator sets it where the server is started")
    return Path(folder)
