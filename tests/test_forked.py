"""A process of `tests/forked.py` may be asked how it is by several threads at a time, as one of `subprocess` may be."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests import forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are started by their command line")


def test_all_who_ask_hear_how_it_ended(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, ThreadPoolExecutor(8) as pool:
        process = forked.start(["--help"], out, out)
        ends = list(pool.map(lambda n: process.wait(60) if n % 2 else (process.poll(), process.wait(60))[1], range(64)))
    assert ends == [0] * 64


def test_one_that_was_killed_is_told_by_the_signal(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        process = forked.start(["serve", "--data-dir", str(tmp_path / "data"), "--listen", "127.0.0.1:0"], out, out)
        process.kill()
        assert process.wait(60) == -9 == process.poll()
