"""Scenes as glTF 2.0 in one binary file (GLB), and as USDZ. Metres, Y up, right-handed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.generate.terrain import Ground
from footlight_engines.provenance.containers import glb, glb_binary

ARRAY_BUFFER, ELEMENT_BUFFER = 34_962, 34_963
FLOAT, UINT8, UINT16, UINT32 = 5_126, 5_121, 5_123, 5_125
EYES = 1.6
"""The height of a person's eyes above the ground, in metres."""


def mesh_of(
    heights: NDArray[np.float64], cell: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
    """Positions (n, 3), normals (n, 3), colours (n, 4) and triangles (m, 3) of heights (R, C) in metres.

    The middle is at x = z = 0; colours go from green on flat ground to brown on steep.
    """
    rows, columns = heights.shape
    x = (np.arange(columns) - (columns - 1) / 2) * cell
    z = (np.arange(rows) - (rows - 1) / 2) * cell
    positions = np.stack([np.tile(x, rows), heights.ravel(), np.repeat(z, columns)], axis=1)
    dz, dx = np.gradient(heights, cell)
    normals = np.stack([-dx.ravel(), np.ones(heights.size), -dz.ravel()], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    steep = 1 - normals[:, 1]
    colours = np.stack([90 + 120 * steep, 140 - 60 * steep, 60 + 40 * steep, np.full_like(steep, 255)], axis=1)
    corner = np.arange(heights.size).reshape(rows, columns)
    a, b, c, d = (part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]))
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    return (
        positions.astype(np.float32),
        normals.astype(np.float32),
        np.rint(colours).astype(np.uint8),
        triangles,
    )


