"""From what is stored to an engine that can serve: the newest good state, without those who were erased since, and the
rest of the log."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, cast

from footlight_plugins import (
    Engine,
    EngineSpec,
    ItemContent,
    Options,
    Recommender,
    State,
    TrainingRun,
    UpdateClass,
)
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.errors import DataLoss, FailedPrecondition
from footlight_server.models.checkpoints import Place, place_of
from footlight_server.models.replaying import Advance, LogView, read_whole, replay
from footlight_server.models.settling import settle_fully
from footlight_server.models.state_files import Manifest
from footlight_server.models.store import ModelStore

log = logging.getLogger(__name__)

REFIT_PACE = 100_000.0
"""So many events a second are read and fitted, at a guess; the batch kernels of the built-in engines do more."""
TRIAL_SECONDS = 1.0
"""A replay is looked at after so long: what ends soon is not worth a thought."""

Make: TypeAlias = Callable[[type[Engine], Options], Recommender]


class View(LogView, Protocol):
    """The log, and the catalogue beside it."""

    def contents(self, after: int | None = None) -> tuple[Sequence[ItemContent], int]:
        """What is said of every item, or of those changed after a revision; and one up to which none is missing."""


class Prepared(NamedTuple):
    """An engine that is ready but for what was appended or erased meanwhile."""

    engine: Recommender
    manifest: Manifest
    """Of the version that it continues: its options and its number, 0 for an engine that was never trained."""
    position: int
    """It has seen every event up to this log position."""
    epoch: int
    """It holds nobody who was erased up to this epoch."""
    stored: Place
    """The state on disk that it began with; position 0 where it was fitted to the log."""
    described: int
    """It has been told what the catalogue says of items up to this revision."""


def made(engine_class: type[Engine], options: Options) -> Recommender:
    """A new engine of a class that is known to be a recommender's."""
    return cast(Callable[[Options], Recommender], engine_class)(options)


def worth_refitting(spec: EngineSpec, events: int, replayed: Advance) -> bool:
    """Whether a fit to so many events takes less than half of what is left of a replay, and gives the same answers."""
    if replayed.seconds < TRIAL_SECONDS:
        return False
    return refit_pays(spec, events, (replayed.total - replayed.done) / replayed.pace)


def refit_pays(spec: EngineSpec, events: int, seconds: float) -> bool:
    """The same of updates that take so many seconds."""
    same = spec.update_class in (UpdateClass.BITWISE, UpdateClass.CERTIFIED)
    return same and seconds > 2 * (events / REFIT_PACE + TRIAL_SECONDS)


