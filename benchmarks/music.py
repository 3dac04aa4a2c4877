"""What music-gan makes of chorales, before any note is put right: keys, voices, rhythm, variety, and whether it copies.

Pieces whose split is named valid or test are held out. Figures are of the first 1,000 seeds; the last row is of held-out
music.

    python benchmarks/music.py CHORALES.json [--seeds 0,1,2] [--option steps=15000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import lzma
import tempfile
import time
from pathlib import Path
from typing import Any

from footlight_engines.generate.music_gan import MusicGan
from footlight_engines.generate.voices import qualities
from footlight_plugins import Corpus, CorpusFile, Samples, TrainingRun
from footlight_plugins.evaluation.generation import Likeness, measured, real_row
from footlight_plugins.options import options_of

DRAWN = 1_000


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="JSON, also packed by xz")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    options = {name: json.loads(value) for name, _, value in (text.partition("=") for text in arguments.option)}
    with tempfile.TemporaryDirectory() as folder:
        corpus = _corpus(arguments.chorales, Path(folder))
        samples = MusicGan(options_of(MusicGan, options)).samples(corpus)
        rows = {"real, held out": qualities(samples.heldout) | _likeness(real_row(samples))}
        for seed in map(int, arguments.seeds.split(",")):
            rows[f"seed {seed}"] = _trained(options, corpus, samples, seed)
            _show(f"seed {seed}", rows[f"seed {seed}"])
    _show("real, held out", rows["real, held out"])
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


def _corpus(path: Path, folder: Path) -> Corpus:
    data = path.read_bytes()
    plain = folder / "chorales.json"
    plain.write_bytes(lzma.decompress(data) if path.suffix == ".xz" else data)
    return Corpus((CorpusFile(plain.name, plain),))


def _trained(options: dict[str, Any], corpus: Corpus, samples: Samples, seed: int) -> dict[str, Any]:
    generator = MusicGan(options_of(MusicGan, options))
    wall, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        told = generator.train(corpus, TrainingRun(seed, Path(folder), lambda fraction, step, metrics: None))
    spent = {"seconds": time.monotonic() - wall, "cpu_seconds": time.process_time() - cpu}
    made = generator.raw(DRAWN)
    chosen = {name: told[name] for name in ("steps", "best_step", "spread", "overfit") if name in told}
    return qualities(made) | _likeness(measured(samples, made)) | chosen | spent


def _likeness(likeness: Likeness) -> dict[str, Any]:
    return {
        "kid": likeness.kid,
        "density": likeness.density,
        "coverage": likeness.coverage,
        "copying": likeness.copying,
    }


def _show(label: str, row: dict[str, Any]) -> None:
    print(f"\n{label}")
    for name, value in row.items():
        told = ", ".join(f"{one:.4g}" for one in (value if isinstance(value, tuple) else (value,)))
        print(f"  {name:<16}{told:>28}", flush=True)


if __name__ == "__main__":
    main()
