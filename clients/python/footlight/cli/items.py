"""`footlight item list`, `show`, `delete`: what is in the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from footlight.cli.command import command
from footlight.cli.session import Session
from footlight.cli.tables import cell, table
from footlight.types import Item

ItemName = Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="See the catalogue, and take items out of it.", no_args_is_help=True)
    command(group, "list", "footlight item list --kind film --find dragon")(list_items)
    command(group, "show", "footlight item show m1")(show)
    command(group, "delete", "footlight item delete m1")(delete)
    app.add_typer(group, name="item")


def list_items(
    session: Session,
    kind: Annotated[str, typer.Option(help="Only items of this kind.")] = "",
    tag: Annotated[str, typer.Option(help="Only items with this tag.")] = "",
    find: Annotated[str, typer.Option(metavar="TEXT", help="Only items with this in their id or title.")] = "",
    count: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
) -> None:
    """Items of the catalogue, in the order in which they were first put. `footlight import` puts and replaces items."""
    wanted = (item for item in session.client.items() if _fits(item, kind, tag, find))
    found = list(islice(wanted, count + 1))
    if len(found) > count:
        session.say(f"There are more than these {count:,}: --count says how many to show.")
    rows = [_row(item) for item in found[:count]]
    session.show(found[:count], lambda: table(("item", "title", "kind", "tags", "attributes"), rows))


def _fits(item: Item, kind: str, tag: str, find: str) -> bool:
    return (
        (not kind or item.kind == kind)
        and (not tag or tag in item.tags)
        and any(find.casefold() in text.casefold() for text in (item.item_id, item.title))
    )


def _row(item: Item) -> tuple[object, ...]:
    attributes = ", ".join(f"{name}={_said(value)}" for name, value in item.attributes.items())
    return item.item_id, _short(item.title), item.kind, ", ".join(item.tags), _short(attributes)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."


def show(session: Session, item: ItemName) -> None:
    """One item, with everything that the catalogue says of it."""
    found = session.client.get_item(item)
    session.show(found, lambda: table(("what", "says"), _facts(found)))


def _facts(item: Item) -> Iterator[tuple[str, str]]:
    yield "item", item.item_id
    yield from (("title", item.title), ("kind", item.kind), ("tags", ", ".join(item.tags)))
    yield from ((f"attribute {name}", _said(value)) for name, value in item.attributes.items())
    for name in ("available_from", "available_until", "create_time", "update_time"):
        if time := getattr(item, name):
            yield name.replace("_", " "), cell(time)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def delete(session: Session, item: ItemName) -> None:
    """Takes an item out of every later answer. What people did with it stays in the log."""
    session.client.delete_item(item)
    session.show({"deleted": item}, lambda: f"Deleted {item}.")
