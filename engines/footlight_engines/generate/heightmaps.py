"""Heightmaps: USGS DEM, .npy, and 16-bit PNG; and the windows that are cut from them."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from footlight_engines.generate.corpus_files import bytes_of, ending_of
from footlight_plugins import CorpusFile

LARGEST_SIDE = 20_000
_RECORD = 1_024


def read_heights(file: CorpusFile) -> NDArray[np.float32]:
    """One file as heights (H, W), north up, NaN where nothing was measured; or as a stack (n, H, W).

    Raises
    ------
    ValueError
        When it is no heightmap; the message names the file.
    """
    try:
        match ending_of(file):
            case ".npy":
                heights = np.load(io.BytesIO(bytes_of(file)), allow_pickle=False)
            case ".png":
                heights = _read_png(bytes_of(file))
            case ".dem":
                heights = read_dem(bytes_of(file).decode("ascii"))
            case _:
                raise ValueError("expected a .dem, .npy or .png file")
    except (ValueError, OSError, EOFError, IndexError, SyntaxError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"{file.path}: not a heightmap that can be read: {reason}") from error
    if not isinstance(heights, np.ndarray) or heights.dtype.kind not in "iuf" or heights.ndim not in (2, 3):
        raise ValueError(f"{file.path}: expected an array of numbers with two axes, or a stack of such")
    if min(heights.shape[-2:]) < 4 or max(heights.shape) > LARGEST_SIDE:
        raise ValueError(f"{file.path}: a heightmap of shape {heights.shape} is too small or too large")
    return heights.astype(np.float32)


def _read_png(data: bytes) -> NDArray[np.float32]:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        if image.width * image.height > 1 << 26:
            raise ValueError(f"{image.width} x {image.height} pixels are too many")
        if image.mode not in ("L", "I", "I;16"):
            raise ValueError(f"expected grey levels in 8 or 16 bits, found {image.mode}")
        return np.asarray(image).astype(np.float32)


def read_dem(text: str) -> NDArray[np.float32]:
    """A USGS DEM: records of 1,024 characters; profiles from south to north, of different lengths and beginnings.

    Record A ends with the spacing and the number of profiles. Each profile begins with a record B: row and column, the
    number of elevations, then the place of the first point; 146 elevations stand in its first record, 170 in each further
    one.
    """
    profiles = _profiles(text, _count(text))
    spacing = _spacing(text)
    south = min(y for y, _ in profiles)
    rows = max(round((y - south) / spacing) + len(heights) for y, heights in profiles)
    raster = np.full((rows, len(profiles)), np.nan, np.float32)
    for column, (y, heights) in enumerate(profiles):
        first = round((y - south) / spacing)
        raster[first : first + len(heights), column] = heights
    return raster[::-1].copy()


def _count(text: str) -> int:
    return int(text[858:864])


def _spacing(text: str) -> float:
    return float(text[828:840].replace("D", "E"))  # north to south; after x, before z


def _profiles(text: str, count: int) -> list[tuple[float, NDArray[np.float32]]]:
    found = []
    at = _RECORD
    for _ in range(count):
        number = int(text[at + 12 : at + 18])
        y = float(text[at + 48 : at + 72].replace("D", "E"))
        heights: list[int] = []
        room, begin = 146, at + 144
        while len(heights) < number:
            taken = min(room, number - len(heights))
            heights += [int(text[begin + 6 * i : begin + 6 * i + 6]) for i in range(taken)]
            at += _RECORD
            room, begin = 170, at
        found.append((y, np.array(heights, np.float32)))
    return found


def windows(
    files: Iterable[tuple[CorpusFile, NDArray[np.float32]]], size: int, stride: int
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Square windows (n, size, size) of all heightmaps, each from its lowest -1 to its highest 1, and their names.

    A hill and a mountain then count the same: shapes are learned, and the relief is chosen when a scene is made. Windows
    with gaps, and flat ones, are left out.
    """
    cut, names = [], []
    for file, heights in files:
        for i, one in enumerate(heights if heights.ndim == 3 else heights[None]):
            if one.shape == (size, size):
                places = [(0, 0)]
            else:
                rows, columns = (range(0, side - size + 1, stride) for side in one.shape)
                places = [(top, left) for top in rows for left in columns]
            for top, left in places:
                window = one[top : top + size, left : left + size]
                if np.isfinite(window).all() and np.ptp(window) > 0:
                    cut.append((window - window.min()) / np.ptp(window) * 2 - 1)
                    names.append(f"{file.path}#{i}:{top},{left}")
    empty = np.empty((0, size, size), np.float32)
    return (np.stack(cut).astype(np.float32) if cut else empty), tuple(names)
