"""The rankings that were answered, kept in pages: a row for each would cost more than to compute it.

A page holds what one deployment answered with one version of its model within a quarter of a second, as columns.
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save
from sqlalchemy import Connection, and_, bindparam, delete, select, update

from footlight_plugins import Ranking
from footlight_server.errors import DecisionErased, NotFound
from footlight_server.log.bulk import Lookup, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.records import NOBODY
from footlight_server.log.schema import ERASURES, RANKING_PAGES
from footlight_server.log.writer import Writer

Columns: TypeAlias = Mapping[str, NDArray[Any]]
_DECISION_ID = re.compile(r"r-([0-9a-f]{16})-([0-9a-f]{1,15})")
_P = RANKING_PAGES.c
_ERASED = Lookup(
    select(ERASURES.c.user_ordinal).where(ERASURES.c.tenant == bindparam("tenant")), ERASURES.c.user_ordinal
)


class Ranked(NamedTuple):
    """One ranking as it was answered."""

    number: int
    """Counts the rankings of one run of the server."""
    deployment: str
    """Who answered: the fallback where the one that was asked did not know the person."""
    model_version: int
    log_position: int
    user: int
    """The person's ordinal, -1 for a stranger."""
    time: int
    items: NDArray[np.int32]
    """Shape (m,), ordinals of items, best first."""
    scores: NDArray[np.floating[Any]]
    """Shape (m,); kept as float32."""
    asked: bytes = b""
    """What was unusual about the question, in the words of whoever recorded it; nothing of the person."""
    propensity: NDArray[np.floating[Any]] | None = None
    """Shape (m,): the probabilities with which the items came to their places, NaN where chance played no part; kept as
    float32."""


class _Batch(NamedTuple):
    """Rankings of one length that one deployment answered at one time."""

    source: tuple[str, int, int]
    """The deployment, its version, its log position."""
    numbers: range
    user: Sequence[int]
    time: int
    items: Sequence[NDArray[np.int32]]
    scores: Sequence[NDArray[np.float64]]
    asked: bytes


class RankingLog:
    """Records rankings in the background: at most half a second of them is lost when the process is killed."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant
        # One random name for this run of the server and a count: unique, and cheaper than a UUID an answer.
        self._run = secrets.token_hex(8)
        self._count = itertools.count()
        self._write = self._insert
        self._write_batches = self._insert_batches

    def record(
        self,
        deployment: tuple[str, int, int],
        user: int,
        items: Any,
        scores: Any,
        asked: bytes = b"",
        propensity: Any = None,
    ) -> str:
        """Keep what (a deployment, its version, its log position) answered, and name it.

        When too many wait to be written it is dropped, and the server's log says so.
        """
        number = next(self._count)
        when = time.time_ns() // 1_000
        self._writer.later(self._write, Ranked(number, *deployment, user, when, items, scores, asked, propensity))
        return f"r-{self._run}-{number:x}"

    def record_all(
        self, source: tuple[str, int, int], users: Sequence[int], rankings: Sequence[Ranking], asked: bytes = b""
    ) -> list[str]:
        """Keep what was answered to many people, all of one length, and name it; otherwise as `record`."""
        first = next(self._count)
        numbers = range(first, first + len(users))
        for _ in numbers[1:]:
            next(self._count)
        items, scores = [ranking.items for ranking in rankings], [ranking.scores for ranking in rankings]
        when = time.time_ns() // 1_000
        self._writer.later(self._write_batches, _Batch(source, numbers, users, when, items, scores, asked))
        return [f"r-{self._run}-{number:x}" for number in numbers]

    async def written(self, decision_id: str) -> None:
        """Wait until what this run of the server answered until now is written, if the id is one of its own."""
        match = _DECISION_ID.fullmatch(decision_id)
        if match and match[1] == self._run:
            await self._writer.submit(_nothing)  # what was recorded before a work is written with it

    def get(self, decision_id: str) -> Ranked:
        """The ranking that was answered under this id.

        Raises
        ------
        NotFound
            Also in the half second before it is written, unless one waits for that: `written`. `DecisionErased`, which
            is one, once the person was erased.
        """
        if match := _DECISION_ID.fullmatch(decision_id):
            run, number = match[1], int(match[2], 16)
            here = and_(_P.tenant == self._tenant, _P.run == run, _P.first <= number, _P.last >= number)
            with self._database.reading() as connection:
                for row in connection.execute(select(_P.deployment, _P.model_version, _P.data).where(here)):
                    if ranked := _find(row.deployment, row.model_version, load(row.data), number):
                        return ranked
                later = and_(_P.tenant == self._tenant, _P.run == run, _P.last >= number)
                if connection.execute(select(_P.first).where(later).limit(1)).first() is not None:
                    raise DecisionErased(decision_id)
        raise NotFound("decision", decision_id)

    def _insert(self, connection: Connection, rankings: Sequence[Ranked]) -> None:
        """Runs in the writer. A ranking that was on its way while its person was erased goes with them."""
        people = {ranked.user for ranked in rankings if ranked.user != NOBODY}
        erased = {row[0] for row in _ERASED.rows(connection, self._tenant, list(people))}
        pages: dict[tuple[str, int], list[Ranked]] = defaultdict(list)
        for ranked in rankings:
            if ranked.user not in erased:
                pages[ranked.deployment, ranked.model_version].append(ranked)
        rows = [self._row(*key, _columns(page)) for key, page in pages.items()]
        insert_rows(connection, RANKING_PAGES, rows)

    def _insert_batches(self, connection: Connection, batches: Sequence[_Batch]) -> None:
        """Runs in the writer, as `_insert` does."""
        people = {user for batch in batches for user in batch.user if user != NOBODY}
        erased = np.array([row[0] for row in _ERASED.rows(connection, self._tenant, list(people))], np.int32)
        pages: dict[tuple[str, int], list[_Batch]] = defaultdict(list)
        for batch in batches:
            pages[batch.source[0], batch.source[1]].append(batch)
        rows = []
        for key, parts in pages.items():
            page = _joined(parts)
            if len(erased):
                page = _taken(page, ~np.isin(page["user"], erased))
            if len(page["number"]):
                rows.append(self._row(*key, page))
        insert_rows(connection, RANKING_PAGES, rows)

    def _row(self, deployment: str, version: int, page: Columns) -> tuple[Any, ...]:
        first, last = int(page["number"][0]), int(page["number"][-1])
        return self._tenant, self._run, first, last, deployment, version, _people(page), save(dict(page))


def erase_rankings(connection: Connection, tenant: str, user: int) -> int:
    """Take a person's rankings out of all pages; return how many there were. Reads who is on every page."""
    erased = 0
    for run, first, people in connection.execute(select(_P.run, _P.first, _P.people).where(_P.tenant == tenant)).all():
        if user in np.frombuffer(people, "<i4"):
            erased += _erase(connection, and_(_P.tenant == tenant, _P.run == run, _P.first == first), user)
    return erased


