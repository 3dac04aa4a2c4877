"""When each item came into the catalogue: in memory once somebody asks for it."""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select

from footlight_server.log.bulk import Prepared
from footlight_server.log.columns import grown
from footlight_server.log.database import Database
from footlight_server.log.schema import ITEMS

_C = ITEMS.c
_BORN = Prepared(
    select(_C.ordinal, _C.create_time)
    .where(_C.tenant == bindparam("tenant"), _C.ordinal >= bindparam("first"))
    .order_by(_C.ordinal)
)


class Ages:
    """The times by ordinal. An item keeps the one that it was first put at, so that only new ones are read."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant
        self._created: NDArray[np.int64] = np.empty(0, np.int64)

    async def created(self, items: NDArray[np.int32]) -> NDArray[np.int64]:
        """Shape (n,) like the items: in microseconds since 1970."""
        if len(items) and int(items.max()) >= len(self._created):
            self._created = await asyncio.to_thread(self._read)
        return self._created[items]

    def _read(self) -> NDArray[np.int64]:
        """What is known, and what came since."""
        known = self._created
        with self._database.reading() as connection:
            rows = np.array(_BORN.rows(connection, {"tenant": self._tenant, "first": len(known)}), np.int64)
        if not len(rows):
            return known
        times = grown(known, int(rows[-1, 0]) + 1, 0)
        times[rows[:, 0]] = rows[:, 1]
        return times
