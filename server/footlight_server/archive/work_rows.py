"""What was answered and made, as rows of an export: decisions, rankings, agents and their logs, corpora, assets.

Tables are exported column by column, whatever columns they have, so that an export misses nothing that a later version
adds. Ordinals become the owner's names, packed arrays become lists, other bytes become Base64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from safetensors.numpy import load
from sqlalchemy import BigInteger, Column, Connection, Double, Integer, LargeBinary, Row, SmallInteger, Table, select

from footlight_server.archive.sinks import Schema
from footlight_server.archive.times import moment
from footlight_server.log.schema import (
    AGENT_LOG,
    AGENTS,
    ASSETS,
    CORPORA,
    CORPUS_FILES,
    DECISIONS,
    DEPLOYMENTS,
    ITEMS,
    PEOPLE,
    RANKING_PAGES,
    TRAININGS,
)

PLAIN = (DEPLOYMENTS, TRAININGS, DECISIONS, AGENTS, AGENT_LOG, CORPORA, CORPUS_FILES, ASSETS)
"""The tables that are exported row by row."""

RANKINGS: Schema = {
    "decision_id": "text",
    "deployment": "text",
    "model_version": "whole",
    "log_position": "whole",
    "user_id": "text",
    "time": "time",
    "item_ids": "texts",
    "scores": "json",
    "propensities": "json",
    "asked": "text",
}

Names: TypeAlias = Mapping[int, str]
_WHOLE = (BigInteger, Integer, SmallInteger)
_PACKED = {"distribution": np.float64, "mask": np.bool_}
"""Columns that hold arrays, in the byte order of the machine, which is little-endian wherever Footlight runs."""
_JSON = {"options", "metrics", "spaces", "attributes", "rights", "provenance"}
_PEOPLE, _AGENTS = "user_ordinal", "agent"


def schema_of(table: Table) -> Schema:
    """The columns of a table's file and their kinds."""
    return {_name(column): _kind(column) for column in _columns(table)}


def _columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name not in ("tenant", "ordinal")]


def _name(column: Column[Any]) -> str:
    return {_PEOPLE: "user_id", _AGENTS: "agent_id"}.get(column.name, column.name)


def _kind(column: Column[Any]) -> str:
    name = column.name
    if name in _PACKED or name in _JSON:
        return "json"
    if name == "time" or name.endswith("_time"):
        return "time"
    if name in (_PEOPLE, _AGENTS):
        return "text"
    return "number" if isinstance(column.type, Double) else "whole" if isinstance(column.type, _WHOLE) else "text"


def reader(table: Table, agents: Names, people: Callable[[int], str]) -> Callable[[Row[Any]], dict[str, Any]]:
    """Makes a row of the file of a row of the table."""
    told = [(_name(column), partial(_told, column, agents, people)) for column in _columns(table)]
    places = [table.columns.keys().index(column.name) for column in _columns(table)]
    return lambda row: {name: tell(row[place]) for (name, tell), place in zip(told, places, strict=True)}


def _told(column: Column[Any], agents: Names, people: Callable[[int], str], value: Any) -> Any:
    name = column.name
    if value is None:
        return None
    if name == _PEOPLE:
        return people(value)
    if name == _AGENTS:
        return agents[value]
    if name in _PACKED:
        return np.frombuffer(value, _PACKED[name]).tolist()
    if name in _JSON:
        return json.loads(value)
    if _kind(column) == "time":
        return moment(value)
    return _text(value) if isinstance(column.type, LargeBinary) else value


def _text(data: bytes) -> str:
    """JSON as it is, any other bytes in Base64."""
    try:
        json.loads(data)
    except ValueError:
        return base64.b64encode(data).decode()
    return data.decode()


def agent_names(connection: Connection, tenant: str) -> Names:
    """The agents' names by ordinal."""
    query = select(AGENTS.c.ordinal, AGENTS.c.agent_id).where(AGENTS.c.tenant == tenant)
    return {row.ordinal: row.agent_id for row in connection.execute(query)}


def item_names(connection: Connection, tenant: str) -> Names:
    """The items' names by ordinal."""
    query = select(ITEMS.c.ordinal, ITEMS.c.item_id).where(ITEMS.c.tenant == tenant)
    return {row.ordinal: row.item_id for row in connection.execute(query)}


def person_name(connection: Connection, tenant: str, ordinal: int) -> str:
    """A person's name; empty for somebody whom the log does not know."""
    query = select(PEOPLE.c.user_id).where(PEOPLE.c.tenant == tenant, PEOPLE.c.ordinal == ordinal)
    return str(connection.execute(query).scalar() or "")


def rankings(row: Row[Any], items: Names, people: Callable[[int], str]) -> Iterator[dict[str, Any]]:
    """The rankings of a page of `footlight_server.log.rankings`."""
    page = load(row.data)
    ends = np.cumsum(page["length"])
    asked_ends = np.cumsum(page["asked_length"]) if "asked" in page else None
    for n, number in enumerate(page["number"].tolist()):
        entries = slice(int(ends[n] - page["length"][n]), int(ends[n]))
        asked = b""
        if asked_ends is not None:
            asked = page["asked"][int(asked_ends[n] - page["asked_length"][n]) : int(asked_ends[n])].tobytes()
        chances = page["propensity"][entries].tolist() if "propensity" in page else []
        yield {
            "decision_id": f"r-{row.run}-{number:x}",
            "deployment": row.deployment,
            "model_version": row.model_version,
            "log_position": int(page["position"][n]),
            "user_id": people(int(page["user"][n])),
            "time": moment(int(page["time"][n])),
            "item_ids": [items[item] for item in page["items"][entries].tolist()],
            "scores": page["scores"][entries].tolist(),
            "propensities": [None if chance != chance else chance for chance in chances],
            "asked": _text(asked) if asked else "",
        }


def pages(tenant: str) -> Any:
    """The pages of rankings in the order in which they were written."""
    p = RANKING_PAGES.c
    return select(RANKING_PAGES).where(p.tenant == tenant).order_by(p.run, p.first)
