"""The watermark: seen by nobody, read by whoever has the key, also after what files go through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines.provenance.pictures import jpeg, opened, png, smooth, sprites

from footlight_engines.provenance.watermark import ChipQim, embed, read
from footlight_plugins import Content

KEY = b"the owner's"
PICTURES = smooth(100)


@pytest.fixture(scope="module")
def payloads() -> NDArray[np.int64]:
    return np.random.default_rng(1).integers(0, 2**32, len(PICTURES))


@pytest.fixture(scope="module")
def marked(payloads: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    made = [embed(picture, KEY, int(payload)) for picture, payload in zip(PICTURES, payloads, strict=True)]
    return [one for one in made if one is not None]


def bit_accuracy(pictures: list[NDArray[np.uint8]], payloads: NDArray[np.int64], key: bytes = KEY) -> float:
    wrong = 0
    for picture, payload in zip(pictures, payloads.tolist(), strict=True):
        mark = read(picture, key)
        assert mark is not None
        wrong += (mark.payload ^ payload).bit_count()
    return 1 - wrong / (32 * len(pictures))


def changed(picture: NDArray[np.uint8], colour: NDArray[Any]) -> NDArray[np.uint8]:
    return np.concatenate([np.rint(colour).clip(0, 255).astype(np.uint8), picture[..., 3:]], axis=-1)


def test_nobody_sees_it(marked: list[NDArray[np.uint8]]) -> None:
    error = ((np.stack(marked)[..., :3].astype(float) - PICTURES[..., :3]) ** 2).mean((1, 2, 3))
    psnr = 10 * np.log10(255**2 / error)
    assert np.median(psnr) >= 38 and np.percentile(psnr, 5) >= 32.5


@pytest.mark.parametrize("after", ["nothing", "jpeg", "darker", "noise"])
def test_it_survives(marked: list[NDArray[np.uint8]], payloads: NDArray[np.int64], after: str) -> None:
    rng = np.random.default_rng(2)
    ways: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
        "nothing": lambda picture: picture,
        "jpeg": lambda picture: jpeg(picture, 70),
        "darker": lambda picture: changed(picture, picture[..., :3] * 0.8),
        "noise": lambda picture: changed(picture, picture[..., :3] + rng.normal(0, 5, (64, 64, 3))),
    }
    assert bit_accuracy([ways[after](picture) for picture in marked], payloads) >= 0.995


def test_a_stranger_reads_noise(marked: list[NDArray[np.uint8]], payloads: NDArray[np.int64]) -> None:
    assert bit_accuracy(marked, payloads, b"a stranger's") == pytest.approx(0.5, abs=0.03)


def test_pictures_without_a_mark_read_with_less_confidence(marked: list[NDArray[np.uint8]]) -> None:
    def confidences(pictures: list[NDArray[np.uint8]]) -> list[float]:
        return [mark.confidence for picture in pictures if (mark := read(picture, KEY))]

    assert max(confidences(list(PICTURES))) < 0.6 < min(confidences(marked))


def test_transparency_stays_as_it_was() -> None:
    (sprite,) = sprites(1, 64, seed=4)
    content = ChipQim().embed(png(sprite), KEY, 77)
    assert content is not None
    assert (opened(content.data)[..., 3] == sprite[..., 3]).all()
    mark = ChipQim().read(content, KEY)
    assert mark is not None and mark.payload == 77


@pytest.mark.parametrize(
    "content", [png(smooth(1, 40)[0]), Content("audio/midi", b"MThd"), png(np.zeros((64, 64, 4), np.uint8))]
)
def test_what_has_no_room_is_left_alone(content: Content) -> None:
    assert ChipQim().embed(content, KEY, 1) is None
    assert ChipQim().read(content, KEY) is None


def test_damaged_files_have_no_mark() -> None:
    assert ChipQim().read(Content("image/png", b"\x89PNG\r\n\x1a\nbroken"), KEY) is None
