"""What a corpus of arrays may look like."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from footlight_engines.generate.arrays import Samples, read_samples, restored
from footlight_plugins.testing.generator import npy, write_corpus

_ZERO, _ONE = npy(np.zeros((2, 3))), npy(np.ones((2, 3)))


def _read(folder: Path, **files: bytes) -> Samples:
    return read_samples(write_corpus(folder, {name.replace("__", "/") + ".npy": data for name, data in files.items()}))


def test_every_file_is_a_sample(tmp_path: Path) -> None:
    assert _read(tmp_path, a=_ZERO, b=_ONE).train.shape == (2, 2, 3)


def test_a_file_named_stack_holds_many_samples(tmp_path: Path) -> None:
    assert _read(tmp_path, maps__stack1=npy(np.arange(24.0).reshape(4, 2, 3)), z=_ONE).train.shape == (5, 2, 3)


def test_values_are_scaled_by_the_range_of_the_corpus(tmp_path: Path) -> None:
    samples = _read(tmp_path, a=npy(np.array([10.0, 20.0])), b=npy(np.array([15.0, 30.0])))
    assert samples.train.tolist() == [[-1.0, 0.0], [-0.5, 1.0]]
    assert restored(samples.train, samples.low, samples.high).tolist() == [[10.0, 20.0], [15.0, 30.0]]


def test_where_there_is_a_train_folder_nothing_else_is_learned_from(tmp_path: Path) -> None:
    samples = _read(tmp_path, train__a=_ZERO, train__b=_ONE, other=_ZERO, heldout__c=_ONE)
    assert (len(samples.train), len(samples.heldout)) == (2, 1)


def test_what_is_held_out_is_not_learned_from(tmp_path: Path) -> None:
    samples = _read(tmp_path, a=_ZERO, b=_ONE, heldout__c=npy(np.full((2, 3), 5.0)))
    assert len(samples.train) == 2 and samples.high == 1.0


def _pickle() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], object), allow_pickle=True)
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(3))
    return buffer.getvalue()


def _huge() -> bytes:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        _ZERO[:-1],
        _pickle(),
        _zip(),
        _huge(),
        npy(np.array(1.0)),
        npy(np.zeros((0, 3))),
        npy(np.array(["a", "b"])),
        npy(np.zeros((2, 3), complex)),
        npy(np.full((2, 3), np.nan)),
        npy(np.full((2, 3), 1e300)),
        npy(np.zeros((300, 300))),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_a_malformed_file_is_named_and_left_out(tmp_path: Path, data: bytes) -> None:
    found = _read(tmp_path, train__a=_ZERO, train__b=_ONE, train__bad=data)
    assert len(found.train) == 2 and found.broken[0].startswith("train/bad.npy: ")


def test_samples_of_another_shape_than_the_first_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"train/bad\.npy: a sample has shape"):
        _read(tmp_path, train__a=_ZERO, train__b=_ONE, train__bad=npy(np.zeros((3, 2))))


def test_a_file_of_another_kind_is_named_and_left_out(tmp_path: Path) -> None:
    found = read_samples(write_corpus(tmp_path, {"notes.txt": b"hello", "a.npy": _ZERO, "b.npy": _ONE}))
    assert found.broken == ("notes.txt: expected a .npy file of numbers",)


def test_one_array_of_many_samples_is_told_how_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stack"):
        _read(tmp_path, terrain=npy(np.arange(24.0).reshape(4, 2, 3)))


def test_a_corpus_of_one_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        _read(tmp_path, a=_ONE, b=_ONE)
