"""Music as voices: pitches by step and voice, -1 for silence; read from chorales in JSON and from MIDI, written as MIDI."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.generate.corpus_files import bytes_of, ending_of
from footlight_plugins import CorpusFile

SILENCE = -1
LONGEST = 1_000_000
TICKS = 480
"""Ticks of a quarter note in the files that are written."""
Piece = tuple[str, NDArray[np.int16]]
"""The split that a file puts it in, or nothing, and pitches (T, V)."""
KEYS = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


def read_pieces(file: CorpusFile, voices: int, per_quarter: int) -> Iterator[Piece]:
    """The pieces of a file.

    Raises
    ------
    ValueError
        When it is no such file; the message names it.
    """
    ending = ending_of(file)
    try:
        if ending == ".json":
            yield from _json_pieces(json.loads(bytes_of(file)), voices)
        elif ending in (".mid", ".midi"):
            yield "", read_midi(bytes_of(file), voices, per_quarter)
        else:
            raise ValueError("expected a .json, .mid or .midi file")
    except (ValueError, OSError, EOFError, TypeError, KeyError, IndexError, RecursionError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"{file.path}: not music that can be read: {reason}") from error


def _json_pieces(found: Any, voices: int) -> Iterator[Piece]:
    """A list of pieces, or lists by the names of splits; a piece is a list of steps with a pitch for each voice."""
    parts = found if isinstance(found, dict) else {"": found}
    for part, pieces in parts.items():
        for piece in pieces:
            steps = np.array(piece, np.float64)
            if steps.ndim != 2 or steps.shape[1] != voices:
                raise ValueError(f"a piece of shape {steps.shape}, expected steps with {voices} voices each")
            steps = np.where(np.isfinite(steps), steps, SILENCE)
            if len(steps) > LONGEST or not ((steps >= SILENCE) & (steps <= 127)).all():
                raise ValueError("pitches must be -1 (silence) to 127")
            yield str(part), np.rint(steps).astype(np.int16)


def read_midi(data: bytes, voices: int, per_quarter: int) -> NDArray[np.int16]:
    """A MIDI file as (T, V). Where it has as many tracks with notes as voices are wanted, each is a voice; otherwise the
    notes that sound together are given to the voices from the highest on."""
    import mido

    midi = mido.MidiFile(file=io.BytesIO(data), clip=False)
    tracks = [notes for track in midi.tracks if (notes := _notes(track, midi.ticks_per_beat / per_quarter))]
    if not tracks:
        raise ValueError("it has no notes")
    length = max(end for notes in tracks for _, end, _ in notes)
    if length > LONGEST:
        raise ValueError(f"it has {length:,} steps, at most {LONGEST:,} are taken")
    steps = np.full((length, voices), SILENCE, np.int16)
    if len(tracks) == voices:
        tracks.sort(key=lambda notes: -float(np.mean([pitch for _, _, pitch in notes])))
        for voice, notes in enumerate(tracks):
            for begin, end, pitch in notes:
                steps[begin:end, voice] = pitch
        return steps
    sounding: list[list[int]] = [[] for _ in range(length)]
    for begin, end, pitch in (note for notes in tracks for note in notes):
        for step in range(begin, end):
            sounding[step].append(pitch)
    for step, pitches in enumerate(sounding):
        chosen = sorted(set(pitches), reverse=True)[:voices]
        steps[step, : len(chosen)] = chosen
    return steps


def _notes(track: Any, ticks_per_step: float) -> list[tuple[int, int, int]]:
    """(first step, step after the last, pitch) of every note."""
    notes, open_, now = [], dict[tuple[int, int], int](), 0
    for message in track:
        now += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if key in open_:
            begin = round(open_.pop(key) / ticks_per_step)
            notes.append((begin, max(begin + 1, round(now / ticks_per_step)), message.note))
        if message.type == "note_on" and message.velocity > 0:
            open_[key] = now
    return notes


def windows(
    files: Iterable[tuple[CorpusFile, Sequence[Piece]]], voices: int, per_bar: int, bars: int
) -> tuple[dict[str, NDArray[np.int16]], tuple[str, ...]]:
    """Windows (n, T, V) of all pieces, a bar apart, by split ("train", "heldout"), and the names of those to learn from.

    Held out are files below ``heldout/``, and what a file calls ``valid`` or ``test``.
    """
    length, found = per_bar * bars, {"train": list[NDArray[np.int16]](), "heldout": list[NDArray[np.int16]]()}
    names = []
    for file, pieces in files:
        for i, (part, piece) in enumerate(pieces):
            held = file.path.startswith("heldout/") or part in ("valid", "test", "heldout")
            for start in range(0, len(piece) - length + 1, per_bar):
                window = piece[start : start + length]
                if (window == SILENCE).mean() > 0.5:
                    continue
                found["heldout" if held else "train"].append(window)
                names += [] if held else [f"{file.path}#{i}:{start}"]
    empty = np.empty((0, length, voices), np.int16)
    return {split: np.stack(pieces) if pieces else empty for split, pieces in found.items()}, tuple(names)


def write_midi(steps: NDArray[np.int16], per_quarter: int, tempo: int) -> bytes:
    """Pitches (T, V) as a MIDI file of one track a voice; a pitch that stays is held."""
    import mido

    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    conductor = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo), time=0)])
    conductor.append(mido.MetaMessage("end_of_track", time=0))
    midi.tracks.append(conductor)
    for voice in range(steps.shape[1]):
        midi.tracks.append(_track(steps[:, voice], TICKS // per_quarter, voice, mido))
    buffer = io.BytesIO()
    midi.save(file=buffer)
    return buffer.getvalue()


def _track(pitches: NDArray[np.int16], ticks: int, voice: int, mido: Any) -> Any:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=f"voice {voice + 1}", time=0)])
    channel, sounding, waited = min(voice if voice < 9 else voice + 1, 15), SILENCE, 0
    for pitch in [*pitches.tolist(), SILENCE]:
        if pitch != sounding:
            if sounding != SILENCE:
                track.append(mido.Message("note_off", note=sounding, velocity=0, time=waited, channel=channel))
                waited = 0
            if pitch != SILENCE:
                track.append(mido.Message("note_on", note=pitch, velocity=80, time=waited, channel=channel))
                waited = 0
            sounding = pitch
        waited += ticks
    track.append(mido.MetaMessage("end_of_track", time=0))
    return track


def qualities(windows: NDArray[np.int16]) -> dict[str, float]:
    """What musicians look at, of windows (n, T, V): see the names in the code."""
    sounding = windows >= 0
    both = sounding[:, :, :-1] & sounding[:, :, 1:]
    crossed = (both & (windows[:, :, :-1] < windows[:, :, 1:])).any(2)
    moves = np.diff(windows, axis=1)
    return {
        "in_key": float(np.mean([_in_key(window) for window in windows])),
        "crossing": float(crossed.mean()),
        "changes": float((moves != 0).mean()),
        "leaps": float(((np.abs(moves) > 12) & sounding[:, 1:] & sounding[:, :-1]).mean()),
    }


def _in_key(window: NDArray[np.int16]) -> float:
    """The best share of notes over 12 tonics, major and natural minor."""
    classes = np.bincount(window[window >= 0] % 12, minlength=12)
    shares = [classes[[(tonic + n) % 12 for n in key]].sum() for key in KEYS.values() for tonic in range(12)]
    return float(max(shares) / max(classes.sum(), 1))
