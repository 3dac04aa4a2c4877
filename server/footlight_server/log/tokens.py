"""The table of tokens: what callers show to be let in, by hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select, update

from footlight_server.errors import NotFound
from footlight_server.log.bulk import insert_rows
from footlight_server.log.database import Database
from footlight_server.log.records import now
from footlight_server.log.revisions import NO_TENANT, bump
from footlight_server.log.revisions import TOKENS as TOPIC
from footlight_server.log.schema import TOKENS

PREFIX = "flt"
"""How a token begins, so that whoever searches files for secrets finds it."""

Tokens: TypeAlias = Sequence["Token"]


@dataclass(frozen=True, slots=True)
class Token:
    """What is known about a token. The token itself is not."""

    tenant: str
    token_id: str
    """Names it in lists and logs; it is the part of the token that is no secret."""
    name: str
    digest: bytes
    scopes: tuple[str, ...]
    rate: float
    """Calls per second; 0 for as many as come."""
    create_time: int
    expire_time: int | None
    """Microseconds since 1970; None for never."""
    revoke_time: int | None = None


def new_secret() -> tuple[str, str]:
    """A new token, of 256 random bits, and its id."""
    token_id = secrets.token_hex(6)
    return f"{PREFIX}_{token_id}_{secrets.token_urlsafe(32)}", token_id


def digest_of(secret: str) -> bytes:
    """What is kept of a token. It is random, so a fast hash without salt gives nothing away."""
    return hashlib.sha256(secret.encode()).digest()


def insert_token(connection: Connection, token: Token) -> None:
    """Write a token down; running servers hear of it."""
    what = (token.tenant, token.token_id, token.name, token.digest, " ".join(token.scopes), token.rate)
    insert_rows(connection, TOKENS, [(*what, token.create_time, token.expire_time, token.revoke_time)])
    bump(connection, NO_TENANT, TOPIC)


def revoke_token(connection: Connection, token_id: str) -> Token:
    """Let a token open nothing any more, or raise NotFound. One that was revoked stays as it is."""
    c = TOKENS.c
    connection.execute(update(TOKENS).where(c.token_id == token_id, c.revoke_time.is_(None)).values(revoke_time=now()))
    bump(connection, NO_TENANT, TOPIC)
    row = connection.execute(select(TOKENS).where(c.token_id == token_id)).first()
    if row is None:
        raise NotFound("token", token_id)
    return _token(row)


def read_tokens(database: Database, tenant: str | None = None) -> Tokens:
    """All tokens, or those of one tenant; the oldest first."""
    query = select(TOKENS).order_by(TOKENS.c.create_time, TOKENS.c.token_id)
    if tenant is not None:
        query = query.where(TOKENS.c.tenant == tenant)
    with database.reading() as connection:
        return [_token(row) for row in connection.execute(query)]


def _token(row: Row[Any]) -> Token:
    columns: dict[str, Any] = row._asdict()
    return Token(**columns | {"scopes": tuple(row.scopes.split()), "digest": bytes(row.digest)})
