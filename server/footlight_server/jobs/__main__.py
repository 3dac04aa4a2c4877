"""The process of a job: ``python -m footlight_server.jobs``. Reads an order, trains or makes a checkpoint, stores what it
made, reports on the way.

It stops when it reads a further line, and also when its input ends, because then the server is gone.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from footlight_server.jobs.order import Order, Report, Task

if TYPE_CHECKING:  # imported in the functions that use them, after the order has been read
    from footlight_plugins import Corpus, Engine, EngineSpec, Events, Options, Recommender, State
    from footlight_plugins.loader import Plugins
    from footlight_server.models.store import Manifest, ModelStore

REPORT_SECONDS = 0.1
"""Reports are at least so far apart, but for the last."""

STOP_SECONDS = 20.0
"""How long an engine may take to stop; the server, while it is there, is less patient."""

NICE = {Task.TRAIN: 5, Task.CHECKPOINT: 10, Task.SCRUB: 10}
"""Serving comes first, and checkpoints come last."""

MOST_NOTES, LONGEST_NOTE = 50, 500
"""So many of an engine's notes are passed on, and so many characters of each."""

LONGEST_ERROR = 2_000
"""At most so many characters of an engine's error are passed on."""


class Reporter:
    """Writes reports, a few a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._next = 0.0
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep what the engine has to say; it goes with every report from now on."""
        if len(self._notes) < MOST_NOTES:
            self._notes.append(str(text)[:LONGEST_NOTE])

    def progress(self, fraction: float, step: int, metrics: Mapping[str, float]) -> None:
        """Tell how far it is, unless that was told just now."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + REPORT_SECONDS
            from footlight_server.models.answers import figures_of

            figures = figures_of("run.report", metrics)
            self.send(Report(min(max(float(fraction), 0.0), 1.0), int(step), figures))

    def send(self, report: Report) -> None:
        """Write one report."""
        self._out.write(dataclasses.replace(report, notes=tuple(self._notes)).to_line())
        self._out.flush()


def _private_output() -> TextIO:
    """The pipe to the server. What the engine prints goes to the server's log instead of between the reports."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _watch(stop: threading.Event) -> None:
    sys.stdin.readline()  # a line, or the end of the input
    stop.set()
    time.sleep(STOP_SECONDS)
    os._exit(1)  # the engine does not listen


def checkpoint(order: Order) -> Report:
    """Make the checkpoint that the order names."""
    from footlight_server.jobs.checkpoint import make_checkpoint

    return Report(fraction=1.0, checkpoint=make_checkpoint(order, _engine(order)))


def scrub(order: Order) -> Report:
    """Scrub the versions of the deployment that the order names."""
    from footlight_server.jobs.scrub import scrub_versions

    return Report(fraction=1.0, step=scrub_versions(order, _engine(order)))


def _engine(order: Order) -> EngineSpec:
    return _plugins(order).engines[order.engine]


def _plugins(order: Order) -> Plugins:
    from footlight_plugins.loader import LoaderConfig, load_plugins

    plugins_dir = Path(order.plugins_dir) if order.plugins_dir else None
    allowed = None if order.allowed is None else frozenset(order.allowed)
    config = LoaderConfig(frozenset(order.disabled), plugins_dir, allowed=allowed)
    plugins = load_plugins(config)
    if order.isolated:
        from footlight_server.dispatch.limits import Limits
        from footlight_server.isolation.placement import keep_apart

        isolated = frozenset(order.isolated)
        keep_apart(plugins, Limits(isolated_bytes=order.isolated_bytes, plugins=config, isolated_plugins=isolated))
    return plugins


def _with_index(order: Order, plugins: Plugins, engine: Engine, state: State) -> State:
    """A generator's state with the index that near-copies are found by."""
    from footlight_plugins import Generator, PartFailed
    from footlight_plugins.factories import resolve_stage
    from footlight_plugins.placing import placed
    from footlight_server.marking.originals import joined

    samples = engine.samples(_corpus(order)) if isinstance(engine, Generator) and order.originality else None
    if samples is None:
        return state
    spec = plugins.stages[order.originality]
    elsewhere = placed(spec)
    stage = resolve_stage(spec) if elsewhere is None else elsewhere
    try:
        index = stage.index(samples)
    except PartFailed:
        raise
    except (Exception, SystemExit) as fault:
        called, what = f"stage {spec.name!r}", f"raised {type(fault).__name__}: {fault}"
        raise PartFailed(called, plugins.plugin_of_part(spec), what) from fault
    return joined(state, index, order.originality)


