"""Content as files that other programs read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from footlight_engines.generate.encoding import encode
from footlight_plugins import Content
from footlight_plugins.testing.generator import read_npy


def _picture(content: Content) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(content.data))).astype(np.int64)


@pytest.mark.parametrize("shape", [(2, 2), (1, 2, 2)])
def test_a_map_is_a_picture_of_65536_greys(shape: tuple[int, ...]) -> None:
    sample = np.array([[-100.0, 0.0], [50.0, 100.0]], np.float32).reshape(shape)
    content = encode(sample, -100.0, 100.0, "auto")
    assert content.media_type == "image/png"
    assert _picture(content).tolist() == [[0, 32768], [49151, 65535]]


@pytest.mark.parametrize("channels", [3, 4])
def test_three_or_four_channels_are_colours(channels: int) -> None:
    sample = np.zeros((channels, 2, 5), np.float32)
    sample[1] = 1.0
    picture = _picture(encode(sample, 0.0, 1.0, "auto"))
    assert picture.shape == (2, 5, channels) and picture[0, 0, :3].tolist() == [0, 255, 0]


def test_the_attributes_tell_the_scale() -> None:
    content = encode(np.zeros((2, 5), np.float32), -3.0, 8.0, "png")
    assert content.attributes == {"low": -3.0, "high": 8.0, "shape": [2, 5]}


@pytest.mark.parametrize(("shape", "media"), [((5,), "auto"), ((2, 4, 4), "auto"), ((4, 4), "npy")])
def test_other_shapes_are_arrays(shape: tuple[int, ...], media: str) -> None:
    sample = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    content = encode(sample, 0.0, 40.0, "npy" if media == "npy" else "auto")
    assert content.media_type == "application/x-npy" and np.array_equal(read_npy(content), sample)


def test_a_picture_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="no picture"):
        encode(np.zeros(5, np.float32), 0.0, 1.0, "png")
