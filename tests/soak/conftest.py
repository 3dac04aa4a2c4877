"""The servers of the end-to-end tests, and a bound on how long a test may take."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest
from tests.e2e.conftest import pytest_generate_tests as pytest_generate_tests
from tests.e2e.conftest import server_factory as server_factory
from tests.e2e.conftest import shelf as shelf
from tests.e2e.conftest import store as store


@pytest.fixture(autouse=True)
def bounded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ends a test of the soak that takes longer than it said it would."""
    mark = request.node.get_closest_marker("soak")
    if mark is None or not hasattr(signal, "setitimer"):
        yield
        return
    seconds = float(mark.args[0])

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"the test took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
