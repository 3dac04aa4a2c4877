"""Pictures to learn from: folders of PNG and JPEG, or a zip of them; the folder is the class."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight_plugins import Corpus

ENDINGS = (".png", ".jpg", ".jpeg")
MOST_PIXELS = 1 << 24
"""A larger picture is refused: 16 million pixels."""
LARGEST_FILE = 64 << 20
"""Of a file in a zip, unpacked."""
LARGEST_ZIP = 4 << 30
"""Of all files in a zip, unpacked."""
MOST_FILES = 1_000_000
NAMED = 20
"""So many broken files are named."""
SPLITS = ("train", "heldout")


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one size."""

    train: NDArray[np.uint8]
    """(N, C, S, S), colours premultiplied by alpha; C of 3 or 4."""
    heldout: NDArray[np.uint8]
    """(M, C, S, S)."""
    labels: NDArray[np.int64]
    """(N,), the class of each."""
    classes: tuple[str, ...]
    """Empty where there is only one folder."""
    names: tuple[str, ...]
    """Of those to learn from."""
    broken: tuple[str, ...]
    """What could not be read, and why: path and reason."""


def read_pictures(corpus: Corpus, size: int, channels: str) -> Pictures:
    """Read a corpus of pictures. Files below ``heldout/`` are not learned from; a folder ``train`` is no class.

    A picture of another size is scaled so that its longer side has ``size`` pixels (by whole factors without smoothing where
    it is enlarged, by area where it is made smaller), and put into the middle of a square.

    Raises
    ------
    ValueError
        When a path in a zip climbs out or a file in it is far too large, or when no picture can be read; the message names
        the files.
    """
    found: list[tuple[str, NDArray[np.uint8]]] = []
    broken: list[str] = []
    for path, data in _files(corpus):
        try:
            found.append((path, _square(_opened(data), size)))
        except ValueError as error:
            broken.append(f"{path}: {error}")
    if not found:
        told = "; ".join(broken[:NAMED]) or "there is no .png, .jpg or .zip file"
        raise ValueError(f"no picture of the corpus can be read: {told}")
    clear = all((picture[..., 3] == 255).all() for _, picture in found)
    count = 3 if channels == "rgb" or (channels == "auto" and clear) else 4
    held = [path.split("/")[0] == "heldout" for path, _ in found]
    arrays = [np.ascontiguousarray(_premultiplied(picture)[..., :count].transpose(2, 0, 1)) for _, picture in found]
    kept = [(path, array) for (path, _), array, h in zip(found, arrays, held, strict=True) if not h]
    apart = [array for array, h in zip(arrays, held, strict=True) if h]
    folders = [_folder(path) for path, _ in kept]
    classes = tuple(sorted(set(folders)))
    labels = np.array([classes.index(folder) for folder in folders], np.int64)
    shape = (0, count, size, size)
    return Pictures(
        np.stack([array for _, array in kept]) if kept else np.empty(shape, np.uint8),
        np.stack(apart) if apart else np.empty(shape, np.uint8),
        labels if len(classes) > 1 else np.zeros(len(kept), np.int64),
        classes if len(classes) > 1 else (),
        tuple(path for path, _ in kept),
        tuple(broken),
    )


def _files(corpus: Corpus) -> Iterator[tuple[str, bytes]]:
    """Every file by path, those in zips after the name of the zip."""
    for file in corpus:
        ending = PurePosixPath(file.path).suffix.lower()
        if ending == ".zip":
            yield from _unpacked(file.path, file.location)
        elif ending in ENDINGS:
            yield file.path, file.read()
        elif ending not in (".txt", ".md", ".json"):  # what goes with pictures
            yield file.path, b""


def _unpacked(path: str, location: object) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(str(location)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(path, entries)
            for entry in sorted(entries, key=lambda one: one.filename):
                if PurePosixPath(entry.filename).suffix.lower() in ENDINGS:
                    with archive.open(entry) as opened:
                        data = opened.read(LARGEST_FILE + 1)  # what the header says may be a lie
                    if len(data) > LARGEST_FILE:
                        raise ValueError(f"{path}: {entry.filename} is larger than {LARGEST_FILE >> 20} MiB")
                    yield _common_root(entry.filename, entries), data
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path}: not a zip that can be read: {error}") from error


def _check_entries(path: str, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_ZIP:
        raise ValueError(f"{path}: it unpacks to more than {LARGEST_ZIP >> 30} GiB or {MOST_FILES:,} files")
    for entry in entries:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or ":" in entry.filename:
            raise ValueError(f"{path}: {entry.filename!r} climbs out of the zip")
        if entry.file_size > LARGEST_FILE:
            raise ValueError(f"{path}: {entry.filename} is larger than {LARGEST_FILE >> 20} MiB")


def _common_root(name: str, entries: list[zipfile.ZipInfo]) -> str:
    """The path without the one folder that holds everything."""
    root = name.split("/")[0]
    inside = all(entry.filename.startswith(root + "/") for entry in entries)
    return name[len(root) + 1 :] if inside and name.count("/") > 1 else name


def _opened(data: bytes) -> Image.Image:
    if not data:
        raise ValueError("expected a .png, .jpg or .zip file")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels are more than {MOST_PIXELS:,}")
            return image.convert("RGBA")
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError, TypeError, MemoryError) as error:
        raise ValueError(f"not a picture that can be read: {error}") from error


def _square(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """(S, S, 4); see `read_pictures`."""
    if max(image.size) != size:
        scale = size / max(image.size)
        smaller = scale < 1
        wanted = tuple(max(1, round(side * scale)) for side in image.size)
        way = Image.Resampling.BOX if smaller else Image.Resampling.NEAREST
        # scaled with the colours premultiplied: what a transparent pixel hides must not shine through
        image = image.convert("RGBa").resize((wanted[0], wanted[1]), way).convert("RGBA")
    full = Image.new("RGBA", (size, size))
    full.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.array(full)


def _premultiplied(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = picture[..., 3:].astype(np.uint16)
    colour = (picture[..., :3] * alpha + 127) // 255
    return np.concatenate([colour, alpha], axis=-1).astype(np.uint8)


def _folder(path: str) -> str:
    """The class: the folder next to the file, but for the folders that name a split."""
    parts = [part for part in path.split("/")[:-1] if part not in SPLITS]
    return parts[-1] if parts else ""
