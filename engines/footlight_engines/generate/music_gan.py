"""Music for voices: chorales or MIDI in, MIDI out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_engines.generate.conv_engine import ConvEngine, Model
from footlight_engines.generate.conv_options import MusicGanOptions
from footlight_engines.generate.corpus_files import read_files
from footlight_engines.generate.material import Material
from footlight_engines.generate.voices import qualities, read_pieces, windows, write_midi
from footlight_plugins import Content, Corpus, Domain, Samples

MEASURED = 200
MOVED = 0.2
"""So much of what D sees is transposed. With all of it, keys look alike to D, and what is made falls to a few (Karras et al.
2020, "StyleGAN2-ADA", section 2.2: a change leaks where nearly all of the content undergoes it)."""


class MusicGan(ConvEngine):
    """Learns windows of whole bars. Each voice has its range; silence is a pitch of its own."""

    options_type = MusicGanOptions
    name = "music-gan"

    def material(self, corpus: Corpus) -> tuple[Material, Mapping[str, Any], Mapping[str, float]]:
        """The windows as rows of pitches: 0 is silence, 1 the lowest pitch that anything may be transposed to."""
        splits, _, broken = self._windows(corpus)
        train, move = splits["train"], self._options.transpose
        low, high = int(train[train >= 0].min()) - move, int(train.max()) + move
        rows = high - low + 2
        ranges = [[int(v[v >= 0].min()), int(v.max())] for v in np.moveaxis(train, 2, 0)]
        content, heldout = (_rows(splits[name], low, high) for name in ("train", "heldout"))
        voices = train.shape[2]
        shape = (voices * rows, 1, train.shape[1])
        labels = np.zeros(len(train), np.int64)
        seen = _transposed(move, voices)
        material = Material(
            "voices", rows, shape, content, labels, heldout=heldout, voices=voices, seen=seen, broken=broken
        )
        figures = {f"{name}_real": value for name, value in qualities(train[:MEASURED]).items()}
        return material, {"low": low, "ranges": ranges}, figures

    def train(self, corpus: Corpus, run: Any) -> Mapping[str, float]:
        """Learn, and measure what musicians look at, before anything is put right."""
        figures = super().train(corpus, run)
        return {**figures, **qualities(self.raw(MEASURED))}

    def raw(self, count: int) -> NDArray[np.int16]:
        """Pitches (count, T, V) of the seeds from 0 on, before any note is moved into its voice's range."""
        return self._pitches(self.drawn(np.arange(count, dtype=np.int64)), self.trained())

    def contents(self, arrays: NDArray[Any], seeds: Sequence[int], model: Model) -> list[Content]:
        """MIDI files; notes outside of a voice's range are moved into it by octaves."""
        made = []
        for raw in self._pitches(arrays, model):
            steps = _within(raw, model.meta["ranges"])
            facts = {"bars": self._options.bars, "tempo": self._options.tempo, "voices": steps.shape[1]}
            data = write_midi(steps, self._options.steps_per_bar // 4, self._options.tempo)
            made.append(Content("audio/midi", data, facts, steps))
        return made

    def samples(self, corpus: Corpus) -> Samples:
        """The windows; see `Generator.samples`."""
        splits, names, _ = self._windows(corpus)
        return Samples(Domain.VOICES, splits["train"], splits["heldout"], names)

    def _windows(self, corpus: Corpus) -> tuple[dict[str, NDArray[np.int16]], tuple[str, ...], tuple[str, ...]]:
        """Windows by split, the names of those to learn from, and what could not be read."""
        voices, per_bar, bars = self._options.voices, self._options.steps_per_bar, self._options.bars
        files = read_files(corpus, lambda file: list(read_pieces(file, voices, per_bar // 4)))
        splits, names = windows(files.read, voices, per_bar, bars)
        if not len(splits["train"]):
            raise ValueError(f"the corpus has no piece of {bars} bars in {voices} voices")
        return splits, names, files.broken

    def _pitches(self, rows: NDArray[np.uint8], model: Model) -> NDArray[np.int16]:
        """Rows (n, V, T) as pitches (n, T, V)."""
        pitches = np.where(rows > 0, rows.astype(np.int16) + (model.meta["low"] - 1), -1)
        return np.moveaxis(pitches, 1, 2).astype(np.int16)


def _rows(steps: NDArray[np.int16], low: int, high: int) -> NDArray[np.uint8]:
    """Pitches (n, T, V) as rows (n, V, T); what lies outside is brought to the edge."""
    rows = np.where(steps >= 0, steps.clip(low, high) - low + 1, 0)
    return np.ascontiguousarray(np.moveaxis(rows, 2, 1)).astype(np.uint8)


def _transposed(reach: int, voices: int) -> Callable[[torch.Tensor, torch.Generator], torch.Tensor]:
    """Some windows (B, V P, 1, T) moved by up to ``reach`` semitones; silence, row 0 of each voice, stays silence."""

    def seen(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        roll = x.reshape(len(x), voices, -1, x.shape[3])  # (B, V, P, T)
        pitches = roll.shape[2] - 1
        moves = torch.randint(-reach, reach + 1, (len(x), 1), generator=generator)
        moves = torch.where(torch.rand(len(x), 1, generator=generator) < MOVED, moves, 0)
        source = torch.arange(pitches, device=x.device) - moves.to(x.device)  # (B, P - 1)
        inside = ((source >= 0) & (source < pitches))[:, None, :, None]
        rows = source.clamp(0, pitches - 1)[:, None, :, None].expand(-1, voices, -1, roll.shape[3])
        moved = roll[:, :, 1:].gather(2, rows) * inside  # (B, V, P - 1, T)
        return torch.cat([roll[:, :, :1], moved], dim=2).reshape(x.shape)

    return seen


def _within(steps: NDArray[np.int16], ranges: Sequence[Sequence[int]]) -> NDArray[np.int16]:
    """Pitches (T, V), each brought by octaves as near to its voice's range as it gets."""
    made = steps.copy()
    for voice, (low, high) in enumerate(ranges):
        for _ in range(4):
            column = made[:, voice]
            column[(column >= 0) & (column < low)] += 12
            column[column > high] -= 12
    return made.clip(-1, 127)
