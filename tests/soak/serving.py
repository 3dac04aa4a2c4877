"""How the servers of these tests are started: only with the engines that the test needs, so that it takes a second."""

from __future__ import annotations

from pathlib import Path

from footlight import Client, Event, EventKind, Item

PLUGINS = Path(__file__).with_name("one_file_plugins")
BUILT_IN = ("act", "generate", "recommend")


def only(*built_in: str) -> list[str]:
    """The arguments of a server with the plug-ins of `one_file_plugins` and so many of the built-in ones."""
    others = (name for name in BUILT_IN if name not in built_in)
    return ["--plugins-dir", str(PLUGINS), *(word for name in others for word in ("--disable", f"footlight-{name}"))]


def stock(client: Client, person: str) -> None:
    """Twenty items, and somebody who has met one of them."""
    client.put_items([Item(f"i{number:02}") for number in range(20)])
    client.record_events([Event(person, "i00", EventKind.PLAY, event_id=f"first of {person}")])
