"""Callers who leave take their work with them: it stops soon, and their places are free again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak.cancellations import QUEUE, leave

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


def test_three_hundred_cancellations_leave_nothing_behind(server_factory: Start, tmp_path: Path) -> None:
    report = leave(server_factory, tmp_path, times=300, seed=2)

    assert QUEUE <= report.let_in["watchful"] < 1.2 * QUEUE and report.let_in["steady"] >= QUEUE, str(report)
    assert report.usual_overrun < 0.05, str(report)  # a step takes 0.005 s, and the work of a call 0.4 s
    assert report.threads[1] <= report.threads[0] + 1 and report.descriptors[1] <= report.descriptors[0] + 1
