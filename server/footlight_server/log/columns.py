"""The event log as columns: what engines learn from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from footlight_plugins import Events
from footlight_server.log.database import Database
from footlight_server.log.schema import EVENTS

T = TypeVar("T", bound=np.generic)

# The columns of `Events`, in order, as one packed row.
_ROW = np.dtype([("user", "i4"), ("item", "i4"), ("kind", "i1"), ("value", "f8"), ("time", "i8"), ("tie", "i8")])


def as_events(rows: Iterable[tuple[Any, ...]]) -> Events:
    """Events from rows of (user ordinal, item ordinal, kind, value, time, tie)."""
    packed = np.fromiter(rows, _ROW)
    return Events(*(np.ascontiguousarray(packed[name]) for name in _ROW.names or ()))


def read_events(
    database: Database, tenant: str, after: int = 0, upto: int | None = None, user: int | None = None
) -> Events:
    """The events at the positions after ``after`` up to and including ``upto``, in the order of their positions; of one
    person only, where a ``user`` is given.
    """
    e = EVENTS.c
    query = select(e.user_ordinal, e.item_ordinal, e.kind, func.coalesce(e.value, 1.0), e.time, e.tie)
    query = query.where(e.tenant == tenant, e.position > after).order_by(e.position)
    if upto is not None:
        query = query.where(e.position <= upto)
    if user is not None:
        query = query.where(e.user_ordinal == user)
    with database.reading() as connection:
        # The driver's own tuples: SQLAlchemy's rows cost more than the reading.
        cursor: Any = connection.execute(query).cursor
        return as_events(cursor)


def grown(column: NDArray[T], size: int, fill: Any) -> NDArray[T]:
    """A copy of a column with at least so many rows, new ones filled."""
    longer = np.full(max(size, len(column)), fill, column.dtype)
    longer[: len(column)] = column
    return longer
