"""Takes the people who were erased out of the versions of a deployment that are older than their erasure, on disk."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from footlight_plugins import EngineSpec, Options
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.errors import DataLoss
from footlight_server.jobs.checkpoint import LogReader
from footlight_server.jobs.order import Order
from footlight_server.log.database import Database
from footlight_server.models.answers import state_of
from footlight_server.models.restoring import made
from footlight_server.models.state_files import Manifest
from footlight_server.models.store import ModelStore

log = logging.getLogger(__name__)


def scrub_versions(order: Order, spec: EngineSpec) -> int:
    """Rewrite the old versions of the order's deployment; of an engine that cannot forget, their arrays are removed.

    Returns
    -------
    How many versions there were to scrub.
    """
    models = ModelStore(Path(order.models_dir))
    old = models.older_than(order.deployment, order.erasure_epoch)
    database = Database.open(order.database_url)
    try:
        view = LogReader(database, order.tenant, order.log_position, order.erasure_epoch)
        for manifest in old:
            _scrub(models, view, spec, order.deployment, manifest)
    finally:
        database.close()
    return len(old)


def _scrub(models: ModelStore, view: LogReader, spec: EngineSpec, name: str, manifest: Manifest) -> None:
    if not spec.can_forget:
        models.refuse(name, manifest.version)
        return
    try:
        state, _ = models.load(name, manifest.version)
    except DataLoss as damage:  # it serves nobody, and cannot be read: what it holds is gone with it
        log.warning("version %d of %r cannot be scrubbed and is refused: %s", manifest.version, name, damage.message)
        models.refuse(name, manifest.version)
        return
    engine_class = resolve_factory(spec)
    options: Options = options_of(engine_class, manifest.options)
    engine = made(engine_class, options)
    engine.load(state)
    for _, user in view.erasures_since(manifest.erasure_epoch):
        engine.forget(user)
    models.rewrite(name, state_of(engine), replace(manifest, erasure_epoch=view.epoch))
