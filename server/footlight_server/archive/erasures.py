"""Who was erased, kept beside the database as well, so that a restored backup can forget them again.

A mark holds no name, only an ordinal: ordinals are never given twice, and every backup of a log has the same ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, Select, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from footlight_server.archive.layout import TenantFacts
from footlight_server.archive.snapshot import snapshot, url_of
from footlight_server.errors import DataLoss, FailedPrecondition, FootlightError
from footlight_server.log.agent_erasures import erase_person
from footlight_server.log.conversations import erase_conversations
from footlight_server.log.database import Database
from footlight_server.log.rankings import erase_rankings
from footlight_server.log.schema import DECISIONS, ERASURES, EVENTS, ITEMS, PEOPLE
from footlight_server.models.files import sync_folder

JOURNAL = "erasures.jsonl"
"""The name of the file in the data directory."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One erasure. Times are microseconds since 1970."""

    tenant: str
    epoch: int
    user_ordinal: int
    log_position: int
    time: int
    log: str
    """Names the log that the ordinal is of: see `origin_of`."""


class ErasureJournal:
    """The file of marks in a data directory. It outlives the database, and is safe to copy while it grows."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL
        self._lock = threading.Lock()
        self._epochs: dict[str, int] | None = None
        """The last epoch of every tenant in the file; None until it has been read."""

    def follow(self, database: Database) -> int:
        """Add the marks that the database has and the file lacks, durably. Answers how many.

        Called at the start of a server, and after every erasure before it is acknowledged. Servers that share the
        folder may each write a mark: one that is there twice says nothing else than once.
        """
        with self._lock:
            if self._epochs is None:
                self._epochs = last_epochs(read_marks(self._path)) if self._path.exists() else {}
            with database.reading() as connection:
                marks = marks_in(connection, self._epochs)
            self.append(marks)
            self._epochs |= last_epochs(marks)
        return len(marks)

    def append(self, marks: Sequence[Mark]) -> None:
        """Write marks at the end of the file, and wait until the disk has them."""
        if not marks:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(_whole(file.read()))  # a crash may have left half a line
            file.seek(0, os.SEEK_END)
            file.write("".join(f"{json.dumps(asdict(mark))}\n" for mark in marks).encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path.parent)


def read_marks(path: Path) -> list[Mark]:
    """The marks in a file; half a line at its end was never acknowledged and is passed over.

    Raises
    ------
    DataLoss
        Names the line that is no mark.
    """
    data = path.read_bytes()
    marks = []
    for number, line in enumerate(data[: _whole(data)].splitlines(), 1):
        try:
            marks.append(Mark(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise DataLoss(f"{path}, line {number}, is no mark of an erasure") from error
    return marks


def marks_in(connection: Connection, after: Mapping[str, int] | None = None) -> list[Mark]:
    """The marks in a database, by tenant and epoch; of a tenant in ``after`` only those of later epochs."""
    known = after or {}
    origins: dict[str, str] = {}
    marks = []
    for row in connection.execute(_newer(known)):
        if row.tenant not in origins:
            origins[row.tenant] = origin_of(connection, row.tenant)
        marks.append(Mark(row.tenant, row.epoch, row.user_ordinal, row.log_position, row.time, origins[row.tenant]))
    return marks


def origin_of(connection: Connection, tenant: str) -> str:
    """Names a log by its first item and the microsecond in which that was put; empty while there is none.

    Two logs that were restored from one backup have the same origin.
    """
    query = select(ITEMS.c.item_id, ITEMS.c.create_time).where(ITEMS.c.tenant == tenant, ITEMS.c.ordinal == 0)
    first = connection.execute(query).first()
    return hashlib.sha256(f"{tenant}\n{first[1]}\n{first[0]}".encode()).hexdigest()[:16] if first else ""


def last_epochs(marks: Iterable[Mark]) -> dict[str, int]:
    """The last epoch of every tenant."""
    epochs: dict[str, int] = {}
    for mark in marks:
        epochs[mark.tenant] = max(mark.epoch, epochs.get(mark.tenant, 0))
    return epochs


def later_marks(connection: Connection, marks: Sequence[Mark], tenants: Mapping[str, TenantFacts]) -> list[Mark]:
    """Those of the newest marks that a restored database lacks, in order.

    Raises
    ------
    FailedPrecondition
        When they are of another log, or older than the database.
    """
    there = {(mark.tenant, mark.epoch): mark for mark in marks_in(connection)}
    by_epoch = {(mark.tenant, mark.epoch): mark for mark in sorted(marks)}
    for mark in marks:
        if mark.tenant in tenants and mark.log != tenants[mark.tenant].origin:
            raise _foreign("they are of another log than the backup")
    for key, mark in there.items():
        if key not in by_epoch:
            raise _foreign("the backup knows later ones, so that these are not the newest")
        if by_epoch.get(key, mark) != mark:
            raise _foreign(f"erasure {mark.epoch} was of somebody else there, so that the two logs have parted")
    return [mark for key, mark in by_epoch.items() if key not in there]


def erase_again(connection: Connection, marks: Iterable[Mark]) -> int:
    """Erase the people of these marks, and leave the marks with their epochs; answers how many people were there.

    Models that are older than the epochs are scrubbed when they are loaded.
    """
    return sum(_erase(connection, mark) for mark in marks)


def _erase(connection: Connection, mark: Mark) -> int:
    tenant, user = mark.tenant, mark.user_ordinal
    for table in (EVENTS, DECISIONS):
        connection.execute(delete(table).where(table.c.tenant == tenant, table.c.user_ordinal == user))
    who = select(PEOPLE.c.user_id).where(PEOPLE.c.tenant == tenant, PEOPLE.c.ordinal == user)
    if (user_id := connection.execute(who).scalar()) is not None:
        erase_conversations(connection, tenant, user_id)
    found = connection.execute(delete(PEOPLE).where(PEOPLE.c.tenant == tenant, PEOPLE.c.ordinal == user)).rowcount
    if found:  # somebody who came after the backup was never answered in it; looking through all pages is slow
        erase_rankings(connection, tenant, user)
        erase_person(connection, tenant, user)
    columns = asdict(mark)
    del columns["log"]
    connection.execute(insert(ERASURES).values(columns))
    return found


def _newer(known: Mapping[str, int]) -> Select[tuple[str, int, int, int, int]]:
    query: Select[tuple[str, int, int, int, int]] = select(ERASURES)
    for tenant, epoch in known.items():
        query = query.where((ERASURES.c.tenant != tenant) | (ERASURES.c.epoch > epoch))
    return query.order_by(ERASURES.c.tenant, ERASURES.c.epoch)


def _foreign(why: str) -> FailedPrecondition:
    return FailedPrecondition(f"the erasures do not fit the backup: {why}", "FOREIGN_ERASURES")


def _whole(data: bytes) -> int:
    """How many bytes of a file are whole lines."""
    return data.rfind(b"\n") + 1


def newest_marks(where: str) -> list[Mark]:
    """The marks in a data directory (of its database and of its journal), in a journal, or in a database by its URL.

    Raises
    ------
    FailedPrecondition
        When there is nothing of that kind.
    """
    if "://" in where:
        with snapshot(where) as connection:
            return marks_in(connection)
    path = Path(where)
    if path.is_dir():
        return _marks_of_folder(path)
    if not path.is_file():
        raise FailedPrecondition(f"there is no {path} to read erasures from", "NO_ERASURES")
    return read_marks(path)


def _marks_of_folder(folder: Path) -> list[Mark]:
    """Of both where both can be read: a damaged database is a good reason for a restore."""
    journal = folder / JOURNAL
    marks = set(read_marks(journal)) if journal.is_file() else set()
    try:
        with snapshot(url_of(folder)) as connection:
            marks.update(marks_in(connection))
    except (FootlightError, SQLAlchemyError) as error:
        if not journal.is_file():
            raise FailedPrecondition(f"{folder} has no {JOURNAL}, and its database cannot be read: {error}") from error
    return sorted(marks)
