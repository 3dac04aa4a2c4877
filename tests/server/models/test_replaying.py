"""Replaying the log in pieces, and what is told meanwhile."""

from __future__ import annotations

import io
import itertools
import logging
from collections.abc import Sequence

import numpy as np
import pytest
from rich.console import Console

from footlight_plugins import Events
from footlight_server.commands.advance_bar import AdvanceBar
from footlight_server.models.replaying import PIECE, Advance, pieces, read_whole


class Numbers:
    """A log whose n-th event is of person n; every third was erased."""

    position = 3 * PIECE + 5
    epoch = 0

    def __init__(self) -> None:
        self.largest = 0

    def read(self, after: int, upto: int | None) -> Events:
        assert upto is not None
        self.largest = max(self.largest, upto - after)
        positions = np.arange(after + 1, upto + 1)
        people = positions[positions % 3 != 0]
        return Events.of(people, np.zeros(len(people)))

    def erasures_since(self, epoch: int) -> Sequence[tuple[int, int]]:
        return []


def advance(seconds: float, total: int) -> Advance:
    """One on a clock that goes on by so many seconds at every look."""
    return Advance("'a' replays the log", total, itertools.count(0.0, seconds).__next__)


def test_pieces_cover_every_position_once() -> None:
    people = [part.user for part in pieces(Numbers(), 2, Numbers.position, advance(0, 1))]
    assert np.concatenate(people).tolist() == [n for n in range(3, Numbers.position + 1) if n % 3]


def test_no_more_than_a_piece_is_read_at_once() -> None:
    log = Numbers()
    assert len(read_whole(log, log.position, "a")) == log.position - log.position // 3
    assert log.largest == PIECE


def test_an_empty_log_is_read_whole() -> None:
    assert len(read_whole(Numbers(), 0, "a")) == 0


def test_what_is_quick_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    advance(0.5, 10).tell(10)
    assert caplog.messages == []


def test_a_line_tells_how_many_how_fast_and_how_long(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    slow = advance(4.0, 4_000)
    slow.tell(1_000)
    slow.tell(4_000)
    assert caplog.messages == [
        "'a' replays the log: 1,000 of 4,000 events (250 events/s, 12 s left)",
        "'a' replays the log: 4,000 events in 8.0 s (500 events/s)",
    ]


def test_lines_come_seldom(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    slow = advance(0.5, 100)
    for done in range(1, 21):  # ten seconds
        slow.tell(done)
    assert len(caplog.messages) == 3


def test_the_bar_leaves_one_line_behind() -> None:
    out = io.StringIO()
    bar = AdvanceBar(Console(file=out, force_terminal=True, width=120))
    slow = advance(2.0, 10)
    for done in (5, 10):
        slow.tell(done)
        bar.emit(logging.makeLogRecord({"advance": slow}))
    bar.close()
    assert "50%" in out.getvalue() and out.getvalue().endswith("10 events in 4.0 s (2 events/s)\n")