def _erase(connection: Connection, here: Any, user: int) -> int:
    page = load(connection.execute(select(_P.data).where(here)).scalar_one())
    kept = page["user"] != user
    if kept.any():
        left = _taken(page, kept)
        connection.execute(update(RANKING_PAGES).where(here).values(people=_people(left), data=save(dict(left))))
    else:
        connection.execute(delete(RANKING_PAGES).where(here))
    return int((~kept).sum())


def _nothing(_: Connection) -> None:
    """Runs in the writer."""


def _columns(rankings: Sequence[Ranked]) -> Columns:
    """The rankings of one page; row n's items are the ``length[n]`` ones after those of the rows before it."""
    number, _, _, position, user, time, items, scores, asked, propensity = zip(*rankings, strict=True)
    columns: dict[str, NDArray[Any]] = {
        "number": np.array(number, np.int64),
        "position": np.array(position, np.int64),
        "user": np.array(user, np.int32),
        "time": np.array(time, np.int64),
        "length": np.array(list(map(len, items)), np.int32),
        "items": np.concatenate(items).astype(np.int32, copy=False),
        "scores": np.concatenate(scores).astype(np.float32),
    }
    if any(asked):
        columns["asked_length"] = np.array(list(map(len, asked)), np.int32)
        columns["asked"] = np.frombuffer(b"".join(asked), np.uint8)
    if any(chances is not None for chances in propensity):
        pairs = zip(items, propensity, strict=True)
        filled = [np.full(len(line), np.nan) if chances is None else chances for line, chances in pairs]
        columns["propensity"] = np.concatenate(filled).astype(np.float32)
    return columns


def _joined(batches: Sequence[_Batch]) -> Columns:
    """The rankings of several batches as one page, as `_columns` makes it."""
    sizes = np.array([len(batch.user) for batch in batches])
    columns: dict[str, NDArray[Any]] = {
        "number": np.concatenate([np.arange(batch.numbers.start, batch.numbers.stop) for batch in batches]),
        "position": np.repeat(np.array([batch.source[2] for batch in batches], np.int64), sizes),
        "user": np.concatenate([np.array(batch.user, np.int32) for batch in batches]),
        "time": np.repeat(np.array([batch.time for batch in batches], np.int64), sizes),
        "length": np.repeat(np.array([len(batch.items[0]) for batch in batches], np.int32), sizes),
        "items": np.concatenate([line for batch in batches for line in batch.items]).astype(np.int32, copy=False),
        "scores": np.concatenate([line for batch in batches for line in batch.scores]).astype(np.float32),
    }
    if any(batch.asked for batch in batches):
        columns["asked_length"] = np.repeat(np.array([len(batch.asked) for batch in batches], np.int32), sizes)
        columns["asked"] = np.frombuffer(b"".join(batch.asked * len(batch.user) for batch in batches), np.uint8)
    return columns


def _taken(page: Columns, kept: NDArray[np.bool_]) -> Columns:
    """The rows that are kept."""
    rows = dict.fromkeys(("items", "scores", "propensity"), page["length"])
    if "asked" in page:
        rows["asked"] = page["asked_length"]
    return {name: col[np.repeat(kept, rows[name]) if name in rows else kept] for name, col in page.items()}


def _people(page: Columns) -> bytes:
    return np.unique(page["user"]).astype("<i4").tobytes()


def _find(deployment: str, version: int, page: Columns, number: int) -> Ranked | None:
    rows = np.flatnonzero(page["number"] == number)
    if not len(rows):
        return None
    row = int(rows[0])
    entries = _entries(page["length"], row)
    position, user, time = (int(page[name][row]) for name in ("position", "user", "time"))
    items, scores = page["items"][entries], page["scores"][entries]
    asked = page["asked"][_entries(page["asked_length"], row)].tobytes() if "asked" in page else b""
    propensity = page["propensity"][entries] if "propensity" in page else None
    if propensity is not None and np.isnan(propensity).all():
        propensity = None
    return Ranked(number, deployment, version, position, user, time, items, scores, asked, propensity)


def _entries(length: NDArray[np.int32], row: int) -> slice:
    """Where a row's entries lie among those of all."""
    end = int(length[: row + 1].sum())
    return slice(end - int(length[row]), end)
