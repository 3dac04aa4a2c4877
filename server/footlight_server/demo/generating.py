"""Generate: real terrain in, new terrain out."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import footlight
from footlight_server.demo.pictures import draw_losses, draw_terrain, percent
from footlight_server.demo.stage import SEED, Listener, Stage, watch
from footlight_server.demo.terrain import SIDE, heights_of, windows

ENGINE = "scene-gan"
COUNT = 16
RELIEF = 6.0
"""Of a scene, at most, in metres; a scene is 31 m wide."""
_OPTIONS = {
    "size": SIDE,
    "relief": RELIEF,
    # A minute is short: networks of half the usual width, a larger step size, windows seen as they are, and no time spent
    # on measuring states.
    "width": 32,
    "learning_rate": 1e-3,
    "augment": [],
    "evaluations": 0,
    # The other core is left to whoever else computes: two threads that wait for each other at every layer learn less than
    # one does as soon as either of them has to wait for its core.
    "threads": 1,
}


@dataclass(frozen=True, slots=True)
class Learning:
    """Terrain that is being learned."""

    windows: NDArray[np.int16]
    """Real ones, [count, side, side], to learn from."""
    listener: Listener


def begin(stage: Stage) -> Learning:
    """Have terrain learned from now on, by a job, while other things are done."""
    train, held_out = windows()
    corpus = stage.client.upload_corpus(
        "jacksboro", {"train/windows.npy": _npy(train), "heldout/windows.npy": _npy(held_out)}
    )
    stage.say(
        f"Uploaded {len(train):,} windows of real terrain to learn from and {len(held_out):,} of another region "
        f"({corpus.size_bytes / 1e6:.1f} MB, {corpus.corpus_id}). From now on {ENGINE} learns from them, beside all else."
    )
    options = _OPTIONS | {"max_seconds": 18 if stage.quick else 72}
    training = stage.client.start_training(ENGINE, options=options, corpus_id=corpus.corpus_id, seed=SEED)
    return Learning(train, Listener(stage.client, training))


def generate(stage: Stage, learning: Learning) -> None:
    """Wait until it is learned, and draw."""
    stage.title("Generate: terrain of Jacksboro, Tennessee")
    heard = watch(stage, learning.listener, f"training {ENGINE}", {"loss_d": "z.2f", "loss_g": "z.2f"})
    assets = list(stage.client.generate(COUNT, deployment=ENGINE, seed=SEED))
    again = next(iter(stage.client.generate(1, deployment=ENGINE, seed=assets[3].seed)))
    scenes = _saved(assets, stage.folder / "scenes")
    train = learning.windows
    stage.figures["generate"] = {
        "engine": ENGINE,
        "windows": len(train),
        "training_seconds": round(_seconds(heard[-1]), 1),
        "metrics": dict(heard[-1].metrics),
        "assets": len(assets),
        "relief": RELIEF,
        "scenes": [str(path.relative_to(stage.folder)) for path in scenes],
        "same_content_again": again.content_sha256 == assets[3].content_sha256,
    }
    _say_made(stage, assets)
    stage.say(f"Scenes: {scenes[0]} and {len(scenes) - 1} more, for Blender or any other viewer of glTF.")
    real = train[np.random.default_rng(SEED).permutation(len(train))[:COUNT]]
    draw_terrain(real, np.stack([heights_of(asset.data) for asset in assets]), stage.folder / "terrain.png")
    draw_losses([(now.step, now.metrics) for now in heard], stage.folder / "losses.png")
    stage.say(f"Pictures: {stage.folder / 'terrain.png'}, {stage.folder / 'losses.png'}")


def _seconds(ended: footlight.Training) -> float:
    """How long a job took, with the start of its process; it may have ended while nobody looked."""
    assert ended.create_time is not None and ended.end_time is not None
    return (ended.end_time - ended.create_time).total_seconds()


def _say_made(stage: Stage, assets: Sequence[footlight.Asset]) -> None:
    figures = stage.figures["generate"]
    metrics, same = figures["metrics"], "yes" if figures["same_content_again"] else "NO"
    stage.say(
        f"Trained {ENGINE} for {figures['training_seconds']:.0f} s ({metrics['steps']:,.0f} steps); made {len(assets)} "
        f"scenes of new terrain from seeds {assets[0].seed} to {assets[-1].seed}. "
        f"Seed {assets[3].seed} alone makes the same terrain again: {same}."
    )
    stage.say(
        f"At {RELIEF:.0f} m of relief {percent(metrics['walkable_share'])} of generated ground can be walked on in one "
        f"piece, and {percent(metrics['walkable_share_real'])} of real ground that was held out."
    )


def _saved(assets: Sequence[footlight.Asset], folder: Path) -> list[Path]:
    """The scenes as files, with their signatures beside them and none of an earlier demo's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return [asset.save(folder) for asset in assets]


def _npy(array: NDArray[np.int16]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
