"""Jobs give way to whoever serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAY = """
import os
from footlight_server.jobs.__main__ import give_way
give_way(5)
print(os.nice(0), open("/proc/self/autogroup").read() if os.path.exists("/proc/self/autogroup") else "")
"""


def said(own_session: bool) -> str:
    command = [sys.executable, "-c", SAY]
    return subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=own_session).stdout


def test_a_job_is_nicer_than_the_server() -> None:
    here, there = said(own_session=False).split(), said(own_session=True).split()
    assert int(here[0]) == int(there[0]) >= 5


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the processor is not shared among sessions here")
def test_so_is_its_session_where_sessions_share_the_processor() -> None:
    assert "nice 5" in said(own_session=True)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the processor is not shared among sessions here")
def test_a_session_that_others_are_in_is_left_alone() -> None:
    assert "nice 5" not in said(own_session=False)
