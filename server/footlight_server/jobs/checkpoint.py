"""Makes a checkpoint: restores the newest state that is stored, brings it to a position of the log, stores it beside its
version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from footlight_plugins import EngineSpec, Events, ItemContent
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.jobs.order import Order
from footlight_server.log.columns import read_events
from footlight_server.log.database import Database
from footlight_server.log.item_rows import read_contents
from footlight_server.log.records import now
from footlight_server.log.schema import ERASURES
from footlight_server.models.answers import state_of
from footlight_server.models.checkpoints import Place
from footlight_server.models.restoring import Restorer
from footlight_server.models.store import ModelStore


@dataclass(frozen=True, slots=True)
class LogReader:
    """The log as a process reads it that has no part in writing it."""

    database: Database
    tenant: str
    position: int
    """The last position that is of interest."""
    epoch: int
    """The last erasure that is of interest; whoever is erased later is taken out by whoever loads the state."""

    def read(self, after: int = 0, upto: int | None = None) -> Events:
        """The events after one position up to and including another."""
        return read_events(self.database, self.tenant, after, upto)

    def contents(self, after: int | None = None) -> tuple[Sequence[ItemContent], int]:
        """What is said of every item, or of those changed after a revision; and one up to which none is missing."""
        return read_contents(self.database, self.tenant, after)

    def erasures_since(self, epoch: int) -> Sequence[tuple[int, int]]:
        """The (epoch, user ordinal) of every erasure after the given one, in order."""
        e = ERASURES.c
        query = select(e.epoch, e.user_ordinal).where(e.tenant == self.tenant, e.epoch > epoch).order_by(e.epoch)
        with self.database.reading() as connection:
            return [(number, user) for number, user in connection.execute(query)]


def make_checkpoint(order: Order, spec: EngineSpec) -> Place:
    """Do what the order says."""
    models = ModelStore(Path(order.models_dir))
    options = options_of(resolve_factory(spec), order.options)
    database = Database.open(order.database_url)
    try:
        view = LogReader(database, order.tenant, order.log_position, order.erasure_epoch)
        found = Restorer(order.deployment, spec, view, models).restore(order.model_version, options)
    finally:
        database.close()
    facts = replace(
        found.manifest, log_position=found.position, erasure_epoch=found.epoch, create_time=now(), problem=""
    )
    checkpoints = models.checkpoints(order.deployment)
    place = checkpoints.save(state_of(found.engine), facts)
    checkpoints.prune(place)
    return place
