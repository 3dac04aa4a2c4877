"""`footlight act-log`: an agent's decisions from and to the logs of Vowpal Wabbit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.session import Session
from footlight.dsjson import Reader, to_line
from footlight.types import LoggedAction

AgentName = Annotated[str, typer.Argument(help="The agent.", show_default=False)]
BATCH = 1_000
MOST_FAULTS = 5
"""So many wrong lines are told of; the rest is counted."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="Logs of decisions, as Vowpal Wabbit has them (dsjson).", no_args_is_help=True)
    command(group, "export", "footlight act-log export guide decisions.dsjson")(export)
    command(group, "import", "footlight act-log import guide decisions.dsjson")(import_)
    app.add_typer(group, name="act-log")


def export(
    session: Session,
    agent: AgentName,
    file: Annotated[Path, typer.Argument(help="Where to write to.", show_default=False)],
) -> None:
    """Writes an agent's complete decisions as dsjson, one a line; `vw --dsjson` reads it."""
    first = getattr(session.client.agent(agent).action_space, "start", 0)
    written = skipped = 0
    with file.open("w", encoding="utf-8") as out:
        for decision in session.client.agent_decisions(agent):
            if decision.complete and decision.distribution[decision.action - first] > 0.0:
                out.write(to_line(decision, first) + "\n")
                written += 1
            else:
                skipped += 1
    found = {"written": written, "skipped": skipped, "file": str(file)}
    session.show(found, lambda: f"{written:,} decisions written to {file}; {skipped:,} are not complete and left out")


def import_(
    session: Session,
    agent: AgentName,
    file: Annotated[Path, typer.Argument(help="A dsjson file.", exists=True, dir_okay=False, show_default=False)],
) -> None:
    """Lets an agent learn from decisions that somebody else made. Importing a file again changes nothing."""
    reader = Reader(session.client.agent(agent))
    read = imported = 0
    faults: list[str] = []
    batch: dict[str, LoggedAction] = {}
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            read += 1
            try:
                one = reader.read(line)
            except ValueError as wrong:
                faults.append(f"line {number}: {wrong}")
                continue
            batch[one.step.session_id] = one
            if len(batch) == BATCH:
                imported += _send(session, agent, batch)
                batch = {}
    imported += _send(session, agent, batch) if batch else 0
    for fault in faults[:MOST_FAULTS]:
        session.say(fault)
    found = {"read": read, "imported": imported, "bad": len(faults), "faults": faults[:MOST_FAULTS]}
    session.show(found, lambda: f"{imported:,} of {read:,} decisions imported; {len(faults):,} lines are wrong")


def _send(session: Session, agent: str, batch: dict[str, LoggedAction]) -> int:
    return len(session.client.log_actions(agent, list(batch.values()), repeatable=True))
