"""Near-copies are found, under the changes that leave them copies; honest work passes."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines.provenance.pictures import opened, sprites

from footlight_engines.provenance.descriptors import descriptor_of
from footlight_engines.provenance.originality import NearestSample
from footlight_engines.provenance.recolouring import remainders
from footlight_plugins import Domain, Samples, State

STAGE = NearestSample()


def index_of(domain: Domain, train: NDArray[np.generic], heldout: NDArray[np.generic]) -> State:
    return STAGE.index(Samples(domain, train, heldout, tuple(map(str, range(len(train))))))


def caught(index: State, samples: NDArray[np.generic]) -> float:
    return float(np.mean([STAGE.nearest(index, sample).copied for sample in samples]))


@pytest.fixture(scope="module")
def pictures() -> State:
    return index_of(Domain.IMAGE, sprites(300), sprites(200, seed=1))


def moved(picture: NDArray[np.uint8], dy: int, dx: int) -> NDArray[np.uint8]:
    return np.roll(np.pad(picture, ((2, 2), (2, 2), (0, 0))), (dy, dx), (0, 1))[2:-2, 2:-2]


def test_exact_copies_are_named(pictures: State) -> None:
    found = STAGE.nearest(pictures, sprites(300)[17])
    assert (found.name, found.distance, found.transform, found.copied) == ("17", 0.0, "", True)


def test_simple_changes_leave_a_copy_a_copy(pictures: State) -> None:
    some, rng = sprites(300)[:100], np.random.default_rng(3)
    assert caught(pictures, some[:, :, ::-1]) == caught(pictures, some[:, ::-1]) == 1.0
    assert caught(pictures, np.stack([moved(one, *rng.integers(-2, 3, 2)) for one in some])) >= 0.99
    assert caught(pictures, some[..., [1, 2, 0, 3]]) >= 0.99
    for gain in (0.5, 0.8):
        darker = np.concatenate([np.rint(some[..., :3] * gain).astype(np.uint8), some[..., 3:]], axis=-1)
        assert caught(pictures, darker) >= 0.99


def test_what_is_left_of_a_recoloured_picture_is_rounding() -> None:
    rng = np.random.default_rng(0)
    picture, other = (np.concatenate([rng.random((100, 3)), np.ones((100, 1))], axis=1) for _ in range(2))
    tinted = picture.copy()
    tinted[:, :3] = np.rint((picture[:, :3] @ rng.random((3, 3)) / 3 + 0.1) * 255) / 255
    rows = np.rint(np.stack([picture, other]) * 255).astype(np.uint8).reshape(2, -1)
    left = remainders(tinted.astype(np.float32), rows, np.arange(2))
    assert left[0] < 0.02 and left[1] > 0.5


def test_a_small_outline_is_known_by_its_brightness_and_an_even_picture_by_nothing() -> None:
    dot = np.zeros((1, 64, 4), np.float32)
    dot[0, 10:15] = np.array([0.5, 0.25, 0.0, 1.0])
    even = np.full((1, 64, 4), 0.5, np.float32)
    even[..., 3] = 1
    rows = np.rint(np.concatenate([dot, even]) * 255).astype(np.uint8).reshape(2, -1)
    assert remainders(dot[0] * np.array([0.8, 0.8, 0.8, 1], np.float32), rows, np.array([0]))[0] < 0.05
    assert remainders(even[0], rows, np.array([1]))[0] == np.inf


def test_honest_work_passes(pictures: State) -> None:
    assert caught(pictures, sprites(200, seed=2)) <= 0.02


def test_the_way_by_blocks_finds_what_the_plain_search_finds(pictures: State) -> None:
    descriptor = descriptor_of(Domain.IMAGE, (32, 32, 4))
    for sample in sprites(20, seed=5):
        views = np.stack([sample, sample[:, ::-1], sample[::-1]])
        known = pictures.arrays["rows"].astype(np.float64) / 255
        rows = descriptor.describe(views).astype(np.float64) / 255
        plain = min(float(np.sqrt(((known - row) ** 2).mean(1)).min()) for row in rows)
        found = descriptor.nearest(pictures.arrays, sample, [1.0, 1e-9])
        assert found.distance == pytest.approx(plain, rel=1e-4)


def test_heights_are_copies_when_turned_raised_or_stretched() -> None:
    hills = np.cumsum(np.random.default_rng(0).normal(size=(80, 16, 16)), axis=1).astype(np.float32)
    index = index_of(Domain.SURFACE, hills[:60], hills[60:])
    assert caught(index, np.stack([np.rot90(one)[:, ::-1] * 3 + 100 for one in hills[:60]])) == 1.0
    assert caught(index, hills[60:]) == 0.0


def test_music_is_a_copy_in_another_key() -> None:
    voices = np.random.default_rng(0).integers(50, 70, (60, 32, 4)).astype(np.int16)
    index = index_of(Domain.VOICES, voices[:40], voices[40:])
    found = STAGE.nearest(index, voices[3] + 5)
    assert (found.name, found.transform, found.copied) == ("3", "transposed -5", True)
    assert caught(index, voices[40:]) == 0.0


def test_levels_are_copies_when_mirrored() -> None:
    grids = np.random.default_rng(0).integers(0, 5, (60, 10, 10)).astype(np.uint8)
    index = index_of(Domain.GRID, grids[:40], grids[40:])
    assert caught(index, grids[:40, :, ::-1]) == 1.0 and caught(index, grids[40:]) == 0.0


def test_a_sample_of_another_shape_cannot_be_compared(pictures: State) -> None:
    with pytest.raises(ValueError, match="shape"):
        STAGE.nearest(pictures, np.zeros((8, 8, 4), np.uint8))


@pytest.mark.parametrize("domain", list(Domain))
def test_equal_samples_have_equal_fingerprints(domain: Domain) -> None:
    shape = {Domain.IMAGE: (20, 20, 3), Domain.VOICES: (32, 4)}.get(domain, (20, 20))
    train = np.random.default_rng(0).integers(0, 60, (3, *shape)).astype(np.int16)
    train[2] = train[0]
    prints = STAGE.fingerprint(Samples(domain, train, train[:0], ("a", "b", "c")))
    assert prints.dtype == np.uint8 and (prints[0] == prints[2]).all() and (prints[0] != prints[1]).any()


DATA = os.environ.get("FOOTLIGHT_DATA", "")


@pytest.mark.skipif(not DATA, reason="needs $FOOTLIGHT_DATA")
def test_real_tiles_are_told_from_copies_of_them() -> None:
    tiles = _crawl_tiles()[:1500]
    train, heldout, judged = tiles[:1100], tiles[1100:1300], tiles[1300:]
    index = index_of(Domain.IMAGE, train, heldout)
    assert caught(index, train[:150]) == 1.0
    inside = [one for one in train[:150] if (one[2:-2, 2:-2, 3] > 127).sum() >= 8]  # others lose what they show
    assert caught(index, np.stack([moved(one, 1, -2) for one in inside])) >= 0.99
    darker = np.concatenate([np.rint(train[:150, ..., :3] * 0.7).astype(np.uint8), train[:150, ..., 3:]], axis=-1)
    assert caught(index, darker) >= 0.99
    # of the real tiles some are recoloured, mirrored or moved ones: those lie at rounding, and are refused rightly
    low = index.meta["limits"][0]
    alarms = [found.copied and found.distance > low for found in (STAGE.nearest(index, one) for one in judged)]
    assert np.mean(alarms) <= 0.02


def _crawl_tiles() -> NDArray[np.uint8]:
    """Different tiles of 32 x 32 pixels, shuffled."""
    seen: dict[bytes, NDArray[np.uint8]] = {}
    with zipfile.ZipFile(Path(DATA) / "crawl-tiles" / "crawl-tiles.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for name in np.random.default_rng(0).permutation(names)[:1700]:
            picture = opened(io.BytesIO(archive.read(name)).getvalue())
            if picture.shape == (32, 32, 4):
                picture[picture[..., 3] == 0] = 0
                seen.setdefault(picture.tobytes(), picture)
    return np.stack(list(seen.values()))
