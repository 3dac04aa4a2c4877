"""One line of JSON for each call, written by a thread: the event loop only puts the facts into a queue.

The thread writes many lines at once and lets the event loop have its turn in between. What cannot be written in time is
left out and counted, so that a slow disk neither stops the server nor fills its memory.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from footlight_server.telemetry.calls import Noted, trace_ids

LONGEST_QUEUE = 65_536
GATHER_SECONDS = 0.1
"""Lines are written so much later, many at once: the thread and the event loop take turns, and each turn costs both."""
CHUNK = 256
"""So many lines are put together before the event loop may have its turn: less than a millisecond."""

LONGEST_METHOD = 128
STDOUT = "-"


class Call(NamedTuple):
    """A call that has come to its end."""

    time: float
    """When it ended, in seconds since 1970."""
    method: str
    code: str
    seconds: float
    noted: Noted
    decision: Callable[[], str] | None
    """Finds the decision id in the answer."""
    messages: int


class AccessLog:
    """Writes the lines of a process. ``pseudonym`` turns a user id into what may be written."""

    def __init__(self, target: str, pseudonym: Callable[[str], str]) -> None:
        """``target`` is a file, or "-" for the standard output. A file that was moved away is made anew."""
        self._path = None if target == STDOUT else Path(target)
        self._pseudonym = pseudonym
        self._descriptor = self._opened()
        self._queue: deque[Call] = deque()
        self._awake = threading.Event()
        self._stopped = False
        self.dropped = 0
        """How many lines were left out."""
        self._thread = threading.Thread(target=self._work, name="access-log", daemon=True)
        self._thread.start()

    def add(self, call: Call) -> None:
        """Have a call written."""
        if len(self._queue) >= LONGEST_QUEUE:
            self.dropped += 1
            return
        self._queue.append(call)
        if not self._awake.is_set():
            self._awake.set()

    def close(self) -> None:
        """Write what is there, and end."""
        self._stopped = True
        self._awake.set()
        self._thread.join(timeout=5.0)
        if self._path is not None:
            os.close(self._descriptor)

    def _work(self) -> None:
        while not self._stopped or self._queue:
            self._awake.wait()
            self._awake.clear()
            if not self._stopped:
                time.sleep(GATHER_SECONDS)
            self._follow_rotation()
            while self._queue:
                self._write([self._line(self._queue.popleft()) for _ in range(min(CHUNK, len(self._queue)))])
                time.sleep(0)

    def _write(self, lines: list[str]) -> None:
        try:
            os.write(self._descriptor, "".join(lines).encode())
        except OSError:
            self.dropped += len(lines)

    def _follow_rotation(self) -> None:
        if self._path is None:
            return
        with suppress(FileNotFoundError):
            if os.stat(self._path).st_ino == os.fstat(self._descriptor).st_ino:
                return
        with suppress(OSError):
            new = self._opened()
            os.close(self._descriptor)
            self._descriptor = new

    def _opened(self) -> int:
        if self._path is None:
            return sys.stdout.fileno()
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _line(self, call: Call) -> str:
        """The line, by a template: to encode a dictionary takes ten times as long, and each call pays for it.

        Everything in it is plain ASCII by how it was made (ids, names of methods and codes), but what `_quoted` writes.
        """
        noted = call.noted
        method = call.method if noted.begun else _escaped(call.method)
        times = (call.seconds * 1e3, noted.queued * 1e3, noted.executed * 1e3)
        line = _TEMPLATE % (_timestamp(call.time), method, call.code, *times, noted.request_id)
        if noted.tenant:
            line += f',"tenant":{_quoted(noted.tenant)},"subject":{_quoted(noted.subject)}'
        if noted.peer:
            line += f',"peer":"{self._pseudonym(noted.peer)}"'
        if noted.user:
            line += f',"user":"{self._pseudonym(noted.user)}"'
        if call.decision is not None and (decision := call.decision()):
            line += f',"decision_id":"{decision}"'
        if noted.trace and (ids := trace_ids(noted.trace))[0]:
            line += f',"trace_id":"{ids[0]}","span_id":"{ids[1]}"'
        return f'{line},"messages":{call.messages}}}\n' if call.messages else line + "}\n"


_TEMPLATE = (
    '{"time":"%s","event":"rpc","method":"%s","code":"%s",'
    '"duration_ms":%.3f,"queue_ms":%.3f,"execute_ms":%.3f,"request_id":"%s"'
)


def _escaped(method: str) -> str:
    """A method that nobody knows can be any text."""
    return json.dumps(method[:LONGEST_METHOD])[1:-1]


@lru_cache(1_024)
def _quoted(text: str) -> str:
    """A text as JSON has it; there are few tenants and tokens."""
    return json.dumps(text)


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1e6):06d}Z"


_last = (0, "")


def _second(whole: int) -> str:
    """A second in UTC as ISO 8601 writes it; most lines are of the second of the line before."""
    global _last
    if _last[0] != whole:
        _last = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
    return _last[1]
