"""A hundred times SIGTERM under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.soak.drain import stop_and_start

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


@pytest.mark.soak(900)
def test_a_hundred_stops_fail_no_call(server_factory: Start) -> None:
    report = stop_and_start(server_factory, stops=100, seed=1)
    print(report)  # noqa: T201  # the figures of docs/reliability.md
    assert report.stops == 100 and report.failed.total() == 0, str(report)
