"""What the originality check catches and what it refuses, on a folder of pictures of 32 x 32 pixels.

Copies of training pictures are planted, each kind changed in one way. False alarms are counted on pictures that the check
has neither learned from nor been calibrated on: held out at random, and held out by whole folders, since the pictures of one
folder are often recoloured from each other, and such ones are refused rightly.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight_engines.provenance.originality import NearestSample
from footlight_plugins import Domain, Samples, State

PLANTED = 400
HELD_OUT = 0.1
STAGE = NearestSample()
Pictures = NDArray[np.uint8]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    paths, pictures = _read(arguments.folder)
    figures = {**_caught(pictures), **_alarms(paths, pictures)}
    for name, value in figures.items():
        print(f"{name:<44} {value:>8.4g}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def _read(folder: Path) -> tuple[list[Path], Pictures]:
    """Pictures of 32 x 32, each different, and their paths."""
    found: dict[bytes, tuple[Path, Pictures]] = {}
    for path in sorted(folder.rglob("*.png")):
        picture = np.array(Image.open(path).convert("RGBA"))
        if picture.shape == (32, 32, 4):
            picture[picture[..., 3] == 0] = 0
            found.setdefault(picture.tobytes(), (path, picture))
    return [path for path, _ in found.values()], np.stack([picture for _, picture in found.values()])


def _caught(pictures: Pictures) -> dict[str, float]:
    order = np.random.default_rng(0).permutation(len(pictures))
    held = int(len(pictures) * HELD_OUT)
    train = pictures[order[held:]]
    index = _index(train, pictures[order[:held]])
    some = train[:PLANTED]
    return {f"caught: {name}, %": 100 * _share(index, changed) for name, changed in _changes(some)}


def _changes(some: Pictures) -> Iterator[tuple[str, Pictures]]:
    rng = np.random.default_rng(1)
    yield "exact copies", some
    yield "mirrored", some[:, :, ::-1]
    yield "upside down", some[:, ::-1]
    yield "moved by up to 2 pixels", np.stack([_moved(one, *rng.integers(-2, 3, 2)) for one in some])
    for gain in (0.8, 0.5, 1.2):
        colour = np.rint(some[..., :3] * gain).clip(0, 255).astype(np.uint8)
        yield f"brightness x {gain}", np.concatenate([colour, some[..., 3:]], axis=-1)
    yield "channels exchanged", some[..., [1, 2, 0, 3]]
    yield "hue turned by 127 degrees", np.stack([_turned(one) for one in some])
    noise = rng.integers(-2, 3, some[..., :3].shape)
    colour = (some[..., :3] + noise).clip(0, 255).astype(np.uint8)
    yield "noise of 2 of 255", np.concatenate([colour, some[..., 3:]], axis=-1)


def _moved(picture: Pictures, dy: int, dx: int) -> Pictures:
    return np.roll(np.pad(picture, ((2, 2), (2, 2), (0, 0))), (dy, dx), (0, 1))[2:-2, 2:-2]


def _turned(picture: Pictures) -> Pictures:
    hsv = np.array(Image.fromarray(picture[..., :3]).convert("HSV"))
    hsv[..., 0] = (hsv[..., 0].astype(int) + 90) % 256
    return np.concatenate([np.array(Image.fromarray(hsv, "HSV").convert("RGB")), picture[..., 3:]], axis=-1)


def _alarms(paths: list[Path], pictures: Pictures) -> dict[str, float]:
    """The share of honest pictures that are refused: half of what is held out calibrates, the other half is judged."""
    figures: dict[str, float] = {}
    for seed in range(3):
        rng = np.random.default_rng(seed)
        random = np.isin(np.arange(len(pictures)), rng.permutation(len(pictures))[: int(len(pictures) * HELD_OUT)])
        for name, held in (("at random", random), ("by folder", _folders(paths, rng))):
            index = _index(pictures[~held], pictures[held][::2])
            found = [STAGE.nearest(index, one) for one in pictures[held][1::2]]
            figures[f"refused, held out {name}, seed {seed}, %"] = 100 * float(np.mean([one.copied for one in found]))
            print(name, seed, dict(Counter(one.transform or "same" for one in found if one.copied)))
    return figures


def _folders(paths: list[Path], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Folders of at most 400 pictures, until a tenth is held out."""
    counts = Counter(path.parent for path in paths)
    held: set[Path] = set()
    for folder in rng.permutation(sorted(str(one) for one, count in counts.items() if count <= 400)):
        if sum(counts[one] for one in held) >= HELD_OUT * len(paths):
            break
        held.add(Path(folder))
    return np.array([path.parent in held for path in paths])


def _index(train: Pictures, heldout: Pictures) -> State:
    return STAGE.index(Samples(Domain.IMAGE, train, heldout, tuple(map(str, range(len(train))))))


def _share(index: State, samples: Pictures) -> float:
    return float(np.mean([STAGE.nearest(index, sample).copied for sample in samples]))


if __name__ == "__main__":
    main()