def train(order: Order, reporter: Reporter, stop: threading.Event) -> Report:
    """Train as the order says, and tell which version was made, with its figures."""
    from footlight_plugins import Generator, Recommender, TrainingRun
    from footlight_plugins.factories import resolve_factory
    from footlight_plugins.options import options_of
    from footlight_server.log.records import now
    from footlight_server.models.answers import figures_of, state_of
    from footlight_server.models.store import Manifest, ModelStore

    models, training_id = ModelStore(Path(order.models_dir)), Path(order.directory).name
    if made := _made_before(models, order.deployment, training_id):
        return Report(1.0, metrics=made.metrics, version=made.version)
    plugins = _plugins(order)
    spec = plugins.engines[order.engine]
    engine_class = resolve_factory(spec)
    make = cast("Callable[[Options], Engine]", engine_class)
    engine = make(options_of(engine_class, order.options))
    checkpoints = Path(order.directory) / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    curves = Path(order.models_dir).parent / "tensorboard" / f"{order.deployment}-{training_id}"
    run = TrainingRun(order.seed, checkpoints, reporter.progress, stop.is_set, curves, reporter.note)
    if isinstance(engine, Generator):
        metrics = figures_of("train", engine.train(_corpus(order), run))
        fingerprint = order.corpus_id  # it names its content already
    else:
        events = _events(order, cast(Recommender, engine) if spec.reads_catalogue else None)
        metrics = figures_of("fit", cast(Recommender, engine).fit(events, run))
        fingerprint = _fingerprint(events)
    state = _with_index(order, plugins, engine, state_of(engine))
    manifest = Manifest(
        engine=spec.name,
        engine_version=spec.version,
        options=dict(order.options),
        log_position=order.log_position,
        erasure_epoch=order.erasure_epoch,
        corpus_id=order.corpus_id,
        fingerprint=fingerprint,
        metrics=metrics,
        seed=order.seed,
        create_time=now(),
        training_id=training_id,
    )
    return Report(1.0, metrics=metrics, version=models.save(order.deployment, state, manifest))


def _made_before(models: ModelStore, deployment: str, training_id: str) -> Manifest | None:
    """The version that an earlier try of this job stored before it could say so; None where there is none."""
    made = (
        manifest
        for manifest in models.versions(deployment)
        if manifest.training_id == training_id and not manifest.problem
    )
    return next(made, None)


def _fingerprint(events: Events) -> str:
    """The SHA-256 of what was learned from, in the order of the log."""
    digest = hashlib.sha256()
    for column in dataclasses.fields(events):
        digest.update(getattr(events, column.name).tobytes())
    return digest.hexdigest()


def _corpus(order: Order) -> Corpus:
    from footlight_plugins import Corpus, CorpusFile

    return Corpus(tuple(CorpusFile(path, Path(location)) for path, location in order.corpus_files))


def _events(order: Order, reader: Recommender | None) -> Events:
    """The whole log; a reader of the catalogue is told first what that says."""
    from footlight_server.log.columns import read_events
    from footlight_server.log.database import Database
    from footlight_server.log.item_rows import read_contents

    database = Database.open(order.database_url)
    try:
        if reader is not None:
            reader.describe(read_contents(database, order.tenant)[0])
        return read_events(database, order.tenant, 0, order.log_position)
    finally:
        database.close()


def _take(directory: Path) -> None:
    """Take the job's folder, once the process of an earlier try, whose server was killed, has left it."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # held as long as this process lives


def _told(engine: str, fault: BaseException) -> str:
    """What went wrong, for whoever ordered it. Of a ValueError the text says enough: about options, or a corpus."""
    from footlight_plugins import PartFailed
    from footlight_plugins.factories import EngineUnavailable
    from footlight_server.errors import FootlightError

    if isinstance(fault, ValueError | OSError | EngineUnavailable | FootlightError | PartFailed) and str(fault):
        return str(fault)
    return f"engine {engine!r} raised {type(fault).__name__}: {fault}".removesuffix(": ")


def _done(order: Order, reporter: Reporter, stop: threading.Event) -> Report:
    match order.task:
        case Task.CHECKPOINT:
            return checkpoint(order)
        case Task.SCRUB:
            return scrub(order)
    return train(order, reporter, stop)


def give_way(nice: int) -> None:
    """Let others have the processor first.

    Where Linux shares it among sessions before it does among processes, a process's nice counts in its own session only; the
    session of a job has a nice as well, see sched(7).
    """
    os.nice(nice)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # this system does not
            Path("/proc/self/autogroup").write_text(str(nice))


def main() -> int:
    """Run one job."""
    from footlight_plugins import CallEnded

    reporter = Reporter(_private_output())
    order = Order.from_line(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()
    give_way(NICE[order.task])
    try:
        _take(Path(order.directory))
        last = _done(order, reporter, stop)
    except CallEnded:
        reporter.send(Report(stopped=True))
    except BaseException as fault:  # whatever an engine raises is told to the server, then this process ends
        traceback.print_exc()
        reporter.send(Report(error=_told(order.engine, fault)[:LONGEST_ERROR]))
        return 1
    else:
        reporter.send(last)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a plug-in's threads do not hold the process back
