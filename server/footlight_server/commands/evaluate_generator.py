"""``footlight evaluate-generator``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from footlight.cli.options import Options, parsed
from footlight_server.commands.local_corpus import local_corpus
from footlight_server.commands.offline import Json, bars, reporting, show

if TYPE_CHECKING:  # imported where they are used, so that the command line starts fast
    import numpy as np
    from numpy.typing import NDArray

    from footlight_plugins import Content, Corpus, EngineSpec, Generator, Samples
    from footlight_plugins.evaluation.embedded import Closeness, EmbeddedSpace
    from footlight_plugins.evaluation.generation import Likeness
    from footlight_server.archive.layout import Progress

FEWEST = 10
"""Held-out samples."""


def evaluate_generator(
    corpus: Annotated[Path, typer.Option(exists=True, help="A folder, a zip of one, or a file.", show_default=False)],
    engine: Annotated[str, typer.Option("--engine", "-e", help="The generator.", show_default=False)],
    option: Options = None,
    seeds: Annotated[str, typer.Option(help="A training for each, with commas between them.")] = "0,1,2",
    count: Annotated[int, typer.Option(min=20, max=10_000, help="How many samples are drawn from each.")] = 2_000,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for a page, and for the first samples of each seed.")
    ] = None,
    baseline: Annotated[
        bool, typer.Option(help="Train the classical baseline for as long, and read it beside.")
    ] = True,
    embedder: Annotated[
        str, typer.Option(help="Compare pictures in the space of this image embedder of a plug-in as well.")
    ] = "",
    plugins_dir: Annotated[Path | None, typer.Option("--plugins-dir", help="A folder of one-file plug-ins.")] = None,
    json: Json = False,
) -> None:
    """Trains a generator on a corpus, and measures what it makes beside held-out content, and beside the classical baseline:
    kernel and Fréchet distances, density, coverage, and whether it copies. Needs no server.

    Files below heldout/ are held back, also from the training; where there are none, a tenth of the files is.
    """
    with reporting(json):
        from footlight_plugins.evaluation.generation import measured, real_row

        options, chosen = parsed(option), _seeds(seeds)
        rows: dict[str, tuple[Likeness, Closeness | None]] = {}
        sheets: list[tuple[str, Any]] = []
        with local_corpus(corpus) as files, bars(json) as tell:
            specs = _specs(plugins_dir)
            generator = _generator(specs, engine, options)
            samples = _samples(generator, files)
            space = _space(samples, embedder)
            rows["real, held out"] = real_row(samples), space.real() if space else None
            for seed in chosen:
                seconds, contents = _drawn(generator, _known(files), seed, count, tell)
                made = _stacked(contents)
                rows[f"seed {seed}"] = measured(samples, made), space.closeness(made) if space else None
                if out is not None:
                    _save(contents[:64], out / f"seed-{seed}")
                    sheets += _sheets(generator, samples, made, seed)
                if baseline and (beside := _baseline(specs, engine)):
                    plain = _beside(_generator(specs, beside, {}), samples, (seed, seconds, count), tell)
                    near = space.closeness(plain) if space else None
                    rows[f"{beside}, seed {seed}"] = measured(samples, plain), near
            columns = {name: _columns(*row, embedder) for name, row in rows.items()}
            if out is not None:
                _write_page(out, engine, columns, sheets)
        show(json, {name: _as_json(*row) for name, row in rows.items()}, lambda: _table(columns))


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ValueError(f"--seeds: expected whole numbers with commas between them, not {text!r}") from error


def _known(corpus: Corpus) -> Corpus:
    """Without what is held out: what measures the result must not have had a say in it."""
    from footlight_plugins import Corpus

    return Corpus(tuple(file for file in corpus if not file.path.startswith("heldout/")))


def _specs(plugins_dir: Path | None) -> Mapping[str, EngineSpec]:
    from footlight_plugins.loader import LoaderConfig, load_plugins

    return load_plugins(LoaderConfig(plugins_dir=plugins_dir)).engines


def _baseline(specs: Mapping[str, EngineSpec], engine: str) -> str:
    """The engine to read beside; empty where there is none, or it is the one that is measured."""
    return next((name for name, spec in specs.items() if spec.baseline and name != engine), "")


def _generator(specs: Mapping[str, EngineSpec], engine: str, options: Mapping[str, Any]) -> Generator:
    from footlight_plugins import Generator
    from footlight_plugins.factories import resolve_factory
    from footlight_plugins.options import options_of

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


def _space(samples: Samples, name: str) -> EmbeddedSpace | None:
    """The samples as the image embedder of this name sees them; None where none is named."""
    from footlight_plugins.embedding import EmbedderRole, made_embedder, offered_embedders
    from footlight_plugins.evaluation.embedded import EmbeddedSpace

    if not name:
        return None
    offered = {spec.name: spec for spec in offered_embedders(EmbedderRole.IMAGE)}
    if name not in offered:
        raise ValueError(f"--embedder: no plug-in offers the image embedder {name!r}; there are: {', '.join(offered)}")
    return EmbeddedSpace(samples, made_embedder(offered[name]))


def _drawn(generator: Generator, corpus: Corpus, seed: int, count: int, tell: Progress) -> tuple[float, list[Content]]:
    """How long it learned with a seed, and what it makes then."""
    import tempfile
    import time

    import numpy as np

    from footlight_plugins import Call, TrainingRun

    def report(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
        tell(f"Training {type(generator).__name__}, seed {seed}", round(1_000 * fraction), 1_000)

    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        generator.train(corpus, TrainingRun(seed, Path(folder), report))
    return time.monotonic() - start, generator.generate(np.arange(count, dtype=np.int64), Call())


def _beside(generator: Generator, samples: Samples, run: tuple[int, float, int], tell: Progress) -> NDArray[np.generic]:
    """What the baseline makes after learning from the same samples for as long; ``run`` is seed, seconds and count."""
    import tempfile

    import numpy as np

    from footlight_plugins import Corpus, CorpusFile
    from footlight_plugins.evaluation.baseline import natural, plain
    from footlight_plugins.options import options_of

    seed, seconds, count = run
    options = options_of(type(generator), {"steps": 10_000_000, "max_seconds": max(seconds, 1.0)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.npy"
        np.save(path, plain(samples.domain, samples.train), allow_pickle=False)
        learner = cast(Callable[[Any], "Generator"], type(generator))(options)
        _, contents = _drawn(learner, Corpus((CorpusFile(path.name, path),)), seed, count, tell)
    return natural(samples.domain, _stacked(contents).astype(np.float32))


def _stacked(contents: list[Content]) -> NDArray[np.generic]:
    import numpy as np

    return np.stack([content.sample for content in contents if content.sample is not None])


def _sheets(generator: Generator, samples: Samples, made: NDArray[np.generic], seed: int) -> list[tuple[str, Any]]:
    """The first samples as they come, three ways between seeds, and nearest training samples."""
    import numpy as np

    from footlight_plugins import Call, Wish, WishRefused
    from footlight_server.commands.generator_page import neighbours, sheet

    found = [(f"Samples, seed {seed}", sheet(samples.domain, made[:100]))]
    ways = []
    try:
        for first in (0, 2, 4):
            steps = generator.interpolate(first, first + 1, np.linspace(0, 1, 10), Wish(), False, Call())
            ways.append(_stacked(steps))
        found.append((f"Ways between seeds, seed {seed}", sheet(samples.domain, np.concatenate(ways))))
    except WishRefused:
        pass  # it knows no way
    return [*found, (f"Samples and what they are nearest to, seed {seed}", neighbours(samples, made))]


def _columns(row: Likeness, near: Closeness | None, embedder: str) -> Mapping[str, float]:
    """What the table shows of a row."""
    if near is None:
        return row.columns()
    beside = {"KID": near.kid, "FD": near.fd, "density": near.density, "coverage": near.coverage}
    return {**row.columns(), **{f"{name}, {embedder}": value for name, value in beside.items()}}


def _as_json(row: Likeness, near: Closeness | None) -> dict[str, Any]:
    from dataclasses import asdict

    return {**row.as_json(), **({} if near is None else {"embedded": asdict(near)})}


def _write_page(out: Path, engine: str, rows: Mapping[str, Mapping[str, float]], sheets: list[tuple[str, Any]]) -> None:
    from footlight_server.commands.generator_page import page

    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(page(f"{engine}, measured", rows, sheets))


def _save(contents: Any, folder: Path) -> None:
    from footlight_server.marking.media import ending_of

    folder.mkdir(parents=True, exist_ok=True)
    for i, content in enumerate(contents):
        (folder / f"{i:02}{ending_of(content.media_type)}").write_bytes(content.data)


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    widths = {head: max(14, len(head) + 2) for head in next(iter(rows.values()))}
    lines = [f"{'':<16}" + "".join(f"{head:>{width}}" for head, width in widths.items())]
    for name, row in rows.items():
        lines.append(f"{name:<16}" + "".join(f"{row[head]:>{width}.4g}" for head, width in widths.items()))
    return "\n".join(lines)
