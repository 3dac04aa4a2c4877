"""`footlight forget`, `footlight export-user`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.session import Session, UsageFault
from footlight.types import ForgottenListener, ForgottenState


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "forget", "footlight forget ada --yes")(forget)
    command(app, "export-user", "footlight export-user ada --out ada.jsonl")(export_user)


def forget(
    session: Session,
    user: Annotated[str, typer.Argument(help="The person.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erases a person: their events and decisions leave the log and every recommender, at once and for good."""
    if not yes:
        _confirm(session, user)
    erasure = session.client.forget_user(user)
    session.show(
        erasure,
        lambda: (
            f"Erased {erasure.events:,} events and {erasure.decisions:,} decisions of {user} (erasure {erasure.epoch})."
            + "".join(f"\n{_forgotten(state)}" for state in erasure.states)
            + "".join(f"\n{_told(listener)}" for listener in erasure.listeners)
        ),
    )


def export_user(
    session: Session,
    user: Annotated[str, typer.Argument(help="The person.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The file to write, a record a line as JSON.", show_default=False)],
) -> None:
    """Writes everything that is kept of a person into a file: events, answers, talks, and which models know them."""
    counts: Counter[str] = Counter()
    with out.open("w", encoding="utf-8") as file:
        for record in session.client.export_user(user):
            counts[record.kind] += 1
            file.write(json.dumps({"kind": record.kind, **record.fields}, ensure_ascii=False) + "\n")
    told = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.items())
    session.show({"file": str(out), "records": dict(counts)}, lambda: f"{out}: {told or f'nothing is kept of {user}'}")


def _forgotten(state: ForgottenState) -> str:
    answers = "knows them no more" if state.gone else "STILL KNOWS THEM: see the log of the server"
    return (
        f"{state.deployment}, at log position {state.log_position:,}: {state.touched:,} entries changed; it {answers}"
    )


def _told(listener: ForgottenListener) -> str:
    told = "was told" if listener.told else "is told as soon as it takes that in"
    return f"event listener {listener.name} of {listener.plugin} {told}"


def _confirm(session: Session, user: str) -> None:
    if session.json or not sys.stdin.isatty():
        raise UsageFault("nobody can be asked here: say --yes to erase the person for good")
    if not typer.confirm(f"Erase everything of {user} for good?", err=True):
        raise UsageFault("nothing was erased")
