"""The parent of a crew: starts the members, replaces those that die, passes the end on."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import replace

from footlight_server.config import ServerConfig
from footlight_server.crew.order import Order
from footlight_server.door import CannotStart, DataLock, check_address, check_exposure, lock_data_dir, reserve_port

log = logging.getLogger(__name__)

READY = "ready"
"""The line that a member writes when it answers."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.1, 10.0
"""Between the death of a member and the start of the next; doubled with every death."""
WELL_S = 30.0
"""Who lived so long was well: the next death starts again at the first delay."""


class Crew:
    """Several processes that share a port, the data directory and the database."""

    def __init__(self, config: ServerConfig, verbose: bool) -> None:
        check_exposure(config)
        self._reserved: socket.socket
        self._reserved, port = reserve_port(config.listen)
        host = check_address(config.listen)[0]
        self.address = f"{host}:{port}"
        self._config = replace(config, listen=self.address)
        self.web_address = ""
        if config.web_listen:
            self._reserved_web, port = reserve_port(config.web_listen)
            self.web_address = f"{check_address(config.web_listen)[0]}:{port}"
            self._config = replace(self._config, web_listen=self.web_address)
        self._lock = lock_data_dir(config.data_dir, config.shared)
        self._verbose = verbose
        self._members: dict[int, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def run(self, ready: Callable[[str, str, str], None]) -> None:
        """Serve until SIGTERM or SIGINT; a second signal ends every member at once.

        Raises
        ------
        CannotStart
            When the first start of a member fails; the member has said why.
        """
        self._listen_to_signals()
        stop = asyncio.create_task(self._stopping.wait())
        start = asyncio.create_task(self._start_all())
        try:
            await asyncio.wait((start, stop), return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                start.result()
                ready(self.address, self.web_address, self._config.metrics_listen)
                await stop
        finally:
            self._stopping.set()
            start.cancel()
            self._signal(signal.SIGTERM)  # once: a second one would end a member in mid-call
            await asyncio.gather(*self._keepers, *(process.wait() for process in self._members.values()))
            self._reserved.close()
            if self.web_address:
                self._reserved_web.close()
            self._lock.release()

    async def _start_all(self) -> None:
        """One after the other: the first makes the tables, cleans up and compiles what all of them use."""
        for number in range(self._config.processes):
            process = await self._start(number)
            self._keepers.append(asyncio.create_task(self._keep(number, process)))

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._hear)

    def _hear(self) -> None:
        if self._stopping.is_set():
            self._signal(signal.SIGKILL)
        self._stopping.set()

    def _signal(self, number: int) -> None:
        for process in self._members.values():
            if process.returncode is None:
                process.send_signal(number)

    async def _keep(self, number: int, process: Process) -> None:
        """See to it that there is always a member of this number."""
        delay = FIRST_DELAY_S
        while True:
            started = time.monotonic()
            code = await self._listen(process)
            if self._stopping.is_set():
                if code:
                    log.error("server process %d ended with code %d", process.pid, code)
                return
            delay = FIRST_DELAY_S if time.monotonic() - started > WELL_S else min(delay * 2, LONGEST_DELAY_S)
            log.error("server process %d ended with code %d; another one starts in %.1f s", process.pid, code, delay)
            try:
                async with asyncio.timeout(delay):
                    await self._stopping.wait()
                return
            except TimeoutError:
                process = await self._spawn(number, DataLock(self._lock.descriptor, first=False))

    async def _start(self, number: int) -> Process:
        """Start a member for the first time, and wait until it answers."""
        first = self._lock.first and number == 0
        process = await self._spawn(number, DataLock(self._lock.descriptor, first))
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if line.decode().strip() == READY:
                return process
            _pass_on(line)
        await process.wait()
        raise CannotStart(f"a server process could not be started (exit code {process.returncode})")

    async def _spawn(self, number: int, lock: DataLock) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a file in the folder must not stand in for a library's module
            "-m",
            "footlight_server.crew",
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=(lock.descriptor,),
            start_new_session=True,  # Ctrl-C in the terminal is the parent's business
        )
        self._members[number] = process
        assert process.stdin is not None
        config = replace(self._config, metrics_listen=metrics_listen(self._config.metrics_listen, number))
        process.stdin.write(Order(config, lock, self._verbose).to_line().encode())
        return process

    async def _listen(self, process: Process) -> int:
        """Pass on what a member prints, until it ends. Answers its exit code."""
        assert process.stdout is not None
        async for line in process.stdout:
            if line.decode().strip() != READY:
                _pass_on(line)
        return await process.wait()


def metrics_listen(listen: str, number: int) -> str:
    """Where a member answers for its own metrics and health: each takes the port after that of the one before."""
    if not listen:
        return ""
    host, port = check_address(listen, "--metrics-listen")
    return f"{host}:{port + number if port else 0}"


def _pass_on(line: bytes) -> None:
    sys.stdout.write(line.decode(errors="replace"))
    sys.stdout.flush()
