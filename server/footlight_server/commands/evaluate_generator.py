"""``footlight evaluate-generator``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from footlight.cli.options import Options, parsed
from footlight_server.commands.offline import Json, bars, reporting, show

if TYPE_CHECKING:  # imported where they are used, so that the command line starts fast
    from footlight_plugins import Content, Corpus, Generator, Samples
    from footlight_plugins.evaluation.generation import Likeness
    from footlight_server.archive.layout import Progress

HELD_BACK = 0.1
"""The share of the files that is held back where the corpus holds none."""
FEWEST = 10
"""Held-out samples."""


def evaluate_generator(
    corpus: Annotated[Path, typer.Option(exists=True, help="A folder, or one file.", show_default=False)],
    engine: Annotated[str, typer.Option("--engine", "-e", help="The generator.", show_default=False)],
    option: Options = None,
    seeds: Annotated[str, typer.Option(help="A training for each, with commas between them.")] = "0,1,2",
    count: Annotated[int, typer.Option(min=20, max=10_000, help="How many samples are drawn from each.")] = 2_000,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for the first samples of each seed.")
    ] = None,
    plugins_dir: Annotated[Path | None, typer.Option("--plugins-dir", help="A folder of one-file plug-ins.")] = None,
    json: Json = False,
) -> None:
    """Trains a generator on a corpus, and measures what it makes beside held-out content: kernel and Fréchet distances in
    spaces of random features, density, coverage, and whether it copies. Needs no server.

    Files below heldout/ are held back; where there are none, a tenth of the files is.
    """
    with reporting(json):
        options = parsed(option)
        files = _read(corpus)
        rows: dict[str, Likeness] = {}
        with bars(json) as tell:
            generator = _generator(engine, options, plugins_dir)
            samples = _samples(generator, files)
            for seed in [int(part) for part in seeds.split(",")]:
                contents = _drawn(generator, files, seed, count, tell)
                if out is not None:
                    _save(contents[:64], out / f"seed-{seed}")
                rows |= _compared(samples, contents, seed)
        show(json, {name: dict(row.as_json()) for name, row in rows.items()}, lambda: _table(rows))


def _read(path: Path) -> Corpus:
    """The files, a tenth of them held back by a fixed draw where none are."""
    import numpy as np

    from footlight_plugins import Corpus, CorpusFile

    found = (
        [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    )
    names = [p.name if path.is_file() else p.relative_to(path).as_posix() for p in found]
    if not any(name.startswith("heldout/") for name in names) and len(names) >= 100:
        chosen = set(np.random.default_rng(0).permutation(len(names))[: int(len(names) * HELD_BACK)].tolist())
        names = [f"heldout/{name}" if i in chosen else name for i, name in enumerate(names)]
    return Corpus(tuple(CorpusFile(name, p) for name, p in zip(names, found, strict=True)))


def _generator(engine: str, options: Mapping[str, Any], plugins_dir: Path | None) -> Generator:
    from footlight_plugins import Generator
    from footlight_plugins.factories import resolve_factory
    from footlight_plugins.loader import LoaderConfig, load_plugins
    from footlight_plugins.options import options_of

    specs = load_plugins(LoaderConfig(plugins_dir=plugins_dir)).engines
    if engine not in specs:
        raise ValueError(f"--engine: there is no engine {engine!r}")
    engine_class = resolve_factory(specs[engine])
    generator = cast(Callable[[Any], Any], engine_class)(options_of(engine_class, options))
    if not isinstance(generator, Generator):
        raise ValueError(f"--engine: {engine!r} is no generator")
    return generator


def _samples(generator: Generator, corpus: Corpus) -> Samples:
    samples = generator.samples(corpus)
    if samples is None:
        raise ValueError("--engine: it does not tell its samples, so nothing can be compared")
    if len(samples.heldout) < FEWEST:
        raise ValueError(f"--corpus: expected at least {FEWEST} held-out samples: put some files below heldout/")
    return samples


def _drawn(generator: Generator, corpus: Corpus, seed: int, count: int, tell: Progress) -> list[Content]:
    """What it makes after learning with a seed."""
    import tempfile

    import numpy as np

    from footlight_plugins import Call, TrainingRun

    def report(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
        tell(f"Training, seed {seed}", round(1_000 * fraction), 1_000)

    with tempfile.TemporaryDirectory() as folder:
        generator.train(corpus, TrainingRun(seed, Path(folder), report))
    return generator.generate(np.arange(count, dtype=np.int64), Call())


def _save(contents: Any, folder: Path) -> None:
    from footlight_server.marking.media import ending_of

    folder.mkdir(parents=True, exist_ok=True)
    for i, content in enumerate(contents):
        (folder / f"{i:02}{ending_of(content.media_type)}").write_bytes(content.data)


def _compared(samples: Samples, contents: list[Content], seed: int) -> dict[str, Likeness]:
    import numpy as np

    from footlight_plugins.evaluation.generation import measured, real_row

    made = np.stack([content.sample for content in contents if content.sample is not None])
    return {"real, held out": real_row(samples), f"seed {seed}": measured(samples, made)}


def _table(rows: Mapping[str, Likeness]) -> str:
    names = ("KID", "KID, space 2", "FD", "density", "coverage", "C_T", "distinct")
    lines = [f"{'':<16}" + "".join(f"{name:>14}" for name in names)]
    for name, row in rows.items():
        values = (*row.kid, row.fd, row.density, row.coverage, row.copying, row.distinct)
        lines.append(f"{name:<16}" + "".join(f"{value:>14.4g}" for value in values))
    return "\n".join(lines)