def walkable_triangles(walkable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The triangles (m, 3) of cells whose four corners can be walked on."""
    columns = walkable.shape[1]
    whole = walkable[:-1, :-1] & walkable[:-1, 1:] & walkable[1:, :-1] & walkable[1:, 1:]
    r, c = np.nonzero(whole)
    a = r * columns + c
    return np.concatenate([np.stack([a, a + columns, a + 1], 1), np.stack([a + 1, a + columns, a + columns + 1], 1)])


class _Buffer:
    """The binary part, section by section."""

    def __init__(self) -> None:
        self.blob = b""
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, array: NDArray[Any], component: int, kind: str, target: int, **more: Any) -> int:
        """Answers the number of the accessor."""
        data = np.ascontiguousarray(array).tobytes()
        view = {"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data), "target": target}
        self.blob += data + b"\0" * (-len(data) % 4)
        self.views.append(view)
        count = array.shape[0] if kind != "SCALAR" else array.size
        self.accessors.append(
            {"bufferView": len(self.views) - 1, "componentType": component, "count": int(count), "type": kind, **more}
        )
        return len(self.accessors) - 1

    def indices(self, triangles: NDArray[np.int64]) -> int:
        """Two bytes each where these suffice; 65,535 is reserved."""
        small = int(triangles.max(initial=0)) < 65_535
        flat = triangles.ravel().astype(np.uint16 if small else np.uint32)
        return self.add(flat, UINT16 if small else UINT32, "SCALAR", ELEMENT_BUFFER)


def scene_glb(ground: Ground, cell: float) -> bytes:
    """The ground as a scene: a node ``ground`` with the mesh, which is the collider too, a node ``navmesh`` with what can be
    walked on, and a node ``spawn`` with eyes to look from."""
    positions, normals, colours, triangles = mesh_of(ground.heights, cell)
    buffer = _Buffer()
    low, high = ([float(v) for v in bound] for bound in (positions.min(0), positions.max(0)))
    place = buffer.add(positions, FLOAT, "VEC3", ARRAY_BUFFER, min=low, max=high)
    normal = buffer.add(normals, FLOAT, "VEC3", ARRAY_BUFFER)
    colour = buffer.add(colours, UINT8, "VEC4", ARRAY_BUFFER, normalized=True)
    attributes = {"POSITION": place, "NORMAL": normal, "COLOR_0": colour}
    meshes = [_mesh("ground", attributes, buffer.indices(triangles))]
    nodes: list[dict[str, Any]] = [{"name": "ground", "mesh": 0, "extras": {"collider": "trimesh"}}]
    walked = walkable_triangles(ground.walkable)
    if len(walked):
        used, inverse = np.unique(walked, return_inverse=True)
        floor = positions[used] + np.array([0, 0.02, 0], np.float32)  # above the ground, not in it
        bounds = {"min": [float(v) for v in floor.min(0)], "max": [float(v) for v in floor.max(0)]}
        at = buffer.add(floor, FLOAT, "VEC3", ARRAY_BUFFER, **bounds)
        meshes.append(_mesh("navmesh", {"POSITION": at}, buffer.indices(inverse.reshape(walked.shape)), material=1))
        nodes.append({"name": "navmesh", "mesh": 1, "extras": {"walkable_share": round(ground.share, 4)}})
    nodes.append({"name": "spawn", "translation": spawn_of(ground, cell), "extras": {"eyes": EYES}})
    scene = {
        "asset": {"version": "2.0", "generator": "Footlight"},
        "scene": 0,
        "scenes": [{"name": "terrain", "nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_rough("ground", [1, 1, 1, 1]), {**_rough("navmesh", [0, 0.6, 1, 0]), "alphaMode": "BLEND"}],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.blob)}],
    }
    if len(meshes) == 1:
        scene["materials"] = scene["materials"][:1]  # type: ignore[index]  # a list
    return glb(scene, glb_binary(buffer.blob))


def spawn_of(ground: Ground, cell: float) -> list[float]:
    """Where to begin: on the ground, in metres."""
    rows, columns = ground.heights.shape
    row, column = ground.spawn
    return [
        (column - (columns - 1) / 2) * cell,
        float(ground.heights[row, column]),
        (row - (rows - 1) / 2) * cell,
    ]


def _mesh(name: str, attributes: dict[str, int], indices: int, material: int = 0) -> dict[str, Any]:
    primitive = {"attributes": attributes, "indices": indices, "material": material, "mode": 4}
    return {"name": name, "primitives": [primitive]}


def _rough(name: str, colour: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "pbrMetallicRoughness": {"baseColorFactor": colour, "metallicFactor": 0, "roughnessFactor": 1},
    }


def scene_usdz(ground: Ground, cell: float) -> bytes:
    """The ground as USDZ, for AR. Colours are a texture: viewers of AR leave out colours of vertices.

    Raises
    ------
    ValueError
        When usd-core is not installed.
    """
    try:
        from pxr import Sdf, Usd, UsdGeom, UsdShade, UsdUtils
    except ImportError as missing:
        raise ValueError("media 'usdz' needs usd-core: pip install 'footlight[usd]'") from missing
    from footlight_engines.provenance.pictures import write_png

    positions, normals, colours, triangles = mesh_of(ground.heights, cell)
    rows, columns = ground.heights.shape
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ground.png").write_bytes(write_png(colours[:, :3].reshape(rows, columns, 3)))
        stage = Usd.Stage.CreateNew(f"{folder}/scene.usdc")
        UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/terrain").GetPrim())
        mesh = UsdGeom.Mesh.Define(stage, "/terrain/ground")
        mesh.CreatePointsAttr(positions.tolist())
        mesh.CreateNormalsAttr(normals.tolist())
        mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
        mesh.CreateFaceVertexCountsAttr([3] * len(triangles))
        mesh.CreateFaceVertexIndicesAttr(triangles.ravel().tolist())
        mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        u, v = np.meshgrid((np.arange(columns) + 0.5) / columns, 1 - (np.arange(rows) + 0.5) / rows)
        primvars = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar(
            "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
        )
        primvars.Set(np.stack([u.ravel(), v.ravel()], 1).tolist())
        _textured(stage, mesh, Sdf, UsdShade)
        stage.Save()
        if not UsdUtils.CreateNewARKitUsdzPackage(f"{folder}/scene.usdc", f"{folder}/scene.usdz"):
            raise ValueError("usd-core could not write the USDZ")
        return (Path(folder) / "scene.usdz").read_bytes()


def _textured(stage: Any, mesh: Any, sdf: Any, shade: Any) -> None:
    """A preview surface whose colour is a picture beside the scene."""
    material = shade.Material.Define(stage, "/terrain/material")
    surface = shade.Shader.Define(stage, "/terrain/material/surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("roughness", sdf.ValueTypeNames.Float).Set(1.0)
    reader = shade.Shader.Define(stage, "/terrain/material/st")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", sdf.ValueTypeNames.String).Set("st")
    texture = shade.Shader.Define(stage, "/terrain/material/texture")
    texture.CreateIdAttr("UsdUVTexture")
    texture.CreateInput("file", sdf.ValueTypeNames.Asset).Set("ground.png")
    texture.CreateInput("st", sdf.ValueTypeNames.Float2).ConnectToSource(reader.ConnectableAPI(), "result")
    texture.CreateOutput("rgb", sdf.ValueTypeNames.Float3)
    colour = surface.CreateInput("diffuseColor", sdf.ValueTypeNames.Color3f)
    colour.ConnectToSource(texture.ConnectableAPI(), "rgb")
    material.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    shade.MaterialBindingAPI.Apply(mesh.GetPrim())
    shade.MaterialBindingAPI(mesh).Bind(material)
