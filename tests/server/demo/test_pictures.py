"""The pictures and the page of the demo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footlight_engines.generate.gltf import scene_glb
from footlight_engines.generate.terrain import Walk, ground_of
from footlight_server.demo.pictures import draw_losses, draw_terrain, percent
from footlight_server.demo.turntable import turning_scenes


def test_real_and_generated_terrain_are_drawn_alike(tmp_path: Path) -> None:
    pieces = np.random.default_rng(1).random((16, 32, 32)).cumsum(1)
    draw_terrain(300 + 40 * pieces, pieces, tmp_path / "terrain.png")  # other reliefs, the same shapes
    with Image.open(tmp_path / "terrain.png") as file:
        picture = np.asarray(file.convert("RGB")).astype(int)
    height, width, _ = picture.shape
    left, right = picture[height // 10 :, : width // 2], picture[height // 10 :, width // 2 :]
    assert np.abs(left.mean((0, 1)) - right.mean((0, 1))).max() < 3


@pytest.mark.parametrize("count", [1, 40])
def test_losses_are_drawn_however_few_were_heard(tmp_path: Path, count: int) -> None:
    draw_losses([(step, {"loss_d": 2.0, "loss_g": 0.1}) for step in range(count)], tmp_path / "losses.png")
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_shares_are_written_with_a_space() -> None:
    assert percent(0.744) == "74 %"


def test_the_page_lets_each_scene_turn(tmp_path: Path) -> None:
    ground = ground_of(np.random.default_rng(0).random((16, 16)).cumsum(0), Walk(1.0, 0.4, 45.0), 6.0, 0.6)
    paths = [tmp_path / name for name in ("a.glb", "b.glb")]
    for path in paths:
        path.write_bytes(scene_glb(ground, 1.0))
    part = turning_scenes(paths)
    assert part.count("<option>") == 2
    assert f"[{ground.heights[0, 0]:.2f}".rstrip("0") in part
