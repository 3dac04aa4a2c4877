"""Terrain and scenes: walkable, valid, in metres."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footlight_engines.generate.corpus_files import read_files
from footlight_engines.generate.gltf import mesh_of, scene_glb, scene_usdz, spawn_of, walkable_triangles
from footlight_engines.generate.heightmaps import read_heights, windows
from footlight_engines.generate.terrain import Walk, ground_of, largest_piece, smoothed
from footlight_engines.provenance.containers import glb_json
from footlight_plugins import CorpusFile
from footlight_plugins.testing.generator import npy, write_corpus

WALK = Walk(cell=1.0, step=0.4, slope=45.0)
HILLS = np.sin(np.mgrid[0:24, 0:20][0] / 4) + np.cos(np.mgrid[0:24, 0:20][1] / 3)


def test_the_mesh_lies_around_the_middle_and_faces_up() -> None:
    positions, normals, _, triangles = mesh_of(HILLS, 2.0)
    assert positions.min(0)[[0, 2]].tolist() == [-19.0, -23.0] and positions.max(0)[[0, 2]].tolist() == [19.0, 23.0]
    a, b, c = (positions[triangles[:, i]].astype(float) for i in range(3))
    assert (np.cross(b - a, c - a)[:, 1] > 0).all()
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5) and (normals[:, 1] > 0).all()


def test_normals_point_away_from_the_slope() -> None:
    _, normals, _, _ = mesh_of(np.repeat(np.arange(5.0)[None], 5, 0), 1.0)
    assert np.allclose(normals, [[-(0.5**0.5), 0.5**0.5, 0]] * 25, atol=1e-6)


def test_the_relief_is_lowered_until_enough_can_be_walked_on() -> None:
    rough = np.random.default_rng(0).normal(size=(32, 32)).cumsum(0)
    ground = ground_of(rough, WALK, relief=40.0, wanted=0.6)
    assert ground.share >= 0.6 and 0 < ground.relief < 40
    assert ground_of(HILLS, WALK, relief=2.0, wanted=0.6).relief == 2.0


def test_the_spawn_point_is_on_walkable_ground() -> None:
    ground = ground_of(np.random.default_rng(1).normal(size=(32, 32)).cumsum(1), WALK, 10.0, 0.3)
    assert ground.walkable[ground.spawn]
    assert spawn_of(ground, 1.0)[1] == pytest.approx(ground.heights[ground.spawn])


def test_the_largest_piece_ends_at_a_step_that_is_too_high() -> None:
    heights = np.zeros((4, 10))
    heights[:, 3:] = 1.0
    piece = largest_piece(heights, np.ones((4, 10), np.bool_), 0.4)
    assert piece[:, 3:].all() and not piece[:, :3].any()
    assert len(walkable_triangles(piece)) == 2 * 3 * 6


def test_a_single_peak_is_smoothed_away() -> None:
    peak = np.zeros((5, 5))
    peak[2, 2] = 9
    assert (smoothed(peak) == 0).all()


def test_a_scene_has_ground_paths_and_a_beginning() -> None:
    scene = glb_json(scene_glb(ground_of(HILLS, WALK, 2.0, 0.6), 1.0))
    assert [node["name"] for node in scene["nodes"]] == ["ground", "navmesh", "spawn"]
    assert scene["nodes"][0]["extras"]["collider"] == "trimesh"


@pytest.mark.parametrize("side", [8, 64, 256])
def test_the_parts_of_a_scene_lie_where_it_says(side: int) -> None:
    data = scene_glb(ground_of(np.arange(side * side, dtype=float).reshape(side, side), WALK, 1.0, 0.0), 1.0)
    scene = glb_json(data)
    assert struct.unpack_from("<I", data, 8)[0] == len(data)
    assert all(v["byteOffset"] + v["byteLength"] <= scene["buffers"][0]["byteLength"] for v in scene["bufferViews"])
    assert {a["componentType"] for a in scene["accessors"] if a["type"] == "SCALAR"} <= {5123, 5125}


VALIDATOR = os.environ.get("FOOTLIGHT_GLTF_VALIDATOR", "")


@pytest.mark.skipif(not (VALIDATOR and shutil.which("node")), reason="needs node, $FOOTLIGHT_GLTF_VALIDATOR")
@pytest.mark.parametrize("side", [8, 64, 256])
def test_the_validator_of_khronos_finds_nothing(side: int, tmp_path: Path) -> None:
    heights = np.random.default_rng(0).normal(size=(side, side)).cumsum(0)
    (tmp_path / "scene.glb").write_bytes(scene_glb(ground_of(heights, WALK, 6.0, 0.6), 1.0))
    script = (
        "const v=require(process.argv[1]),f=require('fs');v.validateBytes(new Uint8Array(f.readFileSync(process.argv[2])))"
        ".then(r=>console.log(JSON.stringify(r.issues)))"
    )
    told = subprocess.run(
        ["node", "-e", script, VALIDATOR, str(tmp_path / "scene.glb")], capture_output=True, text=True, check=True
    )
    issues = json.loads(told.stdout)
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"][:5]


def test_a_scene_for_ar_opens() -> None:
    usd = pytest.importorskip("pxr.Usd")
    data = scene_usdz(ground_of(HILLS, WALK, 2.0, 0.6), 1.0)
    assert data[:4] == b"PK\x03\x04" and b"ground.png" in data and usd.GetVersion() > (0, 20, 0)


def test_heights_come_from_arrays_and_16_bit_pictures(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray((HILLS * 1000 + 5000).astype(np.uint16)).save(buffer, "PNG")
    corpus = write_corpus(tmp_path, {"a.npy": npy(HILLS.astype(np.float32)), "b.png": buffer.getvalue()})
    cut, names = windows(read_files(corpus, read_heights).read, 16, 4)
    assert len(cut) == len(names) == 2 * 3 * 2 and cut.min() == -1 and cut.max() == 1


def test_windows_with_gaps_and_flat_ones_are_left_out(tmp_path: Path) -> None:
    heights = HILLS.astype(np.float32).copy()
    heights[0, 0] = np.nan
    corpus = write_corpus(tmp_path, {"a.npy": npy(heights), "b.npy": npy(np.zeros((16, 16), np.float32))})
    assert len(windows(read_files(corpus, read_heights).read, 16, 4)[0]) == 5


@pytest.mark.parametrize(("path", "data"), [("a.npy", b"no"), ("a.png", b"no"), ("a.dem", b"no"), ("a.tif", b"II")])
def test_what_is_no_heightmap_is_refused_by_name(tmp_path: Path, path: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=path):
        read_files(write_corpus(tmp_path, {path: data}), read_heights)


DATA = os.environ.get("FOOTLIGHT_DATA", "")


@pytest.mark.skipif(not DATA, reason="needs $FOOTLIGHT_DATA")
def test_a_real_dem_is_read() -> None:
    file = CorpusFile("SainteHelens.dem.xz", Path(DATA) / "terrain" / "SainteHelens.dem.xz")
    heights = read_heights(file)
    assert heights.shape == (466, 327) and np.nanmin(heights) == 682 and np.nanmax(heights) == 2543
    assert 0.97 < np.isfinite(heights).mean() < 0.98
    assert len(windows([(file, heights)], 64, 16)[0]) == 396
