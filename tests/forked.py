"""Commands of `footlight` in processes of their own, without the second that each would take to import everything.

A program that has imported it, `tests/forking.py`, makes them by forking. Where the system is another than Linux they
are started by their command line.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

COMMAND = [sys.executable, "-m", "footlight.cli"]


class Forked:
    """A process that another one made for us: what is used here of `subprocess.Popen`, also by several threads at a time."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line.detach()  # a socket would complain where it is collected before this is, in a cycle
        self._said = b""
        self._lock = threading.Lock()
        self.pid = int(self._next_line())
        self.returncode: int | None = None

    def __del__(self) -> None:
        os.close(self._line)

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._heard(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has; raises `subprocess.TimeoutExpired` when it has not by then."""
        if (code := self._heard(timeout)) is None:
            raise subprocess.TimeoutExpired("footlight", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without asking it."""
        self.send_signal(signal.SIGKILL)

    def _heard(self, timeout: float | None) -> int | None:
        if self.returncode is None and self._is_news(timeout):
            with self._lock:  # others may have waited for the same line, after which there is the end of it
                if self.returncode is None:
                    self.returncode = int(self._next_line())
        return self.returncode

    def _next_line(self) -> bytes:
        while b"\n" not in self._said:
            if not (more := os.read(self._line, 64)):
                raise EOFError("the program that makes processes is gone")
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line

    def _is_news(self, timeout: float | None) -> bool:
        news = select.poll()
        news.register(self._line, select.POLLIN)
        return bool(news.poll(None if timeout is None else timeout * 1_000))


Environment = Mapping[str, str]
Process = Forked | subprocess.Popen[bytes]


def start(words: Sequence[str], out: IO[bytes], err: IO[bytes], environment: Environment = os.environ) -> Process:
    """Start a command in the folder of this process."""
    if sys.platform != "linux":
        return subprocess.Popen([*COMMAND, *words], stdout=out, stderr=err, env=environment)
    order = {"words": list(words), "environment": dict(environment), "folder": os.getcwd()}
    line, their_end = socket.socketpair()
    with their_end:
        files = [their_end.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(_orders(), [json.dumps(order).encode()], files)
    return Forked(line)


def run(words: Sequence[str], environment: Environment, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(words, out, err, environment)
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess([*words], code, out.read().decode(), err.read().decode())


@cache
def _orders() -> socket.socket:
    """Where the one that makes them takes orders. It ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = [sys.executable, "-P", str(Path(__file__).with_name("forking.py"))]
    with theirs:
        forking = subprocess.Popen(program, stdin=theirs.fileno())
    atexit.register(forking.wait)
    atexit.register(ours.close)
    return ours
