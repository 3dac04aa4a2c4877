"""Ten thousand callers who leave at random moments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.soak.cancellations import QUEUE, leave

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


@pytest.mark.soak(400)
def test_ten_thousand_cancellations_leave_nothing_behind(server_factory: Start, tmp_path: Path) -> None:
    report = leave(server_factory, tmp_path, times=10_000, seed=1)
    print(report)  # noqa: T201  # the figures of docs/reliability.md
    assert min(report.let_in.values()) >= QUEUE, str(report)  # a lost place would be missing
    assert report.let_in["watchful"] < 1.2 * QUEUE, str(report)  # one given back twice would let too many in
    assert max(report.overrun) < 0.25, str(report)
    assert report.threads[1] <= report.threads[0] + 1 and report.descriptors[1] <= report.descriptors[0] + 1
