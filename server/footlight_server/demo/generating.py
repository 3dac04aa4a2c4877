"""Generate: real terrain in, new terrain out."""

from __future__ import annotations

import io
import time

import numpy as np
from numpy.typing import NDArray

from footlight_server.demo.pictures import draw_losses, draw_terrain
from footlight_server.demo.stage import SEED, Stage, watch

SIDE = 32
"""Windows of 32 x 32 cells, about 2.9 km a side."""
STRIDE = 8
TRAINED_SHARE = 0.75
"""The western part is learned from; the rest is never seen, so that nothing leaks between overlapping windows."""
COUNT = 16


def generate(stage: Stage) -> None:
    """Play the whole part."""
    stage.title("Generate: terrain of Jacksboro, Tennessee")
    train, held_out = windows()
    corpus = stage.client.upload_corpus(
        "jacksboro", {"train/stack.npy": _npy(train), "heldout/stack.npy": _npy(held_out)}
    )
    stage.say(
        f"Uploaded {len(train):,} windows to learn from and {len(held_out):,} of another region "
        f"({corpus.size_bytes / 1e6:.1f} MB, {corpus.corpus_id})."
    )
    seconds = 12 if stage.quick else 75
    options = {"max_seconds": seconds, "steps": 1_000_000, "augment": "dihedral", "media": "npy"}
    started = time.perf_counter()
    training = stage.client.start_training("mlp-gan", options=options, corpus_id=corpus.corpus_id, seed=SEED)
    heard = watch(stage, training, "training mlp-gan")
    took = time.perf_counter() - started
    assets = list(stage.client.generate(COUNT, deployment="mlp-gan", seed=SEED))
    made = np.stack([np.load(io.BytesIO(asset.data), allow_pickle=False) for asset in assets])
    again = next(iter(stage.client.generate(1, deployment="mlp-gan", seed=assets[3].seed)))
    same = again.content_sha256 == assets[3].content_sha256
    stage.say(
        f"Trained for {took:.0f} s; made {len(assets)} pieces of new terrain from seeds {assets[0].seed} to "
        f"{assets[-1].seed}. Seed {assets[3].seed} alone gives the same bytes again: {'yes' if same else 'NO'}."
    )
    real = train[np.random.default_rng(SEED).permutation(len(train))[:COUNT]]
    draw_terrain(real, made, stage.folder / "terrain.png")
    draw_losses([(now.step, now.metrics) for now in heard], stage.folder / "losses.png")
    stage.say(f"Pictures: {stage.folder / 'terrain.png'}, {stage.folder / 'losses.png'}")
    stage.figures["generate"] = {
        "windows": len(train),
        "training_seconds": round(took, 1),
        "metrics": dict(heard[-1].metrics),
        "assets": len(assets),
        "same_bytes_again": same,
    }


def windows() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The windows to learn from and those of another region, shape (n, 32, 32), each from its lowest 0 to its highest 1.

    A flat window and a mountain side then count the same, so that the shapes are learned and not the reliefs.

    The elevation model is part of matplotlib's sample data (SRTM, public domain).
    """
    from matplotlib import cbook

    path = cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)
    with np.load(path, allow_pickle=False) as file:
        heights = file["elevation"].astype(np.float32)
    border = int(heights.shape[1] * TRAINED_SHARE)
    return _cut(heights[:, :border]), _cut(heights[:, border:])


def _cut(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = heights.shape
    tops, lefts = range(0, rows - SIDE + 1, STRIDE), range(0, columns - SIDE + 1, STRIDE)
    pieces = [heights[top : top + SIDE, left : left + SIDE] for top in tops for left in lefts]
    return np.stack([(piece - piece.min()) / (np.ptp(piece) + 1e-6) for piece in pieces])


def _npy(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
