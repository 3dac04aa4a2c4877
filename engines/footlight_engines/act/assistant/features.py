"""What the classifier sees of a text: hashed n-grams of its words and of its shape, the cues, and the slots.

The shape is the text with every value replaced by what it is a value of: "a thriller from the 90s" is "a G from the E", and
looks as any other genre from any other decade does. Hashing trick: Weinberger et al. (2009), "Feature Hashing for Large
Scale Multitask Learning".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.intents import INTENTS, heard_cues
from footlight_engines.act.assistant.slots import Slot

WIDTH = 1 << 13
"""How many hashed n-grams there are."""
_WORDS, _SHAPE = np.float32(2.0), np.float32(5.0)
_CUE, _SLOT = 0.7, 1.4
"""How much each counts; chosen on two authors' utterances, each time with the others' as examples, and not sharply: half or
twice of each changes the accuracy by less than one in a hundred."""
_CUES = {intent: i for i, intent in enumerate(INTENTS)}
_LETTERS = {
    "genre": "G", "kind": "K", "mood": "M", "era": "E", "age": "A", "platform": "P", "region": "R", "people": "N",
    "duration": "D", "title": "T",
}  # fmt: skip
"""Capitals, which no normalised text has."""
_SLOTS = {(name, sign): i for i, (name, sign) in enumerate((name, sign) for name in _LETTERS for sign in (1, -1))}
_ALL = WIDTH + len(_CUES) + len(_SLOTS) + 4


def features(texts: Sequence[str], slots: Sequence[Sequence[Slot]]) -> NDArray[np.float32]:
    """One row for each normalised text and what it says; shape (n, WIDTH + intents + 24)."""
    rows = np.zeros((len(texts), _ALL), np.float32)
    for row, text, said in zip(rows, texts, slots, strict=True):
        row[:WIDTH] = _WORDS * _hashed(ngrams(text)) + _SHAPE * _hashed(
            f"~{gram}" for gram in ngrams(shape(text, said))
        )
        for intent, weight in heard_cues(text).items():
            row[WIDTH + _CUES[intent]] = _CUE if weight else 0.0
        row[WIDTH + len(_CUES) :] = _SLOT * _said(text, said)
    return rows


def ngrams(text: str) -> Iterable[str]:
    """Words and pairs of words, and 1 to 4 characters in a row within a word; Chinese has no words, and needs no more."""
    words = text.split()
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))
    padded = f" {' '.join(words)} "
    for n in (1, 2, 3, 4):
        yield from (f"#{padded[i : i + n]}" for i in range(len(padded) - n + 1))


def shape(text: str, slots: Sequence[Slot]) -> str:
    """A normalised text with letters for its values; a value that compares ("newer", "lighter") has a letter more."""
    parts, last = [], 0
    for slot in sorted(slots, key=lambda one: one.place):
        if last <= slot.place < slot.end:
            said = text[slot.place : slot.end]
            compares = slot.value in ("newer", "older", "shorter", "longer") or (
                slot.name == "mood" and said[-2:] == "er"
            )
            parts += [text[last : slot.place], _LETTERS[slot.name] + "c" * compares]
            last = slot.end
    return "".join([*parts, text[last:]])


def _hashed(grams: Iterable[str]) -> NDArray[np.float32]:
    """A row of length 1, shape (WIDTH,)."""
    row = np.zeros(WIDTH, np.float32)
    for gram in set(grams):
        row[crc32(gram.encode()) % WIDTH] += 1.0
    row = np.log1p(row)
    return row / np.float32(max(float(np.linalg.norm(row)), 1e-9))


def _said(text: str, slots: Sequence[Slot]) -> NDArray[np.float32]:
    """Which slots it has, with which sign, and how the text looks; shape (24,)."""
    row = np.zeros(len(_SLOTS) + 4, np.float32)
    for slot in slots:
        row[_SLOTS[slot.name, slot.polarity]] = 1.0
    row[-4:] = (
        not slots, min(len(text), 60) / 60, "?" in text, bool(slots) and min(one.place for one in slots) <= 2,
    )  # fmt: skip
    return row
