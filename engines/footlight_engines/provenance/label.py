"""The label that people see: "AI generated", 人工智能生成.

Drawn into a corner, its height at least 5 % of the shorter side (GB 45438-2025), in letters made here: no font with
Chinese characters can be counted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from footlight_engines.provenance.pictures import read_picture, write_png
from footlight_plugins import Content
from footlight_plugins.stages import Label

TEXTS: Mapping[str, str] = MappingProxyType({"en": "AI generated", "zh": "人工智能生成"})
SMALLEST_SIDE = 28
"""On smaller pictures nothing can be read."""
SHARE = 0.05
_LETTERS, _PLATE = (255, 255, 255, 255), (24, 24, 24, 255)

_A = (".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#")
_I = ("###", ".#.", ".#.", ".#.", ".#.", ".#.", "###")
_SHENG = (
    *("....#....", ".#..#....", ".#######.", "#...#....", "....#...."),
    *("..#####..", "....#....", "....#....", "#########"),
)
_CHENG = (
    *(".....#.#.", ".....#..#", "#########", "#....#...", "####.#.#.", "#..#.#.#."),
    *("#..#..#..", "#.##.#.##", "#...#...#"),
)


class AiGenerated(Label):
    """Draws "AI生成" on pictures from 28 pixels up ("AI" where there is no room for more); begins a text with a line."""

    texts = TEXTS

    def draw(self, content: Content) -> Content | None:
        """The labelled PNG or text; None for other types and for pictures that are too small."""
        if content.media_type == "text/plain":
            line = f"; {TEXTS['en']} {TEXTS['zh']}\n"
            return replace(content, data=line.encode() + content.data)
        if content.media_type != "image/png" or content.attributes.get("frames", 1) != 1:
            return None
        picture = read_picture(content.data)
        if min(picture.shape[:2]) < SMALLEST_SIDE:
            return None
        return replace(content, data=write_png(labelled(picture)))


def labelled(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 4) with the label in its lower right corner: white letters on a dark plate."""
    height, width = picture.shape[:2]
    letters = _line((_A, _I, _SHENG, _CHENG))
    if letters.shape[1] + 4 > width * 0.75:
        letters = _line((_A, _I))
    times = max(1, int(np.ceil(SHARE * min(height, width) / letters.shape[0])))
    plate = np.pad(np.kron(letters, np.ones((times, times), np.bool_)), 1 + times // 2)
    top, left = max(height - plate.shape[0], 0), max(width - plate.shape[1], 0)
    drawn = picture.copy()
    plate = plate[: height - top, : width - left]
    drawn[top : top + plate.shape[0], left : left + plate.shape[1]] = np.where(
        plate[..., None], np.array(_LETTERS, np.uint8), np.array(_PLATE, np.uint8)
    )
    return drawn


def _line(letters: tuple[tuple[str, ...], ...]) -> NDArray[np.bool_]:
    """Letters side by side, a column between them, on one base line."""
    height = max(len(letter) for letter in letters)
    columns = []
    for letter in letters:
        bits = np.array([[mark == "#" for mark in row] for row in letter])
        columns.append(np.pad(bits, ((height - len(letter), 0), (0, 1))))
    return np.concatenate(columns, axis=1)[:, :-1]
