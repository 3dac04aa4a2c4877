"""``footlight audit``: the audit log, read in the server's database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from footlight_server.commands.offline import DatabaseUrl, DataDir, Json, reporting, show, time_of

if TYPE_CHECKING:
    from footlight_server.log.audit import Entry, Verified

BROKEN = 1

audit = typer.Typer(name="audit", help="Read the audit log, and check that nobody changed it.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option(help="Whose; of all where not given.")]


@audit.command("list", epilog="Example: footlight audit list --last 20 --data-dir ./data")
def list_entries(
    last: Annotated[int, typer.Option(min=0, help="Only so many of the newest; 0 for all.")] = 50,
    tenant: Tenant = "",
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Show who did what, and when. A server may run."""
    with reporting(as_json):
        from footlight_server.archive.snapshot import snapshot, url_of
        from footlight_server.log.audit import entries, tenants

        with snapshot(url_of(data_dir, database)) as connection:
            found = {name: list(entries(connection, name))[-last:] for name in _chosen(tenant, tenants(connection))}
        facts = {name: [_facts(entry) for entry in some] for name, some in found.items()}
        show(as_json, facts, lambda: "\n".join(_line(name, entry) for name, some in found.items() for entry in some))


@audit.command(epilog="Example: footlight audit verify --data-dir ./data --expect 3f9a0c...")
def verify(
    tenant: Tenant = "",
    expect: Annotated[
        str, typer.Option(help="A hash that `verify` printed before; it must still be in the chain.")
    ] = "",
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Check that every entry is what was written when it was written, and none is missing. Exit code 1 where not.

    It prints the last hash: note it elsewhere, and a later --expect finds that the end was taken away.
    """
    with reporting(as_json):
        from footlight_server.archive.snapshot import snapshot, url_of
        from footlight_server.log import audit as log

        with snapshot(url_of(data_dir, database)) as connection:
            names = _chosen(tenant, log.tenants(connection))
            found = {name: log.verify(connection, name) for name in names}
            digests = {entry.digest.hex() for name in names for entry in log.entries(connection, name)}
        lost = (
            f"no entry has the hash {expect}: the log was cut off before it" if expect and expect not in digests else ""
        )
        facts = {name: one._asdict() for name, one in found.items()} | ({"problem": lost} if lost else {})
        show(
            as_json,
            facts,
            lambda: "\n".join([*(_found(name, one) for name, one in found.items()), *filter(None, [lost])]),
        )
    if lost or any(one.problem for one in found.values()):
        raise typer.Exit(BROKEN)


def _chosen(tenant: str, known: list[str]) -> list[str]:
    return [tenant] if tenant else known


def _facts(entry: Entry) -> dict[str, Any]:
    target = json.loads(entry.target)
    return entry._asdict() | {"time": time_of(entry.time), "target": target, "digest": entry.digest.hex()}


def _line(tenant: str, entry: Entry) -> str:
    target = " ".join(f"{name}={value}" for name, value in json.loads(entry.target).items())
    action = entry.action.removeprefix("footlight.v1.")
    who = f"{time_of(entry.time)}  {tenant:<10} {entry.number:>6}  {entry.subject:<16}"
    return f"{who} {entry.outcome:<20} {action}  {target}"


def _found(tenant: str, one: Verified) -> str:
    if one.problem:
        return f"{tenant}: BROKEN after {one.entries:,} entries: {one.problem}"
    return f"{tenant}: {one.entries:,} entries, all as they were written; the last hash is {one.head}"
