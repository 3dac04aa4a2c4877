"""The process of a job, as the server sees it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from footlight_server.jobs.order import Order, Report

STOP_SECONDS = 15.0
"""How long a job may take to stop when it is told to; then it is killed."""

LONGEST_LINE = 1 << 20
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class JobProcess:
    """A process that was given its order.

    It is started by the standard library's `subprocess`, and read by a thread, whatever event loop runs: other loops fork
    in ways of their own, in which the locks of gRPC's threads can stay taken for ever, and close pipes that Python closes
    again, by when the number may belong to another file.
    """

    def __init__(self, started: subprocess.Popen[bytes]) -> None:
        """Take over what was just started."""
        loop = asyncio.get_running_loop()
        self.lines = asyncio.StreamReader(limit=LONGEST_LINE)
        self._started = started
        self._ended: asyncio.Future[int] = loop.create_future()
        threading.Thread(target=self._listen, args=(loop,), name=f"job-{started.pid}", daemon=True).start()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread of its own, as long as the process."""
        assert self._started.stdout is not None
        with suppress(RuntimeError), self._started.stdout as said:  # the loop is closed: the server has stopped
            while line := said.readline(LONGEST_LINE):
                loop.call_soon_threadsafe(self.lines.feed_data, line)
            loop.call_soon_threadsafe(self.lines.feed_eof)
        code = self._started.wait()
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended.set_result, code)

    @property
    def pid(self) -> int:
        """The system's number for it."""
        return self._started.pid

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._started.returncode

    async def wait(self) -> int:
        """How it ended, once it has."""
        return await asyncio.shield(self._ended)

    def close_input(self) -> None:
        """Say that there is nothing more to hear from the server."""
        assert self._started.stdin is not None
        with suppress(OSError):
            self._started.stdin.close()

    def kill(self) -> None:
        """End it at once; harmless where it has ended."""
        self._started.kill()


async def spawn(order: Order) -> JobProcess:
    """Start a process and give it its order.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    return JobProcess(await asyncio.to_thread(_start, order))


def _start(order: Order) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        # -P: a file in the server's folder must not stand in for a library's module
        [sys.executable, "-P", "-m", "footlight_server.jobs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | dict.fromkeys(_THREADS, str(order.threads)),
        start_new_session=True,  # Ctrl-C in the server's terminal is the server's business
    )
    assert started.stdin is not None
    with suppress(BrokenPipeError):  # it has ended already, and its code says why
        started.stdin.write(order.to_line().encode())
        started.stdin.flush()
    return started


async def reports(process: JobProcess) -> AsyncIterator[Report]:
    """What it says, until it ends."""
    async for line in process.lines:
        yield Report.from_line(line.decode())


async def last_report(process: JobProcess) -> Report:
    """How it ended, once it has."""
    last = Report()
    async for report in reports(process):
        last = report
    await process.wait()
    return last


def tell_to_stop(process: JobProcess) -> None:
    """Ask it to stop; it is killed if it does not."""
    process.close_input()
    asyncio.get_running_loop().call_later(STOP_SECONDS, _kill, process)


def _kill(process: JobProcess) -> None:
    if process.returncode is None:
        process.kill()
