"""`footlight engines`, `plugins`, `deployments`, `deployment`, `models`, `activate`."""

from __future__ import annotations

from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.options import Options, parsed
from footlight.cli.session import Session
from footlight.cli.tables import settings, size, table

DeploymentName = Annotated[
    str, typer.Argument(help="The deployment; every engine has one of its own name.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "engines", "footlight engines --json")(engines)
    command(app, "plugins", "footlight plugins")(plugins)
    command(app, "deployments", "footlight deployments")(deployments)
    command(app, "models", "footlight models item-knn")(models)
    command(app, "activate", "footlight activate item-knn 3")(activate)
    group = typer.Typer(help="Name a use of an engine, with options of its own.", no_args_is_help=True)
    command(group, "create", "footlight deployment create knn-wide item-knn --option k=200")(create)
    command(group, "delete", "footlight deployment delete knn-wide")(delete)
    app.add_typer(group, name="deployment")


def engines(session: Session) -> None:
    """Every engine that a plug-in offers. Their options are in the JSON."""
    found = session.client.engines()
    rows = [(one.name, one.verb, one.version, one.plugin, one.summary) for one in found]
    session.show(found, lambda: table(("engine", "verb", "version", "plug-in", "what it does"), rows))


def plugins(session: Session) -> None:
    """Every plug-in that was found, also those that could not be loaded, with the reason."""
    found = session.client.plugins()
    rows = [
        (one.name, one.state, f"{one.distribution} {one.version}", one.reason or ", ".join(one.engines))
        for one in found
    ]
    session.show(found, lambda: table(("plug-in", "state", "from", "engines, or why not"), rows))


def deployments(session: Session) -> None:
    """The named uses of engines."""
    found = session.client.deployments()
    rows = [
        (one.name, one.engine, one.verb, one.active_version or None, one.problem or settings(one.options))
        for one in found
    ]
    session.show(found, lambda: table(("deployment", "engine", "verb", "#model", "options, or what is wrong"), rows))


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
