"""A scene in GLB as a drawing: its triangles in parallel projection, the nearest last. Needs no script and no library."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from typing import Any

Point = tuple[float, float, float]
MOST_TRIANGLES = 3_000
SIZE = 320
_TURN, _TILT = math.radians(35), math.radians(28)
_INDICES = {5121: ("B", 1), 5123: ("H", 2), 5125: ("I", 4)}
"""How glTF stores indices, by component type."""


def drawing(data: bytes) -> str:
    """An SVG; empty where the bytes are no scene of triangles that can be read."""
    try:
        triangles = list(_triangles(data))
        return _svg(triangles) if triangles else ""
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, struct.error):
        return ""


def _svg(triangles: list[tuple[Point, Point, Point]]) -> str:
    step = -(-len(triangles) // MOST_TRIANGLES)
    seen = sorted((tuple(map(_turned, corners)) for corners in triangles[::step]), key=_depth)
    flat = [corner[:2] for corners in seen for corner in corners]
    low = tuple(min(axis) for axis in zip(*flat, strict=True))
    wide = max(max(axis) - least for axis, least in zip(zip(*flat, strict=True), low, strict=True)) or 1.0
    scale = SIZE / wide
    polygons = "".join(_polygon(corners, low, scale) for corners in seen)
    frame = f'width="{SIZE}" height="{SIZE}" viewBox="-2 -2 {SIZE + 4} {SIZE + 4}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>{polygons}</svg>'


def _polygon(corners: Any, low: Any, scale: float) -> str:
    points = " ".join(f"{(x - low[0]) * scale:.1f},{(y - low[1]) * scale:.1f}" for x, y, _ in corners)
    level = round(70 + 150 * _light(*corners))
    return f'<polygon points="{points}" fill="rgb({level},{level},{level})"/>'


def _turned(point: Point) -> Point:
    """Seen from above and aside: to the right, downwards, towards the eye."""
    x, y, z = point
    right = x * math.cos(_TURN) + z * math.sin(_TURN)
    back = z * math.cos(_TURN) - x * math.sin(_TURN)
    return right, -(y * math.cos(_TILT) - back * math.sin(_TILT)), back * math.cos(_TILT) + y * math.sin(_TILT)


def _depth(corners: Any) -> float:
    return float(sum(corner[2] for corner in corners))


def _light(a: Point, b: Point, c: Point) -> float:
    """How much a face looks up, 0 to 1."""
    u, v = (tuple(q - p for p, q in zip(a, end, strict=True)) for end in (b, c))
    normal = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    length = math.hypot(*normal)
    return abs(normal[1]) / length if length else 0.0


def _triangles(data: bytes) -> Iterator[tuple[Point, Point, Point]]:
    document, binary = _parts(data)
    scene = document["scenes"][document.get("scene", 0)]
    for root in scene["nodes"]:
        for mesh, offset, scale in _meshes(document, root, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
            for primitive in document["meshes"][mesh]["primitives"]:
                points = [_moved(point, offset, scale) for point in _points(document, binary, primitive)]
                order = _order(document, binary, primitive, len(points))
                yield from zip(*(iter([points[index] for index in order]),) * 3, strict=False)


def _parts(data: bytes) -> tuple[Any, bytes]:
    magic, _, _, length, _ = struct.unpack_from("<4sIIII", data)
    if magic != b"glTF":
        raise ValueError("no GLB")
    return json.loads(data[20 : 20 + length]), data[20 + length + 8 :]


def _meshes(document: Any, number: int, offset: Point, scale: Point) -> Iterator[tuple[int, Point, Point]]:
    """The meshes of a node and of those below it; rotations and matrices are not looked at."""
    node = document["nodes"][number]
    moved = _moved(tuple(node.get("translation", (0, 0, 0))), offset, scale)
    grown = tuple(a * b for a, b in zip(scale, node.get("scale", (1, 1, 1)), strict=True))
    if "mesh" in node:
        yield node["mesh"], moved, grown
    for child in node.get("children", ()):
        yield from _meshes(document, child, moved, grown)


def _moved(point: Any, offset: Point, scale: Point) -> Point:
    x, y, z = (a * b + c for a, b, c in zip(point, scale, offset, strict=True))
    return x, y, z


def _points(document: Any, binary: bytes, primitive: Any) -> list[Point]:
    accessor = document["accessors"][primitive["attributes"]["POSITION"]]
    view = document["bufferViews"][accessor["bufferView"]]
    start, stride = view.get("byteOffset", 0) + accessor.get("byteOffset", 0), view.get("byteStride", 12)
    return [struct.unpack_from("<fff", binary, start + stride * number) for number in range(accessor["count"])]


def _order(document: Any, binary: bytes, primitive: Any, count: int) -> Any:
    if primitive.get("mode", 4) != 4:
        return ()
    if "indices" not in primitive:
        return range(count)
    accessor = document["accessors"][primitive["indices"]]
    view = document["bufferViews"][accessor["bufferView"]]
    letter, _ = _INDICES[accessor["componentType"]]
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    return struct.unpack_from(f"<{accessor['count']}{letter}", binary, start)
