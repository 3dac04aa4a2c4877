"""`footlight forget`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.session import Session, UsageFault
from footlight.types import ForgottenState


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "forget", "footlight forget ada --yes")(forget)


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
        ),
    )


def _forgotten(state: ForgottenState) -> str:
    answers = "knows them no more" if state.gone else "STILL KNOWS THEM: see the log of the server"
    return (
        f"{state.deployment}, at log position {state.log_position:,}: {state.touched:,} entries changed; it {answers}"
    )


def _confirm(session: Session, user: str) -> None:
    if session.json or not sys.stdin.isatty():
        raise UsageFault("nobody can be asked here: say --yes to erase the person for good")
    if not typer.confirm(f"Erase everything of {user} for good?", err=True):
        raise UsageFault("nothing was erased")
