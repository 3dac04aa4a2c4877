"""Files of a corpus: what is broken is named and left out, what is compressed is read."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from footlight_engines.generate import corpus_files
from footlight_engines.generate.arrays import read_samples
from footlight_engines.generate.corpus_files import bytes_of, ending_of, read_files
from footlight_engines.generate.heightmaps import read_heights
from footlight_engines.generate.level_files import read_level_file
from footlight_engines.generate.voices import read_pieces
from footlight_plugins.testing.generator import npy, write_corpus

HILLS = np.add.outer(np.arange(8.0), np.arange(8.0)).astype(np.float32)
CHORALE = json.dumps([[[60, 55, 52, 48]] * 16]).encode()
READERS = {
    "level.txt": (b"####\n#@.#\n#$ #\n####\n", read_level_file),
    "hills.npy": (npy(HILLS), read_heights),
    "chorale.json": (CHORALE, lambda file: list(read_pieces(file, 4, 4))),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_cannot_be_read_is_named_and_left_out(tmp_path: Path, name: str) -> None:
    data, read = READERS[name]
    files = read_files(write_corpus(tmp_path, {name: data, f"bad.{name}": b"\xff\0", "LICENSE": b"free"}), read)
    assert [file.path for file, _ in files.read] == [name]
    assert len(files.broken) == 1 and files.broken[0].startswith(f"bad.{name}: ")


@pytest.mark.parametrize("name", READERS)
def test_a_corpus_of_which_no_file_can_be_read_is_refused_with_the_list(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"no file of the corpus can be read: {name}: .*; {name}2"):
        read_files(write_corpus(tmp_path, {name: b"\xff\0", f"{name}2": b""}), READERS[name][1])


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(("ending", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress)])
def test_a_compressed_file_is_read_as_if_it_were_not(tmp_path: Path, name: str, ending: str, pack: object) -> None:
    data, read = READERS[name]
    corpus = write_corpus(tmp_path, {name: data, name + ending: pack(data)})  # type: ignore[operator]
    (_, plain), (_, packed) = read_files(corpus, read).read
    assert repr(plain) == repr(packed) and ending_of(corpus.files[1]) == Path(name).suffix


def test_what_unpacks_to_far_too_much_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_files, "LARGEST_FILE", 1_000)
    (bomb,) = write_corpus(tmp_path, {"bomb.txt.xz": lzma.compress(bytes(1_001))})
    with pytest.raises(ValueError, match=r"bomb\.txt\.xz: it unpacks to more than"):
        bytes_of(bomb)


def test_what_is_cut_off_is_refused_by_name(tmp_path: Path) -> None:
    (cut,) = write_corpus(tmp_path, {"cut.txt.gz": gzip.compress(b"#" * 100)[:-9]})
    with pytest.raises(ValueError, match=r"cut\.txt\.gz: it cannot be unpacked"):
        bytes_of(cut)


def test_arrays_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    files = {f"{i}.npy": npy(rng.random((4, 4)).astype(np.float32)) for i in range(3)} | {"bad.npy": b"no"}
    found = read_samples(write_corpus(tmp_path, files))
    assert len(found.train) == 3 and found.broken[0].startswith("bad.npy: ")
