"""The process of a job, as the server sees it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

from footlight_server.jobs.order import Order, Report

STOP_SECONDS = 15.0
"""How long a job may take to stop when it is told to; then it is killed."""

LONGEST_LINE = 1 << 20
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


async def spawn(order: Order) -> Process:
    """Start a process and give it its order."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # a file in the server's folder must not stand in for a library's module
        "-m",
        "footlight_server.jobs",
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | dict.fromkeys(_THREADS, str(order.threads)),
        limit=LONGEST_LINE,
        start_new_session=True,  # Ctrl-C in the server's terminal is the server's business
    )
    assert process.stdin is not None
    process.stdin.write(order.to_line().encode())
    return process


async def reports(process: Process) -> AsyncIterator[Report]:
    """What it says, until it ends."""
    assert process.stdout is not None
    async for line in process.stdout:
        yield Report.from_line(line.decode())


async def last_report(process: Process) -> Report:
    """How it ended, once it has."""
    last = Report()
    async for report in reports(process):
        last = report
    await process.wait()
    return last


def tell_to_stop(process: Process) -> None:
    """Ask it to stop; it is killed if it does not."""
    assert process.stdin is not None
    process.stdin.close()
    asyncio.get_running_loop().call_later(STOP_SECONDS, _kill, process)


def _kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()
