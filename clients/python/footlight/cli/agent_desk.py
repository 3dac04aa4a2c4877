"""`footlight agent mode`, `evaluate`, `snapshot`, `snapshots`, `rollback`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType

from footlight.cli.command import command
from footlight.cli.session import Session, UsageFault
from footlight.cli.tables import table
from footlight.types import AgentMode, Evaluation, TargetPolicy

AgentName = Annotated[str, typer.Argument(help="The agent.", show_default=False)]


def register(group: typer.Typer) -> None:
    """Adds the commands to the group of agents."""
    command(group, "mode", "footlight agent mode guide online")(mode)
    command(group, "evaluate", "footlight agent evaluate guide --target greedy")(evaluate)
    command(group, "snapshot", "footlight agent snapshot guide before-the-sale")(snapshot)
    command(group, "snapshots", "footlight agent snapshots guide")(snapshots)
    command(group, "rollback", "footlight agent rollback guide --snapshot before-the-sale")(rollback)


def mode(
    session: Session,
    agent: AgentName,
    chosen: Annotated[AgentMode, typer.Argument(metavar="MODE", help="Who decides.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Leave apprentice whatever an evaluation says.")] = False,
) -> None:
    """Says who decides: online, apprentice, shadow, log_only or frozen."""
    found = session.client.set_agent_mode(agent, chosen, force=force)
    session.show(found, lambda: f"{agent} is {found.mode.value} now")


def evaluate(
    session: Session,
    agent: AgentName,
    target: Annotated[TargetPolicy, typer.Option(help="The policy.")] = TargetPolicy.GREEDY,
    other: Annotated[
        str, typer.Option("--target-agent", help="The policy of another agent with the same spaces.")
    ] = "",
    after: Annotated[int, typer.Option("--after", min=0, help="Only decisions after this position.")] = 0,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
) -> None:
    """What a policy would have earned by the decision, on the agent's own log."""
    found = session.client.evaluate_policy(
        agent, target, target_agent_id=other, after_position=after, confidence=confidence
    )
    session.show(found, lambda: _evaluated(found))


def _evaluated(found: Evaluation) -> RenderableType:
    rows = [(one.estimator, f"{one.value:.4f}", f"{one.low:.4f}", f"{one.high:.4f}") for one in found.estimates]
    facts = (
        f"{found.decisions:,} decisions, which earned {found.logged_value:.4f} each; they say as much as "
        f"{found.effective_sample_size:,.0f} would"
    )
    return Group(facts, table(("estimator", "#value", "#low", "#high"), rows), *found.warnings)


def snapshot(
    session: Session, agent: AgentName, name: Annotated[str, typer.Argument(help="Its name.", show_default=False)]
) -> None:
    """Gives the agent's present a name, to go back to."""
    made = session.client.snapshot_agent(agent, name)
    session.show(made, lambda: f"{made.name} is position {made.position:,}, after {made.learned_steps:,} learned steps")


def snapshots(session: Session, agent: AgentName) -> None:
    """The agent's snapshots, newest first."""
    found = session.client.agent_snapshots(agent)
    rows = [(one.name, one.position, one.learned_steps) for one in found]
    session.show(found, lambda: table(("snapshot", "#position", "#steps learned"), rows))


def rollback(
    session: Session,
    agent: AgentName,
    position: Annotated[int | None, typer.Option(min=0, help="The position of its log.")] = None,
    named: Annotated[str, typer.Option("--snapshot", help="Or a snapshot.")] = "",
) -> None:
    """Sets an agent back to what it knew then. What came after stays in the log and is not learned from."""
    if (position is None) == (not named):
        raise UsageFault("--position, --snapshot: expected one of them")
    found = session.client.rollback_agent(agent, position=position, snapshot=named)
    session.show(found, lambda: f"{agent} knows again what it knew then; its log goes on at {found.log_position:,}")
