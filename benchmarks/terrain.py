"""What scene-gan makes of one heightmap: how much can be walked on, how high and steep it is, and whether scenes are valid.

The eastern quarter of the map is held out. Walkable shares are taken at a relief of 6 m over 64 cells of 1 m, with nothing
lowered. Distances between distributions are Wasserstein-1: the mean gap between their quantiles; of heights as shares of a
window's relief, of slopes in degrees. The row of held-out windows beside learned ones tells how far apart two regions of the
same mountain are.

    python benchmarks/terrain.py HEIGHTS.dem [--seeds 0,1,2] [--option max_seconds=300] [--validator FOLDER] [--json FILE]

FOLDER is where npm installed gltf-validator; without it no scene is validated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.generate.heightmaps import read_heights
from footlight_engines.generate.scene_gan import SceneGan
from footlight_engines.generate.terrain import Walk, ground_of
from footlight_plugins import Call, Corpus, CorpusFile, Samples, TrainingRun
from footlight_plugins.evaluation.generation import Likeness, measured, real_row
from footlight_plugins.options import options_of

HELD_OUT = 0.25
RELIEF, WALK = 6.0, Walk(cell=1.0, step=0.4, slope=45.0)
DRAWN, VALIDATED = 500, 50
QUANTILES = np.linspace(0, 1, 1_001)
REPORT = """
const v = require('gltf-validator'), fs = require('fs');
const files = process.argv.slice(1);
Promise.all(files.map(f => v.validateBytes(new Uint8Array(fs.readFileSync(f))))).then(reports => console.log(JSON.stringify(
  [reports.reduce((s, r) => s + r.issues.numErrors, 0), reports.reduce((s, r) => s + r.issues.numWarnings, 0)])));
"""
Surfaces = NDArray[np.float32]


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("heights", type=Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--validator", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    options = {name: json.loads(value) for name, _, value in (text.partition("=") for text in arguments.option)}
    with tempfile.TemporaryDirectory() as folder:
        corpus = _split(arguments.heights, Path(folder))
        samples = SceneGan(options_of(SceneGan, options)).samples(corpus)
        assert samples is not None
        rows = {"real, held out": _figures(samples.heldout, samples, real_row(samples))}
        for seed in map(int, arguments.seeds.split(",")):
            rows[f"seed {seed}"] = _trained(options, corpus, samples, (seed, arguments.validator))
    _show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


def _split(path: Path, folder: Path) -> Corpus:
    """The west to learn from and the east held out, as two files."""
    heights = read_heights(CorpusFile(path.name, path))
    edge = round(heights.shape[1] * (1 - HELD_OUT))
    parts = {"west.npy": heights[:, :edge], "heldout/east.npy": heights[:, edge:]}
    files = []
    for name, part in sorted(parts.items()):
        location = folder / Path(name).name
        np.save(location, part)
        files.append(CorpusFile(name, location))
    return Corpus(tuple(files))


def _trained(options: dict[str, Any], corpus: Corpus, samples: Samples, run: tuple[int, Path | None]) -> dict[str, Any]:
    seed, validator = run
    generator = SceneGan(options_of(SceneGan, options))
    known = Corpus(tuple(file for file in corpus if not file.path.startswith("heldout/")))
    with tempfile.TemporaryDirectory() as folder:
        told = generator.train(known, TrainingRun(seed, Path(folder), lambda fraction, step, metrics: None))
    made = generator.drawn(np.arange(DRAWN, dtype=np.int64)).reshape(DRAWN, *samples.train.shape[1:])
    figures = _figures(made, samples, measured(samples, made))
    figures |= {name: told[name] for name in ("steps", "seconds") if name in told}
    if validator is not None:
        figures["errors"], figures["warnings"] = _validated(generator, validator)
    return figures


def _figures(surfaces: Surfaces, samples: Samples, likeness: Likeness) -> dict[str, Any]:
    """Of surfaces (n, S, S); distances are to the windows that were learned from."""
    return {
        "walkable": float(np.mean([ground_of(one, WALK, RELIEF, 0.0).share for one in surfaces])),
        "height_distance": _distance(_heights(surfaces), _heights(samples.train)),
        "slope_distance": _distance(_slopes(surfaces), _slopes(samples.train)),
        "height_distance_heldout": _distance(_heights(surfaces), _heights(samples.heldout)),
        "slope_distance_heldout": _distance(_slopes(surfaces), _slopes(samples.heldout)),
        "kid": likeness.kid,
        "coverage": likeness.coverage,
        "copying": likeness.copying,
    }


def _heights(surfaces: Surfaces) -> Surfaces:
    """Of (n, S, S), as shares of each window's relief."""
    low, high = surfaces.min((1, 2), keepdims=True), surfaces.max((1, 2), keepdims=True)
    shares: Surfaces = (surfaces - low) / np.maximum(high - low, 1e-9)
    return shares


def _slopes(surfaces: Surfaces) -> Surfaces:
    """Of (n, S, S) at the relief, in degrees."""
    down, along = np.gradient(_heights(surfaces) * RELIEF, WALK.cell, axis=(1, 2))
    slopes: Surfaces = np.degrees(np.arctan(np.hypot(down, along)))
    return slopes


def _distance(one: Surfaces, other: Surfaces) -> float:
    """Wasserstein-1 of all values."""
    return float(np.abs(np.quantile(one, QUANTILES) - np.quantile(other, QUANTILES)).mean())


def _validated(generator: SceneGan, validator: Path) -> tuple[int, int]:
    """The errors and warnings that the validator of Khronos finds in scenes."""
    scenes = generator.generate(np.arange(VALIDATED, dtype=np.int64), Call())
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.glb" for i in range(len(scenes))]
        for path, scene in zip(paths, scenes, strict=True):
            path.write_bytes(scene.data)
        command = ["node", "-e", REPORT, *map(str, paths)]
        found = subprocess.run(command, cwd=validator, check=True, capture_output=True, text=True)
    errors, warnings = json.loads(found.stdout)
    return int(errors), int(warnings)


def _show(rows: dict[str, dict[str, Any]]) -> None:
    for label, row in rows.items():
        print(f"\n{label}")
        for name, value in row.items():
            told = ", ".join(f"{one:.4g}" for one in (value if isinstance(value, tuple) else (value,)))
            print(f"  {name:<24}{told:>24}")


if __name__ == "__main__":
    main()
