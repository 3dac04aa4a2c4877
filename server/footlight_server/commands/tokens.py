"""``footlight tokens``: what callers show to be let in, made and revoked in the server's database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from footlight_server.commands.offline import DatabaseUrl, DataDir, Json, reporting, show, time_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from footlight_server.log.database import Database
    from footlight_server.log.tokens import Token

T = TypeVar("T")

DAY = 86_400_000_000
"""Microseconds."""

tokens = typer.Typer(name="tokens", help="Make, list and revoke the tokens that callers show.", no_args_is_help=True)


@tokens.command(epilog="Example: footlight tokens create shop --scope read --scope act --days 90 --data-dir ./data")
def create(
    name: Annotated[str, typer.Argument(help="Who it is for, as you call them.", show_default=False)],
    scope: Annotated[
        list[str], typer.Option(help="read, write, act, train or admin; may be repeated. None includes another.")
    ],
    tenant: Annotated[str, typer.Option(help="Whose things it opens; a new name is a new tenant.")] = "default",
    days: Annotated[float | None, typer.Option(help="For how many days it is good; for ever where not given.")] = None,
    rate: Annotated[float, typer.Option(min=0.0, help="Calls per second; 0 for as many as come.")] = 0.0,
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Make a token and print it. This is the only time: the server keeps its hash.

    Servers that run on the database let it in at once.
    """
    with reporting(as_json), _opened(data_dir, database, may_make=True) as opened:
        secret, made = _made(name, tenant, scope, days, rate)
        from footlight_server.log.tokens import insert_token

        _write(opened, lambda connection: insert_token(connection, made))
        show(as_json, {"token": secret} | _facts(made), lambda: secret)
        if not as_json:
            typer.echo(f"Its id is {made.token_id}. Keep the token: it is not shown again.", err=True)


@tokens.command("list", epilog="Example: footlight tokens list --data-dir ./data")
def list_tokens(
    tenant: Annotated[str, typer.Option(help="Those of one tenant; of all where not given.")] = "",
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """List the tokens: their ids, never what is shown."""
    with reporting(as_json), _opened(data_dir, database) as opened:
        from footlight_server.log.tokens import read_tokens

        found = read_tokens(opened, tenant or None)
        show(as_json, {"tokens": [_facts(token) for token in found]}, lambda: "\n".join(map(_line, found)))


@tokens.command(epilog="Example: footlight tokens revoke 3f9a0c1b2d4e --data-dir ./data")
def revoke(
    token_id: Annotated[str, typer.Argument(help="As `footlight tokens list` shows it.", show_default=False)],
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Revoke a token. Servers that run on the database refuse it at once."""
    with reporting(as_json), _opened(data_dir, database) as opened:
        from footlight_server.log.tokens import revoke_token

        revoked = _write(opened, lambda connection: revoke_token(connection, token_id))
        show(as_json, _facts(revoked), lambda: f"revoked {revoked.token_id} ({revoked.name})")


@contextmanager
def _opened(data_dir: Path, database: str, may_make: bool = False) -> Iterator[Database]:
    """The database. It may be made: tokens may come before the first start."""
    from footlight_server.archive.snapshot import SQLITE_NAME, url_of
    from footlight_server.errors import FailedPrecondition
    from footlight_server.log.database import Database

    if not (database or may_make or (data_dir / SQLITE_NAME).exists()):
        raise FailedPrecondition(f"there is no database in {data_dir}: name it with --data-dir", "NO_DATABASE")
    opened = Database.open(str(url_of(data_dir, database)))
    try:
        yield opened
    finally:
        opened.close()


def _write(database: Database, work: Callable[[Connection], T]) -> T:
    with database.writing() as connection, connection.begin():
        return work(connection)


def _made(name: str, tenant: str, scopes: list[str], days: float | None, rate: float) -> tuple[str, Token]:
    from footlight_server.dispatch.asking import SCOPES
    from footlight_server.log.records import now
    from footlight_server.log.tokens import Token, digest_of, new_secret
    from footlight_server.log.validation import check_id
    from footlight_server.tenancy.ground import check_tenant

    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"--scope: expected {', '.join(SCOPES)}, got {', '.join(unknown)}")
    if days is not None and not 0 < days <= 36_500:
        raise ValueError(f"--days: expected more than 0 and at most 36500, got {days:g}")
    check_tenant("--tenant", tenant)
    secret, token_id = new_secret()
    made, end = now(), None if days is None else now() + round(days * DAY)
    ordered = tuple(scope for scope in SCOPES if scope in scopes)
    return secret, Token(tenant, token_id, check_id("name", name), digest_of(secret), ordered, rate, made, end)


def _facts(token: Token) -> dict[str, Any]:
    return {key: value for key, value in asdict(token).items() if key != "digest"}


def _line(token: Token) -> str:
    end = "revoked" if token.revoke_time else f"until {time_of(token.expire_time)}" if token.expire_time else "for ever"
    rate = f"  {token.rate:g}/s" if token.rate else ""
    return f"{token.token_id}  {token.tenant}  {token.name}  {','.join(token.scopes)}  {end}{rate}"
