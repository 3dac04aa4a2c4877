"""Corpora of pictures: what is read, what is skipped by name, what is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footlight_engines.generate.picture_corpus import read_pictures
from footlight_plugins.testing.generator import write_corpus


def png(size: tuple[int, int] = (28, 28), mode: str = "RGBA", colour: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour if mode == "L" else (colour, 20, 30, 255)[: len(mode)]).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_the_folder_is_the_class(tmp_path: Path) -> None:
    found = read_pictures(write_corpus(tmp_path, {"a/1.png": png(), "b/2.png": png(), "b/3.png": png()}), 28, "auto")
    assert found.classes == ("a", "b") and found.labels.tolist() == [0, 1, 1]


def test_one_folder_is_no_class_and_held_out_pictures_are_apart(tmp_path: Path) -> None:
    files = {"train/1.png": png(), "train/2.png": png(), "heldout/3.png": png(colour=9)}
    found = read_pictures(write_corpus(tmp_path, files), 28, "auto")
    assert found.classes == () and (len(found.train), len(found.heldout)) == (2, 1)


def test_a_zip_is_read_like_a_folder(tmp_path: Path) -> None:
    archive = zipped({"tiles/a/1.png": png(), "tiles/b/2.png": png(), "tiles/readme.txt": b"hello"})
    found = read_pictures(write_corpus(tmp_path, {"tiles.zip": archive}), 28, "auto")
    assert found.classes == ("a", "b") and found.names == ("a/1.png", "b/2.png")


def test_a_broken_file_is_named_and_skipped(tmp_path: Path) -> None:
    files = {"1.png": png(), "2.png": png()[:60], "3.png": b"no picture", "4.gif": b"GIF89a"}
    found = read_pictures(write_corpus(tmp_path, files), 28, "auto")
    assert found.names == ("1.png",) and [line.split(":")[0] for line in found.broken] == ["2.png", "3.png", "4.gif"]


def test_where_every_file_is_broken_all_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1\.png.*2\.png"):
        read_pictures(write_corpus(tmp_path, {"1.png": b"x", "2.png": b"y"}), 28, "auto")


@pytest.mark.parametrize("name", ["../1.png", "/etc/1.png", "a\\..\\1.png", "C:1.png"])
def test_a_zip_that_climbs_out_is_refused_by_name(tmp_path: Path, name: str) -> None:
    archive = zipped({name: png()})
    with pytest.raises(ValueError, match=r"bad\.zip: .*climbs out"):
        read_pictures(write_corpus(tmp_path, {"bad.zip": archive}), 28, "auto")


def test_a_bomb_of_pixels_is_skipped_by_name(tmp_path: Path) -> None:
    files = {"1.png": png(), "bomb.png": png((5_000, 5_000), "L")}
    found = read_pictures(write_corpus(tmp_path, files), 28, "auto")
    assert found.broken[0].startswith("bomb.png: 5000 x 5000 pixels")


def test_a_bomb_of_bytes_is_refused_by_name(tmp_path: Path) -> None:
    archive = zipped({"bomb.png": bytes(65 << 20)})
    with pytest.raises(ValueError, match=r"bomb\.png is larger than 64 MiB"):
        read_pictures(write_corpus(tmp_path, {"bad.zip": archive}), 28, "auto")


def test_other_sizes_are_scaled_and_put_into_the_middle(tmp_path: Path) -> None:
    (picture,) = read_pictures(write_corpus(tmp_path, {"1.png": png((56, 28))}), 28, "rgba").train
    assert picture.shape == (4, 28, 28)
    assert (picture[3, :7] == 0).all() and (picture[3, 7:21] == 255).all() and (picture[3, 21:] == 0).all()


def test_what_a_transparent_pixel_hides_is_not_learned(tmp_path: Path) -> None:
    hidden = np.full((28, 28, 4), 200, np.uint8)
    hidden[..., 3] = 0
    buffer = io.BytesIO()
    Image.fromarray(hidden).save(buffer, "PNG")
    (picture,) = read_pictures(write_corpus(tmp_path, {"1.png": buffer.getvalue()}), 28, "auto").train
    assert (picture == 0).all()


@pytest.mark.parametrize(("mode", "channels"), [("L", 3), ("RGB", 3), ("RGBA", 3)])
def test_pictures_without_transparency_have_three_channels(tmp_path: Path, mode: str, channels: int) -> None:
    assert read_pictures(write_corpus(tmp_path, {"1.png": png(mode=mode)}), 28, "auto").train.shape[1] == channels
