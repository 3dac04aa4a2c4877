"""``footlight evaluate-generator``: figures beside held-out content and the baseline, and a page to look at."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from footlight.cli.app import build
from footlight_plugins import Domain, Samples
from footlight_plugins.evaluation.baseline import natural, plain
from footlight_plugins.evaluation.features import LearnedFilters
from footlight_server.commands.generator_page import neighbours, seen
from footlight_server.commands.local_corpus import local_corpus

TINY = ["steps=3", "size=28", "width=4", "batch_size=8", "latent=8", "evaluations=0", "device=cpu", "threads=1"]


@pytest.fixture(scope="module")
def zipped(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.make_archive(str(tmp_path_factory.mktemp("zip") / "tiles"), "zip", corpus.parent, corpus.name))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(0)
    for i in range(120):
        picture = np.zeros((28, 28, 4), np.uint8)
        top, left = rng.integers(0, 14, 2)
        picture[top : top + 12, left : left + 12] = [*rng.integers(0, 255, 3), 255]
        Image.fromarray(picture).save(folder / f"{i}.png")
    return folder


def test_a_generator_is_measured_beside_what_was_held_out_and_the_baseline(corpus: Path, tmp_path: Path) -> None:
    options = [word for option in TINY for word in ("--option", option)]
    arguments = [
        "evaluate-generator",
        "--engine",
        "image-gan",
        "--corpus",
        str(corpus),
        "--seeds",
        "4",
        "--count",
        "24",
        "--embedder",
        "picture-features",
    ]
    result = CliRunner().invoke(build(), [*arguments, *options, "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert list(rows) == ["real, held out", "seed 4", "mlp-gan, seed 4"] and len(rows["seed 4"]["kid"]) == 3
    assert rows["seed 4"]["embedded"]["kid"] > rows["real, held out"]["embedded"]["kid"]
    text = (tmp_path / "index.html").read_text()
    assert text.count("data:image/png;base64,") == 3 and "Ways between seeds" in text
    assert "coverage, picture-features" in text


def test_an_embedder_that_nobody_offers_is_refused_with_those_that_there_are(corpus: Path) -> None:
    arguments = ["--engine", "image-gan", "--corpus", str(corpus), "--embedder", "sentence-encoder"]
    result = CliRunner().invoke(build(), ["evaluate-generator", *arguments, "--option", "size=28"])
    said = " ".join(result.output.split())
    assert result.exit_code == 2 and "no plug-in offers the image embedder 'sentence-encoder'" in said
    assert "picture-features" in said


def test_a_zip_is_the_folder_in_it(corpus: Path, zipped: Path) -> None:
    with local_corpus(zipped) as files, local_corpus(corpus) as beside:
        assert [file.path for file in files] == [file.path for file in beside]


@pytest.mark.parametrize(("name", "reason"), [("../out.png", "climbs out"), ("", "not a zip")])
def test_a_zip_that_climbs_out_or_is_none_is_refused_by_name(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / "bad.zip"
    if name:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"")
    else:
        path.write_bytes(b"PK no zip")
    with pytest.raises(ValueError, match=rf"bad\.zip.*{reason}"), local_corpus(path):
        pass


def test_seeds_that_are_no_numbers_are_refused_by_name(corpus: Path) -> None:
    arguments = ["evaluate-generator", "--engine", "image-gan", "--corpus", str(corpus), "--seeds", "one"]
    result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 2 and "--seeds" in result.output


@pytest.mark.parametrize(
    ("domain", "low", "high", "shape"),
    [
        (Domain.GRID, 0, 5, (6, 6)),
        (Domain.VOICES, -1, 60, (16, 4)),
        (Domain.SURFACE, 0, 9, (6, 6)),
    ],
)
def test_samples_come_back_from_plain_arrays(domain: Domain, low: int, high: int, shape: tuple[int, ...]) -> None:
    samples = np.random.default_rng(0).integers(low, high, (5, *shape)).astype(np.int16)
    assert (natural(domain, plain(domain, samples)) == samples).all()


def test_pictures_come_back_from_plain_arrays_where_something_is_to_be_seen() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (5, 6, 6, 4)).astype(np.uint8)
    pictures[..., 3] = 255 * (pictures[..., 3] > 100)
    back = natural(Domain.IMAGE, plain(Domain.IMAGE, pictures) / 127.5 - 1)
    visible = pictures[..., 3] > 0
    assert np.abs(back[visible].astype(int) - pictures[visible]).max() <= 1 and (back[..., 3] == pictures[..., 3]).all()


def striped(count: int, step: int, seed: int) -> NDArray[np.float32]:
    """Stripes of one width and any direction, shifted at random."""
    rng = np.random.default_rng(seed)
    waves = [np.roll(np.arange(16) // step % 2, rng.integers(16)).astype(np.float32) for _ in range(count)]
    return np.stack([np.broadcast_to(wave, (16, 16)) for wave in waves])[..., None]


def test_learned_filters_see_texture() -> None:
    space = LearnedFilters.of(striped(60, 1, 0))
    coarse, fine = space(striped(60, 4, 1)).mean(0), space(striped(60, 1, 2)).mean(0)
    again = space(striped(60, 1, 3)).mean(0)
    assert np.linalg.norm(fine - again) < 0.1 * np.linalg.norm(fine - coarse)


@pytest.mark.parametrize("domain", list(Domain))
def test_samples_of_every_domain_can_be_looked_at(domain: Domain) -> None:
    shape = {Domain.IMAGE: (9, 9, 4), Domain.VOICES: (16, 4), Domain.ARRAY: (3, 8, 8)}.get(domain, (10, 10))
    sample = np.random.default_rng(0).integers(0, 70, shape).astype(np.uint8)
    assert seen(domain, sample).shape[2] == 3 and max(seen(domain, sample).shape) >= 64


def test_each_sample_stands_above_its_nearest() -> None:
    train = np.random.default_rng(0).integers(0, 255, (9, 64, 64, 3)).astype(np.uint8)
    picture = neighbours(Samples(Domain.IMAGE, train, train[:0], ("",) * 9), train[[4, 2]])
    assert (picture[:68] == picture[68:]).all()
