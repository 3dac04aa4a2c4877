"""``footlight certs``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from footlight_server.commands.offline import Json, reporting, show

HERE = ("localhost", "127.0.0.1", "::1")


def certs(
    folder: Annotated[Path, typer.Argument(help="The folder to write them into.", show_default=False)],
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name or an address that clients reach the server by; may be repeated. This machine's always."
        ),
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option(help="A client to make a certificate for; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="How long the certificates are good for.")] = 90,
    as_json: Json = False,
) -> None:
    """Make certificates for a start: an authority of your own, one for the server, and one for each client.

    The authority that is in the folder already is kept, and the certificates are made anew: run it again before they expire.
    A server that runs takes the new files at its next connection. Keep ca-key.pem away from the server.
    """
    with reporting(as_json):
        from footlight_server.access.authority import authority_in, issue_client, issue_server

        folder.mkdir(parents=True, exist_ok=True)
        authority, new = authority_in(folder, "Footlight's own authority")
        made = {"server": issue_server(authority, [*(host or ()), *HERE], days)}
        made |= {_file_of(name): issue_client(authority, name, days) for name in client or ()}
        files = [str(path) for name, pair in made.items() for path in pair.write(folder, name)]
        if new:
            files = [str(folder / "ca.pem"), str(folder / "ca-key.pem"), *files]
        until = made["server"].certificate.not_valid_after_utc
        facts = {"files": files, "new_authority": new, "good_until": until.isoformat()}
        show(as_json, facts, lambda: "\n".join([*files, f"good until {until:%Y-%m-%d}"]))


def _file_of(client: str) -> str:
    if not client.replace("-", "").replace(".", "").replace("_", "").isalnum() or client.startswith("."):
        raise ValueError(f"--client: expected letters, digits, '.', '-' and '_', got {client!r}")
    if client in ("ca", "server", "ca-key", "server-key"):
        raise ValueError(f"--client: {client!r} is the name of another file")
    return client
