"""Whether a picture is another one in other colours: darker or brighter, of more or less contrast, tinted, with channels
exchanged or turned around.

The colours of one are fitted to those of the other by an affine map, one for the whole picture, where neither black nor
white cut them off. What the map leaves over tells: of a recoloured copy nothing but rounding, of another picture most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.recolouring import spread, unexplained

FEWEST_PIXELS = 24
"""Of fewer the twelve numbers of a map would explain too much: then one gain of the brightness has to do."""
ROUNDING = 0.4 / 255
"""How far bytes are from what they stand for, root mean square, with a little to spare."""
FLAT = 2 / 255
"""A picture of a smaller spread of colours has but an outline, which may be all that there is to tell."""
DARK, BRIGHT = 1.5 / 255, 253.5 / 255
"""What lies beyond may have been cut off."""
OUTLINE = 8.0
"""How much more a difference of outlines counts than one of colours."""

Rows = NDArray[np.float32]


def tones(pictures: Rows) -> Rows:
    """Brightness of mean 0 and spread 1/4 where something is to be seen, and the alpha: (n, P, 4) in [0, 1] to (n, 2 P).

    They differ little between a picture and its recoloured copies, so they tell which ones are worth a closer look.
    """
    grey, alpha = pictures[..., :3].mean(-1), pictures[..., 3]
    seen = alpha > 0.5
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    centred = np.where(seen, grey - (grey * seen).sum(1, keepdims=True) / count, 0)
    spread = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    scaled = np.where(spread < FLAT, 0, centred / np.maximum(spread, FLAT) / 4)
    return np.concatenate([scaled, alpha], axis=1).astype(np.float32)


def remainders(picture: Rows, rows: NDArray[np.uint8], which: NDArray[np.int64]) -> NDArray[np.float64]:
    """What is left over of a picture (P, 4) when some of the rows (n, 4 P) of bytes are recoloured to match it: (m,).

    0 for a recoloured copy, about 1 for any other picture: the root of the share of the variance that is not explained.
    """
    seen = (picture[:, 3] > 0.5)[:, None] & (picture[:, :3] > DARK) & (picture[:, :3] < BRIGHT)  # (P, 3)
    alpha = rows[which, 3::4].astype(np.float32) / np.float32(255)
    outline = OUTLINE * np.sqrt(((alpha - picture[:, 3]) ** 2).mean(1, dtype=np.float64))
    colours = np.ascontiguousarray(picture[:, :3])
    count, spread_of_all = int(seen.sum()), spread(colours, seen)
    if count < 3 * FEWEST_PIXELS or spread_of_all < FLAT**2 * count:
        return np.asarray(np.hypot(_ungained(picture, rows[which]), outline))
    left = unexplained(colours, seen, rows, which)
    return np.asarray(np.hypot(np.sqrt(np.maximum(left - ROUNDING**2 * count, 0) / spread_of_all), outline))


def _ungained(picture: Rows, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The same for brightness and one gain, of pictures of which little is to be seen: (m,). Of one without an outline
    nothing can be said."""
    at = picture[:, 3] > 0.5
    if at.all() or not at.any():
        return np.full(len(rows), np.inf)
    values = picture[at, :3].mean(1, dtype=np.float64)
    known = rows.reshape(len(rows), -1, 4)[:, at, :3].mean(2, dtype=np.float64) / 255
    total, along = values @ values, known @ values
    left = total - along**2 / np.maximum((known**2).sum(1), 1e-12)
    return np.asarray(np.sqrt(np.maximum(left - ROUNDING**2 * len(values), 0) / max(total, 1e-12)))
