"""The page of ``footlight evaluate-generator``: figures, samples, ways between seeds, and what each sample is nearest to."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from footlight_plugins import Domain, Samples

Pictures = NDArray[np.uint8]
SIDE = 64
"""Pixels that a sample has on the page, at least."""
COLUMNS = 10
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:right}th:first-child,td:first-child"
    "{text-align:left}img{image-rendering:pixelated;max-width:100%;background:#777}"
)


def page(title: str, rows: Mapping[str, Mapping[str, float]], sheets: Sequence[tuple[str, Pictures]]) -> str:
    """One file without links: a table, and a picture under a heading for each sheet."""
    parts = [
        f"<h2>{html.escape(name)}</h2><img alt='{html.escape(name)}' src='{_data_url(sheet)}'>"
        for name, sheet in sheets
    ]
    head = f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{_STYLE}</style>"
    return f"{head}<h1>{html.escape(title)}</h1>{_table(rows)}{''.join(parts)}"


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    body = ""
    for name, row in rows.items():
        body += f"<tr><td>{html.escape(name)}" + "".join(f"<td>{value:.4g}" for value in row.values())
    heads = next(iter(rows.values()))
    return "<table><tr><th>" + "".join(f"<th>{html.escape(head)}" for head in heads) + body + "</table>"


def sheet(domain: Domain, samples: NDArray[np.generic], columns: int = COLUMNS) -> Pictures:
    """Samples side by side, line by line: (H, W, 3)."""
    pictures = [seen(domain, sample) for sample in samples]
    h, w = pictures[0].shape[:2]
    lines = -(-len(pictures) // columns)
    made = np.full((lines * (h + 4), columns * (w + 4), 3), 119, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (h + 4) + 2, i % columns * (w + 4) + 2
        made[top : top + h, left : left + w] = picture
    return made


def neighbours(samples: Samples, made: NDArray[np.generic], columns: int = COLUMNS) -> Pictures:
    """The first samples, and below each the training sample that is nearest by plain differences."""
    known = samples.train.reshape(len(samples.train), -1).astype(np.float32)
    asked = made[:columns].reshape(min(columns, len(made)), -1).astype(np.float32)
    apart = (known**2).sum(1) - 2 * asked @ known.T
    return sheet(samples.domain, np.concatenate([made[:columns], samples.train[apart.argmin(1)]]), len(asked))


def seen(domain: Domain, sample: NDArray[Any]) -> Pictures:
    """A sample as a picture (H, W, 3) of at least 64 pixels: tiles in colours, heights in grey, notes as a roll."""
    from footlight_plugins import Domain

    match domain:
        case Domain.IMAGE:
            alpha = sample[..., 3:] / 255 if sample.shape[-1] == 4 else 1.0
            drawn = (sample[..., :3] * alpha + 119 * (1 - alpha)).astype(np.uint8)
        case Domain.GRID:
            drawn = np.random.default_rng(7).integers(30, 240, (256, 3)).astype(np.uint8)[sample]
        case Domain.VOICES:
            drawn = _roll(sample)
        case _:
            flat = sample.reshape(sample.shape[0], -1).astype(np.float32)
            grey = (flat - flat.min()) / max(float(np.ptp(flat)), 1e-9) * 255
            drawn = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    times = max(1, -(-SIDE // max(drawn.shape[:2])))
    return np.kron(drawn, np.ones((times, times, 1), np.uint8))


def _roll(steps: NDArray[Any]) -> Pictures:
    """Pitches (T, V) of 48 semitones around the middle, one colour a voice, the highest on top: (48, T, 3)."""
    colours = np.random.default_rng(3).integers(90, 255, (steps.shape[1], 3))
    drawn = np.full((48, len(steps), 3), 20, np.uint8)
    for voice, column in enumerate(steps.T):
        rows = 83 - column
        at = np.flatnonzero((column >= 0) & (rows >= 0) & (rows < 48))
        drawn[rows[at], at] = colours[voice]
    return drawn


def _data_url(picture: Pictures) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
