"""`footlight act`, `agents`, `agent`."""

from __future__ import annotations

from typing import Annotated

import typer

from footlight.cli import agent_desk
from footlight.cli.command import command
from footlight.cli.options import Options, Seed, parsed
from footlight.cli.session import Session, UsageFault
from footlight.cli.spaces import in_words
from footlight.cli.tables import settings, table
from footlight.types import Agent, AgentSettings, EndReason, RewardPolicy

AgentName = Annotated[str, typer.Argument(help="The agent.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "act", "footlight act guide --session s1 --observation 3 --reward 1")(act)
    command(app, "agents", "footlight agents")(agents)
    group = typer.Typer(help="Make and see agents.", no_args_is_help=True)
    command(group, "create", "footlight agent create guide --observations 16 --actions 4")(create)
    command(group, "show", "footlight agent show guide")(show)
    agent_desk.register(group)
    app.add_typer(group, name="agent")


def act(
    session: Session,
    agent: AgentName,
    episode: Annotated[str, typer.Option("--session", help="The session; it starts with its first act.")],
    observation: Annotated[int | None, typer.Option(min=0, help="What the agent sees now.")] = None,
    reward: Annotated[float | None, typer.Option(help="What the decision before earned.")] = None,
    exploit: Annotated[bool, typer.Option("--exploit", help="Do what is best so far, and learn nothing.")] = False,
    end: Annotated[EndReason | None, typer.Option(help="End the session instead of deciding.")] = None,
) -> None:
    """Decides the next move of a session, and learns from what followed the move before."""
    if end is not None:
        _end(session, agent, episode, end, (reward, observation))
        return
    if observation is None:
        raise UsageFault("--observation: expected what the agent sees now, or --end to end the session")
    decision = session.client.act(agent, episode, observation, reward=reward, exploit=exploit)
    session.show(
        decision,
        lambda: (
            f"action {decision.action}  (drawn with probability {decision.propensity:.4g}; "
            f"{decision.learned_steps:,} steps learned; decision {decision.decision_id})"
        ),
    )


def agents(session: Session) -> None:
    """The agents, newest first."""
    found = list(session.client.agents())
    rows = [
        (one.agent_id, one.deployment, in_words(one.observation_space), in_words(one.action_space), one.learned_steps)
        for one in found
    ]
    session.show(found, lambda: table(("agent", "deployment", "#observations", "#actions", "#steps learned"), rows))


def create(
    session: Session,
    agent: AgentName,
    observations: Annotated[int, typer.Option(min=1, help="How many different things it can see.")],
    actions: Annotated[int, typer.Option(min=1, help="How many different things it can do.")],
    deployment: Annotated[str, typer.Option(help="Whose engine it uses; else the best that can.")] = "",
    option: Options = None,
    seed: Seed = None,
    shaper: Annotated[str, typer.Option(help="A reward shaper: what says what it learns from.")] = "",
    shaper_option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the shaper; several times, if need be.")
    ] = None,
) -> None:
    """Makes an agent that knows nothing yet."""
    if shaper_option and not shaper:
        raise UsageFault("--shaper-option: expected --shaper as well")
    reward = RewardPolicy(shaper=shaper, shaper_options=parsed(shaper_option, "--shaper-option"))
    made = session.client.create_agent(
        agent,
        observations,
        actions,
        deployment=deployment,
        options=parsed(option),
        seed=seed,
        settings=AgentSettings(reward),
    )
    session.show(made, lambda: _described(made))


def show(session: Session, agent: AgentName) -> None:
    """One agent as it is now."""
    found = session.client.agent(agent)
    session.show(found, lambda: _described(found))


def _end(
    session: Session, agent: str, episode: str, reason: EndReason, outcome: tuple[float | None, int | None]
) -> None:
    reward, observation = outcome
    summary = session.client.end_session(agent, episode, reason=reason, reward=reward, final_observation=observation)
    session.show(summary, lambda: f"{summary.decisions:,} decisions, total reward {summary.total_reward:g}")


def _described(agent: Agent) -> str:
    return (
        f"{agent.agent_id} uses {agent.deployment} with {settings(agent.options)}, seed {agent.seed}: "
        f"observes {in_words(agent.observation_space)}, does {in_words(agent.action_space)}, "
        f"{agent.learned_steps:,} steps learned"
    )
