"""The tenants of a server. Each is brought to work when it is first asked for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from sqlalchemy import select

from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.asking import TENANT
from footlight_server.errors import FootlightError, Unavailable
from footlight_server.log.leases import LeaseTable
from footlight_server.log.records import TrainingState
from footlight_server.log.schema import TRAININGS
from footlight_server.models.store import ModelStore
from footlight_server.services.routes import Handler
from footlight_server.tenancy.ground import Ground, folders
from footlight_server.tenancy.postponed import postponed
from footlight_server.tenancy.tenant import Tenant

log = logging.getLogger(__name__)


class Tenants:
    """Those at work, by name."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._at_work: dict[str, Tenant] = {}
        self._opening: dict[str, asyncio.Task[Tenant]] = {}

    def __iter__(self) -> Iterator[Tenant]:
        return iter(list(self._at_work.values()))

    @property
    def first(self) -> Tenant:
        """The default tenant, which is always at work."""
        return self._at_work[TENANT]

    async def start(self, first: bool) -> None:
        """Bring the default tenant to work, and those whose trainings had not ended.

        ``first`` says that no other server uses the data: what a crash has left behind is cleaned up.
        """
        if first:
            await self._clean()
        await self._open(TENANT)
        for name in await asyncio.to_thread(self._unfinished):
            with contextlib.suppress(FootlightError):  # it is tried again when it is asked for
                await self._open(name)

    async def _clean(self) -> None:
        ground = self._ground
        for folder in folders(ground.config.data_dir):
            ModelStore(folder / "models").clean()
        rows = (ground.database, ground.writer, TENANT)
        await CorpusStore(ground.config.data_dir / "corpora", *rows, ground.corpus_blobs).clean()
        if not ground.config.database:
            await LeaseTable(*rows).free_all()  # those of a server that was killed; nobody else uses this file

    def _unfinished(self) -> list[str]:
        c = TRAININGS.c
        query = select(c.tenant).where(c.state < TrainingState.SUCCEEDED, c.tenant != TENANT).distinct()
        with self._ground.database.reading() as connection:
            return [str(row[0]) for row in connection.execute(query)]

    def handler(self, tenant: str, method: str) -> Handler | None:
        """Who answers a method for a tenant; None where nobody knows the method."""
        if (there := self._at_work.get(tenant)) is not None:
            return there.routes.get(method)
        if (like := self.first.routes.get(method)) is None:
            return None

        async def find() -> Handler:
            found = (await self._open(tenant)).routes.get(method)
            assert found is not None
            return found

        return postponed(like, find)

    async def _open(self, name: str) -> Tenant:
        """The tenant, at work; whoever asks meanwhile waits as well."""
        if (there := self._at_work.get(name)) is not None:
            return there
        if name not in self._opening:
            self._opening[name] = asyncio.create_task(self._begin(name), name=f"open-{name}")
        return await asyncio.shield(self._opening[name])

    async def _begin(self, name: str) -> Tenant:
        tenant = Tenant(name, self._ground)
        try:
            await tenant.start()
            self._at_work[name] = tenant
        except FootlightError:
            raise
        except Exception as fault:
            if name == TENANT:
                raise
            log.exception("tenant %r cannot be brought to work", name)
            raise Unavailable("what belongs to the caller's tenant cannot be brought to work") from fault
        finally:
            del self._opening[name]
        if name != TENANT:
            log.info("tenant %r is at work", name)
        return tenant

    async def stop_training(self) -> None:
        """Stop the jobs that run."""
        await asyncio.gather(*(tenant.stop_training() for tenant in self))

    async def stop(self) -> None:
        """End all of them."""
        for task in list(self._opening.values()):
            with contextlib.suppress(Exception):
                await task
        await asyncio.gather(*(tenant.stop() for tenant in self))
