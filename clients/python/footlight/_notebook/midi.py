"""Music in MIDI as a sound that a browser can play: every note a plucked tone. Needs no library."""

from __future__ import annotations

import io
import math
import struct
import wave
from array import array
from collections.abc import Iterator
from operator import add, itemgetter

RATE = 11_025
"""Samples a second."""
MOST_SECONDS = 20
MOST_NOTES = 4_000
_TEMPO = 500_000
"""Microseconds of a quarter note, unless the file says otherwise."""
_HARMONICS = (1.0, 0.5, 0.25, 0.12)
_FADE_S = 0.8
"""After so long a tone has a third of its loudness."""
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
Note = tuple[float, float, int]
"""When it begins and ends, in seconds, and its pitch."""


def sound(data: bytes) -> bytes:
    """The beginning of the music as WAV; empty where the bytes are no music that can be read."""
    try:
        notes = [note for note in _notes(data) if note[0] < MOST_SECONDS]
        return _wav(_mixed(notes[:MOST_NOTES]))
    except (ValueError, LookupError, ArithmeticError, struct.error):
        return b""


def _mixed(notes: list[Note]) -> list[float]:
    end = min(MOST_SECONDS, max(end for _, end, _ in notes))
    samples = [0.0] * math.ceil(end * RATE)
    longest = {pitch: max(end - begin for begin, end, own in notes if own == pitch) for _, _, pitch in notes}
    tones = {pitch: _tone(pitch, min(seconds, end)) for pitch, seconds in longest.items()}
    for begin, stop, pitch in notes:
        at, to = int(begin * RATE), min(int(stop * RATE), len(samples))
        samples[at:to] = map(add, samples[at:to], tones[pitch])
    return samples


def _tone(pitch: int, seconds: float) -> list[float]:
    turn = 2 * math.pi * 440 * 2 ** ((pitch - 69) / 12) / RATE
    period = [sum(h * math.sin(2 * math.pi * k * i / 256) for k, h in enumerate(_HARMONICS, 1)) for i in range(256)]
    step, fade = turn * 256 / (2 * math.pi), math.exp(-1 / (_FADE_S * RATE))
    tone, loudness = [], 1.0
    for number in range(math.ceil(seconds * RATE) + 1):
        tone.append(period[int(number * step) & 255] * loudness)
        loudness *= fade
    return tone


def _wav(samples: list[float]) -> bytes:
    loudest = max(map(abs, samples)) or 1.0
    whole = array("h", (int(30_000 * sample / loudest) for sample in samples))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(whole.tobytes())
    return out.getvalue()


def _notes(data: bytes) -> list[Note]:
    """All notes in the order of their beginnings."""
    magic, length, _, _, division = struct.unpack_from(">4sIHHH", data)
    if magic != b"MThd" or not 0 < division < 0x8000:
        raise ValueError("no MIDI in quarter notes")
    tempos, ticks = [(0, _TEMPO)], list[tuple[int, int, int]]()
    at = 8 + length
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(">4sI", data, at)
        if kind == b"MTrk":
            _track(data[at + 8 : at + 8 + size], ticks, tempos)
        at += 8 + size
    seconds = _Clock(sorted(tempos, key=itemgetter(0)), division).seconds
    return sorted((seconds(begin), seconds(end), pitch) for begin, end, pitch in ticks)


def _track(data: bytes, notes: list[tuple[int, int, int]], tempos: list[tuple[int, int]]) -> None:
    """Add what a track says: (first tick, last tick, pitch) of each note, and (tick, tempo)."""
    sounding = dict[tuple[int, int], int]()
    for now, status, message in _messages(data):
        if status == 0x51:
            tempos.append((now, int.from_bytes(message, "big")))
        elif status & 0xF0 in (0x80, 0x90):
            key = (status & 0xF, message[0])
            if key in sounding:
                notes.append((sounding.pop(key), now, message[0]))
            if status & 0xF0 == 0x90 and message[1]:
                sounding[key] = now


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(tick, status, data) of the channels' messages; of the others the tempo alone, with its number as the status."""
    at, now, status = 0, 0, 0
    while at < len(data):
        delta, at = _number(data, at)
        now += delta
        if data[at] & 0x80:
            status, at = data[at], at + 1
        if status in (0xF0, 0xF7, 0xFF):
            kind, at = (data[at], at + 1) if status == 0xFF else (0, at)
            size, at = _number(data, at)
            if kind == 0x51:
                yield now, kind, data[at : at + size]
        else:
            size = _DATA_BYTES[status & 0xF0] if status & 0xF0 in _DATA_BYTES else len(data)
            yield now, status, data[at : at + size]
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    while data[at] & 0x80:
        value, at = value << 7 | data[at] & 0x7F, at + 1
    return value << 7 | data[at], at + 1


class _Clock:
    """Turns ticks into seconds."""

    def __init__(self, tempos: list[tuple[int, int]], division: int) -> None:
        self._division = division
        self._parts = [(0, 0.0, tempos[0][1])]
        for tick, tempo in tempos:
            self._parts.append((tick, self.seconds(tick), tempo))

    def seconds(self, tick: int) -> float:
        """When a tick is."""
        since, seconds, tempo = next(part for part in reversed(self._parts) if part[0] <= tick)
        return seconds + (tick - since) * tempo / 1e6 / self._division
