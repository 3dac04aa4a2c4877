"""A server that is told to stop answers what it has accepted, and what comes later succeeds on the next one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.soak.drain import stop_and_start

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is POSIX")
def test_three_stops_under_load_fail_no_call(server_factory: Start) -> None:
    report = stop_and_start(server_factory, stops=3, seed=2)
    assert report.failed.total() == 0 and report.refused.total() > 0, str(report)
