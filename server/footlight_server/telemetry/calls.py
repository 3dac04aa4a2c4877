"""What is noted of a call while it is answered. Every call has a task of its own, and with it its own context."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections.abc import Iterable
from contextvars import ContextVar

REQUEST_ID, TRACE_PARENT = "x-request-id", "traceparent"
"""What is read of a call's metadata; the first goes back with the answer to whoever sent it."""

_RUN = secrets.token_hex(4)
_NUMBER = itertools.count(1)
_REQUEST_ID = re.compile(r"[!#-\[\]-~]{1,128}")
"""Printable, and nothing that JSON would have to escape."""
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Noted:
    """One call. Parts that know something about it write it here."""

    __slots__ = (
        "begun",
        "code",
        "echoed",
        "executed",
        "messages",
        "peer",
        "queued",
        "request_id",
        "started",
        "subject",
        "tenant",
        "trace",
        "user",
    )

    def __init__(self, started: float, said: str, trace: str) -> None:
        """``said`` is the caller's own id for the call, empty for none."""
        self.started = started
        """On the clock of `time.perf_counter`."""
        self.echoed = bool(said and _REQUEST_ID.fullmatch(said))
        """Whether the caller's id is one, and goes back."""
        self.request_id = said if self.echoed else f"{_RUN}-{next(_NUMBER):x}"
        """The caller's where it is 1 to 128 printable characters of ASCII, no quote and no backslash, or a new one."""
        self.trace = trace
        """The header `traceparent` of W3C, as it came; empty for none."""
        self.queued = 0.0
        """Seconds in which it waited for an engine's turn."""
        self.executed = 0.0
        """Seconds in which an engine worked for it."""
        self.messages = 0
        """How many messages a stream has answered that writes them by hand."""
        self.user = ""
        self.subject = ""
        self.tenant = ""
        self.begun = False
        """Whether a service has heard of it."""
        self.peer = ""
        """The address of whoever was turned away at the door; empty for all others."""
        self.code = ""
        """The status that it was refused with; empty while it was not."""

    def worked(self, queued: float, executed: float) -> None:
        """An engine has done a piece of work for the call."""
        self.queued += queued
        self.executed += executed


NOTED: ContextVar[Noted | None] = ContextVar("noted", default=None)
"""The call that is being answered; None outside of one."""


def heard(metadata: Iterable[tuple[str, str | bytes]]) -> Noted:
    """A call that comes in with this metadata."""
    said = trace = ""
    for key, value in metadata:
        if key == REQUEST_ID:
            said = str(value)
        elif key == TRACE_PARENT:
            trace = str(value)
    return Noted(time.perf_counter(), said, trace)


def trace_ids(parent: str) -> tuple[str, str]:
    """Trace and span of a `traceparent`; empty where it is none."""
    found = _TRACE_PARENT.fullmatch(parent)
    return (found[1], found[2]) if found else ("", "")
