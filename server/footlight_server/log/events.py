"""The event log: what happened, in the order in which it was written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, delete, func, select, union_all

from footlight_plugins import Events, ItemContent
from footlight_server.errors import AlreadyExists, NotFound
from footlight_server.log.agent_erasures import erase_person
from footlight_server.log.batch import Incoming, check_batch
from footlight_server.log.bulk import Lookup, Prepared, insert_rows
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.columns import as_events, read_events
from footlight_server.log.conversations import erase_conversations
from footlight_server.log.database import Database
from footlight_server.log.people import People, create_people, find_people
from footlight_server.log.rankings import erase_rankings
from footlight_server.log.records import NOBODY, Appended, Event, Receipt, now
from footlight_server.log.schema import DECISIONS, ERASURES, EVENTS, PEOPLE
from footlight_server.log.validation import check_id
from footlight_server.log.writer import Writer

__all__ = ["EventLog", "last_epoch", "last_position", "read_events"]

_log = logging.getLogger(__name__)
_FEW = 256  # positions of other servers that are read at once and handed on, so that engines need not read them


_TENANT: BindParameter[str] = bindparam("tenant")


def _highest(table: Table, column: str) -> Select[Any]:
    return select(func.coalesce(func.max(table.c[column]), 0)).where(table.c.tenant == _TENANT)


_POSITIONS = Prepared(union_all(_highest(EVENTS, "position"), _highest(ERASURES, "log_position")))
_EPOCH = Prepared(_highest(ERASURES, "epoch"))
_BY_ID = Lookup(
    select(
        EVENTS.c.event_id,
        EVENTS.c.position,
        EVENTS.c.user_ordinal,
        EVENTS.c.item_ordinal,
        EVENTS.c.kind,
        EVENTS.c.value,
        EVENTS.c.time,
        EVENTS.c.decision_id,
    ).where(EVENTS.c.tenant == _TENANT),
    EVENTS.c.event_id,
)


class _Stored(NamedTuple):
    """A row of the log, to be compared with what comes in under the same id."""

    event_id: str
    position: int
    user: int
    item: int
    kind: int
    value: float | None
    time: int
    decision_id: str


@dataclass(frozen=True, slots=True)
class _Committed:
    appended: Appended
    met: Mapping[str, int]
    """People of the batch who were not remembered: new ones, and those whom another process or a lost answer made."""
    epoch: int
    """The last erasure before the batch."""


class EventLog:
    """One tenant's log. Positions count from 1 and are committed in order, so a follower misses nothing."""

    def __init__(self, database: Database, writer: Writer, catalogue: Catalogue, people: People, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._catalogue = catalogue
        self._people = people
        self.tenant = tenant
        with database.reading() as connection:
            self.position = last_position(connection, tenant)
            """The last position that is committed; 0 for an empty log."""
            self.epoch = last_epoch(connection, tenant)
            """The number of the last erasure; 0 where nobody was erased."""
        self.on_append: list[Callable[[Appended], None]] = []
        """Called on the event loop whenever the log has grown, in the order of the positions. Where the positions do not
        join the last ones, or nothing was recorded, what lies between was not in memory and is to be read."""
        self.on_forget: list[Callable[[Receipt], None]] = []
        """Called on the event loop for each erasure that was committed, in order among the batches."""

    async def append(self, events: Sequence[Event]) -> Appended:
        """Append the events, all or none; those that the log has already change nothing.

        Raises
        ------
        InvalidArgument
            Names the field that is wrong, such as ``events[7].value``.
        NotFound
            For an item that is not in the catalogue.
        AlreadyExists
            When an event id was used for another event.
        """
        batch = self._checked(events)
        known = self._people.known({event.user_id for event in batch})
        epoch = self.epoch
        committed = await self._writer.submit(
            lambda connection: _append(connection, self.tenant, batch, (epoch, known)), self._adopt_append
        )
        return committed.appended

    def _checked(self, events: Sequence[Event]) -> list[Incoming]:
        try:
            return check_batch(events, self._catalogue)
        except NotFound:
            if not self._catalogue.catch_up():
                raise
            return check_batch(events, self._catalogue)  # another server has just put the item

    def read(self, after: int = 0, upto: int | None = None) -> Events:
        """The events after one position up to and including another, in the order of their positions."""
        return read_events(self._database, self.tenant, after, upto)

    def read_person(self, user: int, upto: int | None = None) -> Events:
        """A person's events up to and including a position, in the order of their positions."""
        return read_events(self._database, self.tenant, 0, upto, user)

    @property
    def catalogue_revision(self) -> int:
        """The last change to the catalogue that is known here."""
        return self._catalogue.revision

    def contents(self, after: int | None = None) -> tuple[Sequence[ItemContent], int]:
        """What the catalogue says of items, see `Catalogue.contents`: engines learn from it beside the log."""
        return self._catalogue.contents(after)

    def position_at(self, time: int) -> int:
        """The position before the first event, in the order of the log, that happened after a time (in microseconds
        since 1970); the last position where none did.
        """
        e = EVENTS.c
        query = select(e.position).where(e.tenant == self.tenant, e.time > time).order_by(e.position).limit(1)
        with self._database.reading() as connection:
            later = connection.execute(query).scalar()
        return self.position if later is None else min(int(later) - 1, self.position)

    async def forget(self, user_id: str) -> Receipt:
        """Erase the person's events, decisions and name for good; an anonymous mark stays.

        Somebody whom the log does not know is not an error: nothing is erased, and no mark is made.
        """
        check_id("user_id", user_id)
        adopted: list[Receipt] = []
        await self._writer.submit(
            lambda connection: _forget(connection, self.tenant, user_id),
            lambda receipt: adopted.append(self._adopt_forget(user_id, receipt)),
        )
        receipt = adopted[0]
        if receipt.user != NOBODY and not await asyncio.to_thread(self._database.scrub):
            _log.warning("the write-ahead log could not be emptied after an erasure; it will be when nobody reads")
        return receipt

    def erasures_since(self, epoch: int) -> Sequence[tuple[int, int]]:
        """The (epoch, user ordinal) of every erasure after the given one, in order."""
        e = ERASURES.c
        query = select(e.epoch, e.user_ordinal).where(e.tenant == self.tenant, e.epoch > epoch).order_by(e.epoch)
        with self._database.reading() as connection:
            return [(number, user) for number, user in connection.execute(query)]

    def last_erasure(self) -> int:
        """When somebody was last erased, in microseconds since 1970; 0 where nobody was."""
        query = select(func.max(ERASURES.c.time)).where(ERASURES.c.tenant == self.tenant)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def erased_since(self, time: int) -> int:
        """How many people were erased after a time, in microseconds since 1970."""
        e = ERASURES.c
        query = select(func.count()).where(e.tenant == self.tenant, e.time > time)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    async def follow(self, position: int, epoch: int) -> None:
        """Take over what other servers have committed, up to a position and an erasure.

        Positions are handed out one after the other, by whichever server: where those of an own batch do not join what
        is known, events of others lie between, and whoever follows the log reads them there, in their order.
        """
        if epoch > self.epoch:
            self._adopt_erasures(await asyncio.to_thread(self.erasures_since, self.epoch))
        while position > self.position:
            before = self.position, self.epoch
            count = position - self.position
            few = await asyncio.to_thread(self.read, self.position, position) if count <= _FEW else None
            if before == (self.position, self.epoch):  # else this server has gone on meanwhile
                self._publish(_unread(position) if few is None else Appended(count, 0, position, few))

    def _adopt_append(self, committed: _Committed) -> None:
        self._adopt_people(committed)
        appended = committed.appended
        if appended.position <= self.position:
            return  # nothing new; or it has been read from the log already, with what others wrote before it
        if appended.position - appended.recorded != self.position:
            self._catalogue.catch_up()  # others' events come first, perhaps of items that are not known here
        self._publish(appended if appended.recorded else _unread(appended.position))

    def _adopt_people(self, committed: _Committed) -> None:
        met = committed.met
        if self.epoch > committed.epoch:  # an erasure that was committed later has been taken over earlier
            erased = {user for _, user in self.erasures_since(committed.epoch)}
            met = {user_id: ordinal for user_id, ordinal in met.items() if ordinal not in erased}
        self._people.adopt(met)

    def _publish(self, appended: Appended) -> None:
        self.position = appended.position
        for listener in self.on_append:
            listener(appended)

    def _adopt_forget(self, user_id: str, receipt: Receipt) -> Receipt:
        """Answers the receipt with the person's ordinal, also where this process did not hear of the erasure itself:
        the answer to an earlier call was lost, or another process erased them.
        """
        unheard = receipt.user == NOBODY
        if unheard:
            receipt = replace(receipt, user=self._people.ordinal(user_id))
        if receipt.epoch == self.epoch + 1 and not unheard:
            self._people.drop(user_id)
            self._announce(receipt)
        elif receipt.epoch > self.epoch:
            self._adopt_erasures(self.erasures_since(self.epoch))
        return receipt

    def _adopt_erasures(self, erasures: Sequence[tuple[int, int]]) -> None:
        new = [(epoch, user) for epoch, user in erasures if epoch > self.epoch]
        self._people.drop_all({user for _, user in new})
        for epoch, user in new:
            self._announce(Receipt(0, 0, epoch, user))

    def _announce(self, receipt: Receipt) -> None:
        self.epoch = receipt.epoch
        for listener in self.on_forget:
            listener(receipt)


def _unread(position: int) -> Appended:
    """The log has grown, and what was written is to be read there."""
    return Appended(0, 0, position, as_events(()))


def last_position(connection: Connection, tenant: str) -> int:
    """The highest position ever given. Erasures remember it, because the last events may be erased."""
    return max(int(row[0]) for row in _POSITIONS.rows(connection, {"tenant": tenant}))


def last_epoch(connection: Connection, tenant: str) -> int:
    """The number of the last erasure; 0 before the first."""
    return int(_EPOCH.rows(connection, {"tenant": tenant})[0][0])


def _append(
    connection: Connection, tenant: str, batch: Sequence[Incoming], remembered: tuple[int, Mapping[str, int]]
) -> _Committed:
    """Runs in the writer, whose transaction is the only one that hands out positions and ordinals.

    ``remembered`` is an erasure epoch and people whom it knew.
    """
    epoch = last_epoch(connection, tenant)
    valid = (
        remembered[1] if remembered[0] == epoch else {}
    )  # what was remembered holds unless somebody was erased since
    people = _people(connection, tenant, {event.user_id for event in batch}, valid)
    there = _stored(connection, tenant, batch)
    for event in batch:
        if event.event_id in there:
            _check_same(event, there[event.event_id], people)
    fresh = [event for event in batch if event.event_id not in there]
    strangers = dict.fromkeys(event.user_id for event in fresh if event.user_id not in people)
    people |= create_people(connection, tenant, strangers) if strangers else {}
    first = last_position(connection, tenant) + 1
    rows = _rows(tenant, fresh, people, first)
    insert_rows(connection, EVENTS, rows)
    position = first + len(fresh) - 1 if fresh else max(row.position for row in there.values())
    events = as_events((r[3], r[4], r[5], 1.0 if r[6] is None else r[6], r[7], r[8]) for r in rows)
    met = {user_id: ordinal for user_id, ordinal in people.items() if remembered[1].get(user_id) != ordinal}
    return _Committed(Appended(len(fresh), len(there), position, events), met, epoch)


def _people(connection: Connection, tenant: str, user_ids: set[str], known: Mapping[str, int]) -> dict[str, int]:
    """The ordinals of those who have one."""
    return dict(known) | find_people(connection, tenant, [user_id for user_id in user_ids if user_id not in known])


def _stored(connection: Connection, tenant: str, batch: Sequence[Incoming]) -> dict[str, _Stored]:
    """The rows that have an id of the batch, by that id."""
    rows = map(_Stored._make, _BY_ID.rows(connection, tenant, [event.event_id for event in batch]))
    return {row.event_id: row for row in rows}


def _check_same(event: Incoming, row: _Stored, people: Mapping[str, int]) -> None:
    said = (people.get(event.user_id), event.item, event.kind, _strength(event.value), event.decision_id)
    stored = (row.user, row.item, row.kind, _strength(row.value), row.decision_id)
    if said != stored or (event.timed and event.time != row.time):
        message = f"the event id {event.event_id!r} was used for another event"
        raise AlreadyExists("event", event.event_id, message)


def _strength(value: float | None) -> float:
    return 1.0 if value is None else value


def _rows(tenant: str, fresh: Sequence[Incoming], people: Mapping[str, int], first: int) -> list[tuple[Any, ...]]:
    """Rows in the order of the table's columns."""
    return [
        (tenant, position, e.event_id, people[e.user_id], e.item, e.kind, e.value, e.time, e.tie, e.decision_id)
        for position, e in enumerate(fresh, first)
    ]


def _forget(connection: Connection, tenant: str, user_id: str) -> Receipt:
    user = find_people(connection, tenant, [user_id]).get(user_id, NOBODY)
    epoch = last_epoch(connection, tenant)
    erase_conversations(connection, tenant, user_id)
    if user == NOBODY:
        return Receipt(0, 0, epoch, NOBODY)
    mark = (tenant, epoch + 1, user, last_position(connection, tenant), now())
    event_count = _erase(connection, EVENTS, "user_ordinal", tenant, user)
    decision_count = _erase(connection, DECISIONS, "user_ordinal", tenant, user)
    decision_count += erase_rankings(connection, tenant, user)
    decision_count += erase_person(connection, tenant, user)
    _erase(connection, PEOPLE, "ordinal", tenant, user)
    insert_rows(connection, ERASURES, [mark])
    return Receipt(event_count, decision_count, epoch + 1, user)


def _erase(connection: Connection, table: Table, column: str, tenant: str, user: int) -> int:
    return connection.execute(delete(table).where(table.c.tenant == tenant, table.c[column] == user)).rowcount