class Restorer:
    """Restores the states of one deployment. Its methods take long: call them on a thread, or in another process."""

    def __init__(self, name: str, spec: EngineSpec, view: View, models: ModelStore, make: Make = made) -> None:
        self._name = name
        self._spec = spec
        self._view = view
        self._models = models
        self._checkpoints = models.checkpoints(name)
        self._make = make

    def restore(self, version: int, options: Options, upto: int | None = None) -> Prepared:
        """A version's state at a log position, by default the last: from its newest good checkpoint, else from itself.

        Version 0 is that of an engine which needs no training: it is fitted to the log, with the options. A trained one
        that is newer than the position is fitted to the log up to there, with its own options.

        Raises
        ------
        DataLoss, NotFound
            When neither the version nor a checkpoint of it can be read.
        FailedPrecondition
            When the model was made before a person was erased and cannot forget, or when it is newer than the position
            and the engine only learns by training.
        """
        limit = self._view.position if upto is None else upto
        for place in self._checkpoints.places(version):
            if place.position <= limit and (found := self._from_checkpoint(place, options, limit)) is not None:
                return found
        if version:
            return self._from_version(version, limit)
        return self.fitted(self._untrained(options), limit)

    def refitted(self, version: int, options: Options, upto: int | None = None) -> Prepared:
        """A version, or version 0, fitted to the log up to a position, by default the last."""
        manifest = self._models.load(self._name, version)[1] if version else self._untrained(options)
        return self.fitted(manifest, self._view.position if upto is None else upto)

    def fitted(self, manifest: Manifest, upto: int) -> Prepared:
        """An engine fitted to the log up to a position, with the manifest's options."""
        epoch = self._view.epoch  # before the log is read: who is erased meanwhile is taken out later
        engine = self._new(manifest)
        described = self._describe(engine)
        events = read_whole(self._view, upto, self._name)
        if len(events):
            with tempfile.TemporaryDirectory() as directory:
                engine.fit(events, TrainingRun(manifest.seed, Path(directory), lambda *_: None))
        settle_fully(engine)
        return Prepared(engine, manifest, upto, epoch, Place(manifest.version, 0, epoch), described)

    def _from_checkpoint(self, place: Place, options: Options, upto: int) -> Prepared | None:
        """The engine; None for a checkpoint that is of no use, which may be because it is damaged."""
        try:
            state, manifest = self._checkpoints.load(place)
            if not place.version and not self._continues(manifest, options):
                return None
            return self._brought(state, manifest, upto)
        except Exception as fault:  # whatever is wrong with a checkpoint, there is another way to the same state
            log.error("the checkpoint of %r at position %d is refused: %s", self._name, place.position, fault)
            if isinstance(fault, DataLoss):
                self._checkpoints.discard(place)  # it would stand in the way of a good one
            return None

    def _from_version(self, version: int, upto: int) -> Prepared:
        state, manifest = self._models.load(self._name, version)
        if manifest.log_position <= upto:
            return self._brought(state, manifest, upto)
        if self._spec.update_class is UpdateClass.REFIT:
            raise FailedPrecondition(
                f"version {version} of '{self._name}' was trained at log position {manifest.log_position:,}, which is "
                f"later than {upto:,}: activate an older version first",
                reason="MODEL_TOO_NEW",
            )
        return self.fitted(manifest, upto)

    def _brought(self, state: State, manifest: Manifest, upto: int) -> Prepared:
        """The state without those who were erased since, and with the log up to a position."""
        engine = self._new(manifest)
        engine.load(state)
        described = self._describe(engine)
        epoch = self._view.epoch  # before the log is read: who is erased meanwhile is taken out later
        for _, user in self._view.erasures_since(manifest.erasure_epoch):
            self.erase(engine, user)
        dear = partial(worth_refitting, self._spec, upto)
        if not replay(engine, self._view, (manifest.log_position, upto), self._name, dear):
            log.info("'%s' is fitted to the whole log instead, which comes to the same and is faster", self._name)
            return self.fitted(manifest, upto)
        settle_fully(engine)
        return Prepared(engine, manifest, upto, epoch, place_of(manifest), described)

    def _describe(self, engine: Recommender) -> int:
        """Tell the engine what the catalogue says, where it wants to know; answers the revision up to which it knows."""
        if not self._spec.reads_catalogue:
            return 0
        contents, revision = self._view.contents()
        engine.describe(contents)
        return revision

    def erase(self, engine: Recommender, user: int) -> None:
        """Take a person out of an engine; FailedPrecondition where it cannot."""
        if not self._spec.can_forget:
            raise FailedPrecondition(f"the model was made before a person was erased: train '{self._name}' again")
        engine.forget(user)

    def _new(self, manifest: Manifest) -> Recommender:
        engine_class = resolve_factory(self._spec)
        return self._make(engine_class, options_of(engine_class, manifest.options))

    def _untrained(self, options: Options) -> Manifest:
        return Manifest(self._spec.name, self._spec.version, options.model_dump(mode="json"))

    def _continues(self, manifest: Manifest, options: Options) -> bool:
        """Whether a checkpoint is of the same engine with the same options as one that would be fitted now."""
        now = self._untrained(options)
        return (manifest.engine, manifest.engine_version, manifest.options) == (
            now.engine,
            now.engine_version,
            now.options,
        )
