"""`footlight engines`, `plugins`, `deployments`, `deployment`, `models`, `activate`, `rollback`, `follow`."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from footlight.cli.command import command
from footlight.cli.options import Options, parsed
from footlight.cli.schemas import option_rows
from footlight.cli.session import Session, UsageFault
from footlight.cli.tables import settings, size, table
from footlight.types import BreakerState, Deployment, Engine, EngineHealth, Part, PartUse, Plugin, Verb

if TYPE_CHECKING:
    from rich.table import Table

DeploymentName = Annotated[
    str, typer.Argument(help="The deployment; every engine has one of its own name.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "engines", "footlight engines item-knn")(engines)
    command(app, "plugins", "footlight plugins")(plugins)
    command(app, "deployments", "footlight deployments")(deployments)
    command(app, "models", "footlight models item-knn")(models)
    command(app, "activate", "footlight activate item-knn 3")(activate)
    command(app, "rollback", "footlight rollback item-knn --time 2026-01-31T12:00:00Z")(rollback)
    command(app, "follow", "footlight follow item-knn")(follow)
    group = typer.Typer(help="Name a use of an engine, with options of its own.", no_args_is_help=True)
    command(group, "create", "footlight deployment create knn-wide item-knn --option k=200")(create)
    command(group, "delete", "footlight deployment delete knn-wide")(delete)
    app.add_typer(group, name="deployment")


def engines(
    session: Session, name: Annotated[str | None, typer.Argument(help="Only this one, with its options.")] = None
) -> None:
    """Every engine that a plug-in offers; of one that is named, its options with their bounds."""
    found = session.client.engines()
    if name is not None:
        one = _named(found, name)
        session.show(one, lambda: _options(one))
        return
    rows = [(one.name, one.verb, one.version, one.plugin, one.summary) for one in found]
    session.show(found, lambda: table(("engine", "verb", "version", "plug-in", "what it does"), rows))


def _named(found: list[Engine], name: str) -> Engine:
    for one in found:
        if one.name == name:
            return one
    names = [one.name for one in found]
    near = get_close_matches(name, names, 1)
    raise UsageFault(
        f"no engine named {name!r}; there is {near[0]!r}" if near else f"expected one of {', '.join(names)}"
    )


def _options(one: Engine) -> Table:
    title = f"{one.name} {one.version}, {one.verb}: {one.summary}"
    return table(("option", "default", "values", "what it does"), option_rows(one.options_schema), title)


def plugins(session: Session) -> None:
    """Every plug-in that was found, also those that could not be loaded, with the reason."""
    found = session.client.plugins()
    rows = [
        (one.name, one.state, f"{one.distribution} {one.version}", one.reason or ", ".join(one.engines), _parts(one))
        for one in found
    ]
    session.show(found, lambda: table(("plug-in", "state", "from", "engines, or why not", "parts"), rows))


def _parts(plugin: Plugin) -> str:
    return "; ".join(_part(part) for part in plugin.parts)


def _part(part: Part) -> str:
    """A part, and what is to be said of it where the server uses it."""
    told = [use.problem or f"{use.used_by}: {_health(use.health)}{_behind(use)}" for use in part.uses]
    return f"{part.role} {part.name}" + (f" ({', '.join(told)})" if told else "")


def _behind(use: PartUse) -> str:
    return "" if use.lag is None else f", {use.lag:,} events behind"


def deployments(session: Session) -> None:
    """The named uses of engines."""
    found = session.client.deployments()
    rows = [
        (one.name, one.engine, one.verb, one.active_version or None, _health(one.health), _place(one), _problem(one))
        for one in found
    ]
    columns = ("deployment", "engine", "verb", "#model", "health", "log", "options, or what is wrong")
    session.show(found, lambda: table(columns, rows))


def _health(health: EngineHealth) -> str:
    """One or two words; for agents, each of which has an engine of its own, those of the one that fares worst."""
    if health.state is BreakerState.UNKNOWN:
        return ""
    state = "well" if health.state is BreakerState.CLOSED else health.state.replace("_", " ")
    return f"{state}, isolated" if health.isolated else f"{state}, demoted" if health.demotion else state


def _place(one: Deployment) -> str:
    """How far it has come along the log; nothing for those that follow none."""
    if one.verb is not Verb.RECOMMEND:
        return ""
    if one.asleep:
        return "asleep"
    held = "" if one.pinned_position is None else "held at "
    behind = f", {one.log_lag:,} behind" if one.log_lag else ""
    return f"{held}{one.log_position:,}{behind}" + (f", {one.pending_events:,} pending" if one.pending_events else "")


def _problem(one: Deployment) -> str:
    if one.health.state in (BreakerState.OPEN, BreakerState.HALF_OPEN):
        since = f", since {one.health.since:%H:%M:%S} UTC" if one.health.since else ""
        return f"{one.health.reason}{since}, {one.health.faults} faults"
    return one.problem or one.health.demotion or settings(one.options)


def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.", show_default=False)],
    engine: Annotated[str, typer.Argument(help="The engine to use.", show_default=False)],
    option: Options = None,
) -> None:
    """Gives an engine another name and options of its own."""
    made = session.client.create_deployment(name, engine, parsed(option))
    session.show(made, lambda: f"{made.name} uses {made.engine} with {settings(made.options)}")


def delete(session: Session, name: DeploymentName) -> None:
    """Removes a deployment and its models."""
    session.client.delete_deployment(name)
    session.show({"deleted": name}, lambda: f"Deleted {name}.")


def models(session: Session, deployment: DeploymentName) -> None:
    """A deployment's model versions, newest first."""
    found = session.client.models(deployment)
    rows = [
        (one.version, one.active, one.create_time, size(one.size_bytes), one.problem or settings(one.metrics))
        for one in found
    ]
    session.show(found, lambda: table(("#version", "serves", "made", "#size", "figures, or what is wrong"), rows))


def activate(
    session: Session,
    deployment: DeploymentName,
    version: Annotated[int, typer.Argument(min=1, help="The version to serve.", show_default=False)],
) -> None:
    """Makes a model version the one that serves: a newer one, or an older one to roll back."""
    model = session.client.activate_model(deployment, version)
    session.show(model, lambda: f"{model.deployment} serves version {model.version}.")


def rollback(
    session: Session,
    deployment: DeploymentName,
    position: Annotated[
        int | None, typer.Option(min=0, help="The last log position that it shall have seen.", show_default=False)
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Instead: nothing that happened later, such as 2026-01-31T12:00:00Z.")
    ] = None,
) -> None:
    """Sets a recommender back to a position of the log or to a time. It stays there until `footlight follow`."""
    if (position is None) == (time is None):
        raise UsageFault("give either --position or --time")
    held = session.client.rollback_deployment(deployment, position=position, time=None if time is None else _time(time))
    session.show(held, lambda: f"{held.name} is held at log position {held.log_position:,}, {held.log_lag:,} behind.")


def follow(session: Session, deployment: DeploymentName) -> None:
    """Lets a recommender that was set back follow the log again."""
    following = session.client.follow_log(deployment)
    session.show(following, lambda: f"{following.name} follows the log, at position {following.log_position:,}.")


def _time(text: str) -> datetime:
    """A time that says its time zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"--time: {text!r} is no time such as 2026-01-31T12:00:00Z") from None
    if time.tzinfo is None:
        raise UsageFault(f"--time: {text!r} must say its time zone, such as 2026-01-31T12:00:00Z")
    return time
