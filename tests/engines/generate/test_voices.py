"""Music: read, written, and read again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn.functional import one_hot

pytest.importorskip("mido")

from footlight_engines.generate.corpus_files import read_files
from footlight_engines.generate.music_gan import _transposed, _within  # skipped where mido is not installed
from footlight_engines.generate.sequence_networks import _motion_of
from footlight_engines.generate.voices import qualities, read_midi, read_pieces, windows, write_midi
from footlight_plugins import Corpus
from footlight_plugins.testing.generator import write_corpus


def pieces(seed: int, steps: int = 16) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    held = rng.integers(0, 12, (steps // 4, 4)).repeat(4, axis=0)
    return np.asarray(held + np.array([72, 60, 48, 36]), np.int16)


@given(st.integers(0, 200))
def test_what_is_written_is_read_again(seed: int) -> None:
    steps = pieces(seed)
    assert (read_midi(write_midi(steps, 4, 90), 4, 4) == steps).all()


def test_silence_stays_silence() -> None:
    steps = pieces(0)
    steps[4:8, 1] = -1
    assert (read_midi(write_midi(steps, 4, 90), 4, 4) == steps).all()


def test_notes_of_one_track_are_given_to_the_voices_from_the_highest_on() -> None:
    steps = pieces(3)
    together = read_midi(write_midi(steps, 4, 90), 3, 4)
    assert (together[:, 0] == steps.max(1)).all()


def cut(corpus: Corpus) -> tuple[dict[str, NDArray[np.int16]], tuple[str, ...]]:
    return windows(read_files(corpus, lambda file: list(read_pieces(file, 4, 4))).read, 4, 16, 1)


@pytest.mark.parametrize("data", [b"nonsense", b"MThd\0\0\0\6\0\0\0\1\0\x60" + b"\xff" * 20])
def test_what_is_no_music_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"bad\.mid"):
        cut(write_corpus(tmp_path, {"bad.mid": data}))


def test_splits_of_a_file_of_chorales_are_kept(tmp_path: Path) -> None:
    chorales = {"train": [pieces(0, 48).tolist()], "test": [pieces(1, 32).tolist()]}
    found, names = cut(write_corpus(tmp_path, {"all.json": json.dumps(chorales).encode()}))
    assert (len(found["train"]), len(found["heldout"]), len(names)) == (3, 2, 3)


@pytest.mark.parametrize("chorales", [{"train": [[[1, 2, 3]]]}, {"train": [[[300, 1, 1, 1]]]}, [[["a", 1, 1, 1]]], 5])
def test_malformed_chorales_are_refused_by_name(tmp_path: Path, chorales: object) -> None:
    with pytest.raises(ValueError, match=r"bad\.json"):
        cut(write_corpus(tmp_path, {"bad.json": json.dumps(chorales).encode()}))


def test_the_qualities_of_a_scale() -> None:
    scale = np.array([60, 62, 64, 65, 67, 69, 71, 72], np.int16)
    window = np.stack([scale, scale - 12], axis=1)[None]
    assert qualities(window) == {"in_key": 1.0, "crossing": 0.0, "changes": 1.0, "leaps": 0.0}
    assert qualities(window[:, :, ::-1])["crossing"] == 1.0


def test_notes_are_brought_into_the_range_of_their_voice_by_octaves() -> None:
    steps = np.array([[90, 20], [60, -1]], np.int16)
    assert _within(steps, [[60, 81], [36, 60]]).tolist() == [[78, 44], [60, -1]]


def test_d_sees_where_notes_begin_leap_and_cross() -> None:
    rows = torch.tensor([[24, 24, 12], [12, 12, 24]])  # two voices: an octave down and an octave up at the last step
    begun, leaps, crossings = _motion_of(one_hot(rows, 30).permute(0, 2, 1)[None].float())
    assert begun.tolist() == [[[0, 0, 1], [0, 0, 1]]] and leaps.tolist() == [[[0, 0, 1], [0, 0, 1]]]
    assert crossings.tolist() == [[[0, 0, 1]]]


def test_d_sees_some_pieces_moved_by_semitones_while_silence_stays() -> None:
    rows = torch.randint(0, 12, (90, 2, 8), generator=torch.Generator().manual_seed(1)).clamp(0, 9)
    rows = torch.where(rows > 0, rows + 2, 0)  # two rows are free at either edge
    roll = one_hot(rows, 14).permute(0, 1, 3, 2).float().reshape(90, 28, 1, 8)
    seen = _transposed(2, 2)(roll, torch.Generator().manual_seed(0)).view(90, 2, 14, 8)
    moves = (seen.argmax(2) - rows)[rows > 0]
    assert torch.equal(seen.sum(2), torch.ones(90, 2, 8)) and torch.equal(seen[:, :, 0] > 0, rows == 0)
    assert set(moves.tolist()) == {-2, -1, 0, 1, 2}
    assert all(len(set((s.argmax(1) - r)[r > 0].tolist())) <= 1 for s, r in zip(seen, rows, strict=True))
