"""The terrain of the demo: windows of a real elevation model, and the heights of scenes."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 32
"""Windows of 32 x 32 cells, about 2.4 km from west to east and 3 km from south to north."""
STRIDE = 8
TRAINED_SHARE = 0.75
"""The western part is learned from; the rest is never seen, so that nothing leaks between overlapping windows."""


def windows() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """The windows to learn from and those of another region, each (n, 32, 32), north up, in metres above the sea.

    The elevation model is part of matplotlib's sample data (SRTM, public domain): a value each 3 arc seconds.
    """
    from matplotlib import cbook

    path = cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)
    with np.load(path, allow_pickle=False) as file:
        heights = file["elevation"].astype(np.int16)
    border = int(heights.shape[1] * TRAINED_SHARE)
    return _cut(heights[:, :border]), _cut(heights[:, border:])


def _cut(heights: NDArray[np.int16]) -> NDArray[np.int16]:
    rows, columns = heights.shape
    tops, lefts = range(0, rows - SIDE + 1, STRIDE), range(0, columns - SIDE + 1, STRIDE)
    return np.stack([heights[top : top + SIDE, left : left + SIDE] for top in tops for left in lefts])


def heights_of(scene: bytes) -> NDArray[np.float32]:
    """The heights (side, side), in metres, of the square ground of a scene in GLB.

    Raises
    ------
    ValueError
        When it has no such ground.
    """
    text, binary = _parts(scene)
    places = [node["mesh"] for node in text["nodes"] if node.get("name") == "ground"]
    if not places:
        raise ValueError("the scene has no node called ground")
    positions = text["accessors"][text["meshes"][places[0]]["primitives"][0]["attributes"]["POSITION"]]
    start, side = text["bufferViews"][positions["bufferView"]].get("byteOffset", 0), math.isqrt(positions["count"])
    if side * side != positions["count"]:
        raise ValueError(f"its ground of {positions['count']} points is no square")
    points = np.frombuffer(binary, "<f4", 3 * side * side, start).reshape(side, side, 3)
    return points[:, :, 1].astype(np.float32)


def _parts(scene: bytes) -> tuple[Any, bytes]:
    """The JSON and the binary part of a GLB: each begins with its length and its kind, after a header of 12 bytes."""
    if scene[:4] != b"glTF":
        raise ValueError("it is no GLB")
    end = 20 + int.from_bytes(scene[12:16], "little")
    return json.loads(scene[20:end]), scene[end + 8 :]
