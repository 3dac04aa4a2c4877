"""The terrain of the demo: what is learned from, and what is read out of scenes."""

from __future__ import annotations

import numpy as np
import pytest

from footlight_engines.generate.gltf import scene_glb
from footlight_engines.generate.terrain import Walk, ground_of
from footlight_server.demo.terrain import SIDE, heights_of, windows


def test_windows_are_cut_from_two_regions_that_share_no_ground() -> None:
    train, held_out = windows()
    assert train.shape[1:] == held_out.shape[1:] == (SIDE, SIDE)
    assert {one.tobytes() for one in train}.isdisjoint(one.tobytes() for one in held_out)


def test_the_heights_of_a_scene_are_read_back() -> None:
    surface = np.random.default_rng(0).random((SIDE, SIDE)).cumsum(0)
    ground = ground_of(surface, Walk(1.0, 0.4, 45.0), 6.0, 0.6)
    assert np.allclose(heights_of(scene_glb(ground, 1.0)), ground.heights, atol=1e-5)


@pytest.mark.parametrize("scene", [b"", b"\x89PNG\r\n", b"RIFF" + bytes(60)])
def test_what_is_no_scene_is_refused(scene: bytes) -> None:
    with pytest.raises(ValueError, match="no GLB"):
        heights_of(scene)
