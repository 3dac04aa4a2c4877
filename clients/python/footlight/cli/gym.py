"""`footlight act-gym`: lets an agent learn any environment of Gymnasium, and judges what it learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import uuid4

import typer

from footlight.cli.command import command
from footlight.cli.options import Options, parsed
from footlight.cli.session import Session, UsageFault
from footlight.gymnasium import AgentPolicy, Player, exact_value, masks_of, spaces_of
from footlight.types import AgentSettings

MOST_REPORTS = 50
"""The curve of a result has at most so many points."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "act-gym", "footlight act-gym FrozenLake-v1 --engine q-learning --episodes 10000 --seed 0")(act_gym)


def act_gym(
    session: Session,
    environment: Annotated[str, typer.Argument(help="The environment's id.", show_default=False)],
    engine: Annotated[str, typer.Option("--engine", help="The deployment whose engine learns; else the best.")] = "",
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes it learns from.")] = 1_000,
    greedy: Annotated[int, typer.Option("--greedy-episodes", min=0, help="How many episodes judge it.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Where all draws come from.")] = 0,
    agent: Annotated[str, typer.Option(help="The agent's name; else a new one.")] = "",
    option: Options = None,
    argument: Annotated[
        list[str] | None,
        typer.Option("--env", metavar="NAME=VALUE", help="An argument of the environment; repeatable."),
    ] = None,
) -> None:
    """Lets an agent learn an environment of Gymnasium through the server, one round trip a step.

    Afterwards it plays without exploring, and nothing is learned from that. Where the environment has a table of its
    transitions, the value of the greedy policy is computed exactly too, by dynamic programming over as many steps as an
    episode may have.
    """
    try:
        import gymnasium
    except ImportError as missing:
        raise UsageFault("act-gym needs Gymnasium: pip install gymnasium") from missing
    try:
        world = gymnasium.make(environment, **parsed(argument))
    except (gymnasium.error.Error, TypeError) as wrong:
        raise UsageFault(f"ENVIRONMENT: {wrong}") from wrong
    name = agent or f"{environment}-{uuid4().hex[:8]}"
    observations, actions = spaces_of(world)
    session.client.create_agent(
        name, observations, actions, deployment=engine, options=parsed(option), seed=seed, settings=AgentSettings()
    )
    started = time.perf_counter()
    player = Player(world, seed)
    curve = _learn(session, player, name, episodes)
    seconds = time.perf_counter() - started
    found = {
        "environment": environment,
        "agent": name,
        "episodes": episodes,
        "seed": seed,
        "steps": player.steps,
        "steps_per_second": round(player.steps / seconds, 1),
        "curve": curve,
        **_judge(session, world, name, greedy, seed),
    }
    session.show(found, lambda: _told(found))


def _learn(session: Session, player: Player, name: str, episodes: int) -> list[list[float]]:
    """Plays the episodes; answers the curve of (steps, mean return)."""
    returns: list[float] = []
    curve: list[list[float]] = []
    every = max(1, episodes // MOST_REPORTS)
    with _bar(session, "learning", episodes) as advance, session.client.interact(name) as stream:
        for episode in range(episodes):
            returns.append(player.episode(stream, f"episode-{episode}"))
            if (episode + 1) % every == 0:
                mean = sum(returns[-every:]) / every
                curve.append([player.steps, mean])
            advance(f"mean return {sum(returns[-every:]) / min(every, len(returns)):.3f}")
    return curve


@contextmanager
def _bar(session: Session, what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar with the time left, for people; what is yielded moves it on by one, with a note."""
    from rich.progress import TextColumn, TimeRemainingColumn

    with session.progress(TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False)) as bars:
        task = bars.add_task(what, total=total, note="")
        yield lambda note: bars.update(task, advance=1, note=note)


def _judge(session: Session, world: Any, name: str, episodes: int, seed: int) -> dict[str, Any]:
    """The mean return and the share of successes of greedy episodes, and the exact value where it can be computed."""
    judged: dict[str, Any] = {}
    if episodes:
        player = Player(world, seed + 1_000_003, exploit=True)
        with _bar(session, "judging", episodes) as advance, session.client.interact(name) as stream:
            returns = []
            for episode in range(episodes):
                returns.append(player.episode(stream, f"greedy-{seed}-{episode}"))
                advance("")
        judged["mean_return"] = sum(returns) / episodes
        judged["success_rate"] = sum(one > 0 for one in returns) / episodes
    policy = AgentPolicy(session.client, name)
    value = exact_value(world, lambda: policy.table(masks_of(world)))
    if value is not None:
        judged["policy_value"] = value
    return judged


def _told(found: dict[str, Any]) -> str:
    speed = f"{found['steps']:,} steps, {found['steps_per_second']:,.0f} a second"
    lines = [f"{found['agent']} learned {found['environment']} from {found['episodes']:,} episodes ({speed})."]
    if "mean_return" in found:
        judged = f"mean return {found['mean_return']:.3f}, success rate {found['success_rate']:.1%}"
        lines.append(f"Without exploring: {judged}.")
    if "policy_value" in found:
        lines.append(f"The exact value of its greedy policy: {found['policy_value']:.4f}.")
    return "\n".join(lines)
