"""What is older than the owner wants to keep is gone, and the log goes on as if it were there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from footlight import Event, EventKind, Item

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

PATIENCE_SECONDS = 30.0
OLD, NEW = (datetime.now(UTC) - timedelta(days=days) for days in (90, 1))


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)


def play(user: str, number: int, when: datetime) -> Event:
    return Event(user, f"i{number}", EventKind.PLAY, time=when, event_id=f"{user}-{number}")


def kept(server: Server, user: str) -> list[str]:
    return [str(record.fields["event_id"]) for record in server.client.export_user(user) if record.kind == "events"]


@pytest.fixture
def swept(server_factory: Start) -> Server:
    """A server that keeps thirty days: long-gone had only old events, regular some of both; the very last one is old."""
    before = server_factory()
    before.client.put_items([Item(f"i{number}") for number in range(4)])
    before.client.record_events([play("long-gone", number, OLD) for number in range(3)])
    before.client.record_events([play("regular", 0, OLD), play("regular", 1, NEW), play("latest", 2, OLD)])
    before.stop()
    server = server_factory("--retain-days", "30")
    wait_until(lambda: kept(server, "regular") == ["regular-1"])
    wait_until(lambda: not list(server.client.export_user("long-gone")))
    return server


def test_old_events_go_and_who_has_none_left_is_forgotten(swept: Server) -> None:
    assert kept(swept, "regular") == ["regular-1"] and list(swept.client.export_user("long-gone")) == []
    assert swept.client.recommend("regular", 2, deployment="popular").items


def test_the_last_event_stays_so_that_its_position_is_not_given_again(swept: Server) -> None:
    assert kept(swept, "latest") == ["latest-2"]
    assert swept.client.record_events([play("regular", 3, NEW)]).log_position == 7


def test_without_the_option_everything_is_kept(server_factory: Start) -> None:
    server = server_factory()
    server.client.put_items([Item("i0"), Item("i1")])
    server.client.record_events([play("regular", 0, OLD), play("regular", 1, NEW)])
    server.stop()
    assert kept(server_factory(), "regular") == ["regular-0", "regular-1"]
