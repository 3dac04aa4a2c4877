"""What checking, marking and signing costs: each stage on its own, and Generate of one signed, watermarked PNG."""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight import Client
from footlight_plugins import Content, Domain, Samples, StageKind
from footlight_plugins.loader import load_plugins
from footlight_plugins.stages import Origin
from footlight_server.marking.choice import Stages
from footlight_server.marking.keys import SigningConfig
from footlight_server.marking.marking import Marking

KNOWN = 3_000
"""Training samples that each picture is compared with."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument(
        "--pictures", type=Path, help="a folder of pictures of 64 x 64; drawn by code where none is given"
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = {**stages(arguments.rounds), **serving(arguments.rounds), **survival(arguments.pictures)}
    for name, value in figures.items():
        print(f"{name:<44} {value:>10.4g}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def pictures(count: int, side: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth pictures (n, side, side, 4)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 235, (count, 6, 6, 3), dtype=np.uint8)
    large = [np.array(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in coarse]
    return np.concatenate([np.stack(large), np.full((count, side, side, 1), 255, np.uint8)], axis=-1)


def png(picture: NDArray[np.uint8]) -> Content:
    """A picture as content."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return Content("image/png", buffer.getvalue(), sample=picture)


def stages(rounds: int) -> dict[str, float]:
    """Milliseconds a picture of 64 x 64, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        marking = Marking(Stages(load_plugins()), Path(folder), SigningConfig())
        original = marking.stages.originality
        assert original is not None
        train = pictures(KNOWN)
        index = original.index(Samples(Domain.IMAGE, train, pictures(200, seed=1), tuple(map(str, range(KNOWN)))))
        contents = [png(one) for one in pictures(rounds, seed=2)]
        origin = Origin("g-1-0", "g-1", "gan", "1.0", "gan", 1, 7, 1_700_000_000_000_000, "Benchmark", "Ada", "CC0-1.0")
        name = marking.stages.name(StageKind.ORIGINALITY)
        look = timed(lambda one: marking.nearest(index, name, one), contents)
        mark = timed(lambda one: marking.mark(one, origin, False), contents)
        label = timed(lambda one: marking.mark(one, origin, True), contents)
    return {
        "originality, ms a picture of 64 px": look,
        "watermark, metadata and signature, ms": mark,
        "the same with the label drawn, ms": label,
        "provenance in all, ms a picture of 64 px": look + mark,
    }


def timed(work: Callable[[Content], object], contents: list[Content]) -> float:
    """The median in milliseconds."""
    work(contents[0])
    took = []
    for content in contents:
        start = time.perf_counter()
        work(content)
        took.append(time.perf_counter() - start)
    return statistics.median(took) * 1e3


def serving(rounds: int) -> dict[str, float]:
    """Milliseconds of a whole Generate call for one picture of 64 x 64, over gRPC, the server in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", folder, "--listen", "127.0.0.1:0"]
        server = subprocess.Popen([*command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            return _asked(Client(ready.read_text().strip()), rounds)
        finally:
            server.terminate()
            server.wait()


def _asked(client: Client, rounds: int) -> dict[str, float]:
    files = {f"{i}.png": png(one).data for i, one in enumerate(pictures(200))}
    corpus = client.upload_corpus("pictures", files)
    options = {"steps": 20, "size": 64, "evaluations": 0}
    client.train("image-gan", options, corpus_id=corpus.corpus_id, seed=0)
    took = []
    for seed in range(rounds + 5):
        start = time.perf_counter()
        (asset,) = client.generate(deployment="image-gan", seed=seed)
        took.append(time.perf_counter() - start)
    assert asset.provenance.watermarked and asset.provenance.signature == "embedded"
    ordered = sorted(took[5:])
    return {
        "Generate of one signed PNG, median ms": statistics.median(ordered) * 1e3,
        "Generate of one signed PNG, p99 ms": ordered[int(0.99 * len(ordered))] * 1e3,
    }


def survival(folder: Path | None) -> dict[str, float]:
    """How the watermark survives what files go through: at least 200 pictures of 64 x 64."""
    from footlight_engines.provenance.watermark import embed, read

    rng, scores, psnr = np.random.default_rng(0), dict[str, list[float]](), []
    for picture in _chosen(folder):
        payload = int(rng.integers(2**32))
        marked = embed(picture, b"benchmark", payload)
        if marked is None:
            continue
        seen = picture[..., 3] > 200
        error = ((marked[..., :3][seen].astype(float) - picture[..., :3][seen]) ** 2).mean()
        psnr.append(10 * np.log10(255**2 / max(error, 1e-9)))
        for name, colour in _attacked(marked[..., :3], rng).items():
            mark = read(np.concatenate([colour, picture[..., 3:]], axis=-1), b"benchmark")
            assert mark is not None
            scores.setdefault(name, []).append(1 - (mark.payload ^ payload).bit_count() / 32)
    return {
        "watermark: pictures": float(len(psnr)),
        "watermark: PSNR, median dB": float(np.median(psnr)),
        "watermark: PSNR, 5th percentile dB": float(np.percentile(psnr, 5)),
        **{f"watermark: bits right after {name}, %": 100 * float(np.mean(score)) for name, score in scores.items()},
    }


def _chosen(folder: Path | None) -> list[NDArray[np.uint8]]:
    if folder is None:
        return list(pictures(250, seed=3))
    paths = sorted(folder.glob("*.png"))
    paths = [paths[i] for i in np.random.default_rng(0).permutation(len(paths))[:300]]
    opened = [np.array(Image.open(path).convert("RGBA")) for path in paths]
    return [picture for picture in opened if picture.shape == (64, 64, 4)]


def _attacked(colour: NDArray[np.uint8], rng: np.random.Generator) -> dict[str, NDArray[np.uint8]]:
    buffer = io.BytesIO()
    Image.fromarray(colour).save(buffer, "JPEG", quality=70)
    noisy = colour + rng.normal(0, 5, colour.shape)
    return {
        "nothing": colour,
        "JPEG 70": np.array(Image.open(buffer).convert("RGB")),
        "brightness 0.8": np.rint(colour * 0.8).astype(np.uint8),
        "noise 5": np.rint(noisy).clip(0, 255).astype(np.uint8),
    }


if __name__ == "__main__":
    main()
