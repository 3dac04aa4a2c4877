"""Event listeners: told of everything that was recorded, at least once and in order, and nobody waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import Client, Event, EventKind, Item, PartUse

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

DEEDS = ("init", "raise", "exit", "doze", "nothing", "forget")
"""One that dozes hangs until it is to be well: what slept on would be given up for good while others are tried."""
PATIENCE = 70.0
"""Seconds. One that fails again and again is told again after a minute at most."""


def until(done: Callable[[], bool]) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not done():
        time.sleep(0.05)
    return done()


def orders(folder: Path) -> list[str]:
    """Listeners of every sort, each noting what it hears in a file of its own name."""
    rash = [
        f"{deed}=noted:does={deed},flag={folder / f'{deed}.flag'},out={folder / deed},seconds=0.3" for deed in DEEDS
    ]
    well = [f"well=noted:out={folder / 'well'}", f"all=noted:since=start,out={folder / 'all'}"]
    return [word for order in (*rash, *well) for word in ("--listener", order)]


class Audience:
    """A server with listeners."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.client, self.folder = server, server.client, folder

    def record(self, user: str, item: str = "film") -> None:
        self.client.record_events([Event(user, item, EventKind.VIEW)])

    def heard(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def of(self, name: str, user: str) -> list[str]:
        return [line for line in self.heard(name) if f" {user} " in line]

    def use(self, name: str) -> PartUse:
        return next(
            use for plugin in self.client.plugins() for part in plugin.parts for use in part.uses if use.used_by == name
        )


@pytest.fixture(scope="module")
def audience(tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Audience]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("listeners")
    data = folder / "data"
    before = Server(data, *shelf.arguments(data))
    before.client.put_items([Item("film"), Item("play")])
    before.client.record_events([Event("early", "film", EventKind.VIEW)])
    before.stop()
    for deed in DEEDS:
        (folder / f"{deed}.flag").touch()
    options = ("--plugins-dir", str(PLUGINS), "--metrics-listen", "127.0.0.1:0", *orders(folder))
    server = Server(data, *shelf.arguments(data), *options)
    made = Audience(server, folder)
    assert until(lambda: made.use("well").lag == 0)
    yield made
    server.kill()


def test_what_is_recorded_is_told_with_its_names(audience: Audience) -> None:
    audience.record("ann", "play")
    assert until(lambda: bool(audience.of("well", "ann")))
    assert audience.of("well", "ann")[0].endswith(" ann play")


def test_it_is_told_in_the_order_of_the_log(audience: Audience) -> None:
    for number in range(40):
        audience.record(f"many-{number}")
    assert until(lambda: bool(audience.of("well", "many-39")))
    positions = [int(line.split()[0]) for line in audience.heard("well") if "many-" in line]
    assert positions == sorted(set(positions)) and len(positions) == 40


def test_since_says_whether_it_hears_of_what_was_there(audience: Audience) -> None:
    assert until(lambda: bool(audience.of("all", "early")))
    assert audience.of("well", "early") == []


def test_somebody_who_was_erased_is_told_by_their_number(audience: Audience) -> None:
    audience.record("gone")
    assert until(lambda: bool(audience.of("well", "gone")))
    number = audience.of("well", "gone")[0].split()[1]
    receipt = audience.client.forget_user("gone")
    assert until(lambda: f"forget {number}" in audience.heard("well"))
    assert {(one.name, one.plugin, one.told) for one in receipt.listeners} >= {("well", "rash", True)}


@pytest.mark.parametrize("deed", DEEDS)
def test_one_that_fails_is_told_again_and_hurts_nobody(audience: Audience, deed: str) -> None:
    audience.record(f"while-{deed}")
    if deed == "forget":
        receipt = audience.client.forget_user(f"while-{deed}")
        assert {one.name: one.told for one in receipt.listeners}["forget"] is False
        audience.record("after-forget")
    assert until(lambda: audience.use(deed).health.faults > 0 or bool(audience.use(deed).problem))
    assert until(lambda: audience.use("well").lag == 0)
    assert "event-listener 'noted' of plug-in 'rash'" in audience.server.log
    (audience.folder / f"{deed}.flag").unlink()
    wanted = "after-forget" if deed == "forget" else f"while-{deed}"
    assert until(lambda: bool(audience.of(deed, wanted)))


def test_how_far_it_is_behind_is_shown(audience: Audience) -> None:
    import urllib.request

    with urllib.request.urlopen(f"{audience.server.metrics}/metrics") as answer:
        assert 'footlight_part_lag_events{part="noted",plugin="rash",role="event-listener"}' in answer.read().decode()


def killed_and_started(server: Server, options: tuple[str, ...]) -> Server:
    from tests.e2e.conftest import Server

    server.kill()
    return Server(server.data_dir, *options)


def test_nothing_is_missing_after_the_server_was_killed(tmp_path: Path, shelf: Any) -> None:
    from tests.e2e.conftest import PLUGINS, Server

    data, out = tmp_path / "data", tmp_path / "out"
    options = (*shelf.arguments(data), "--plugins-dir", str(PLUGINS), "--listener", f"noted:out={out}")
    server = Server(data, *options)
    server.client.put_items([Item("film")])
    assert until(lambda: noted(server.client).lag == 0)
    for number in range(60):
        server.client.record_events([Event(f"p{number}", "film", EventKind.VIEW)])
    again = killed_and_started(server, options)
    try:
        assert until(lambda: noted(again.client).lag == 0)
        lines = list(dict.fromkeys(out.read_text().splitlines()))  # the last ones may have been told twice
        assert [line.split()[2] for line in lines] == [f"p{number}" for number in range(60)]
    finally:
        again.kill()


def noted(client: Client) -> PartUse:
    return next(
        use for plugin in client.plugins() for part in plugin.parts for use in part.uses if use.used_by == "noted"
    )


def test_of_two_servers_one_tells_it(tmp_path: Path) -> None:
    from tests.e2e.conftest import PLUGINS, Server

    data, out = tmp_path / "data", tmp_path / "out"
    options = ("--plugins-dir", str(PLUGINS), "--processes", "2", "--listener", f"noted:out={out}")
    server = Server(data, *options)
    try:
        server.client.put_items([Item("film")])
        time.sleep(0.5)  # until one of them has taken it over
        for number in range(30):
            server.client.record_events([Event(f"p{number}", "film", EventKind.VIEW)])
        assert until(lambda: out.exists() and "p29" in out.read_text())
        assert [line.split()[2] for line in out.read_text().splitlines()] == [f"p{number}" for number in range(30)]
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (("nobody",), "no plug-in offers the event-listener 'nobody'"),
        (("noted:since=never",), "since"),
        (("noted:seconds=0",), "seconds"),
        (("noted:out=a", "noted:out=b"), "two event listeners are called 'noted'"),
    ],
)
def test_an_order_that_cannot_be_is_refused(tmp_path: Path, order: tuple[str, ...], said: str) -> None:
    from tests.e2e.conftest import PLUGINS, Server

    options = [word for one in order for word in ("--listener", one)]
    with pytest.raises(RuntimeError, match=said):
        Server(tmp_path, "--plugins-dir", str(PLUGINS), *options)
