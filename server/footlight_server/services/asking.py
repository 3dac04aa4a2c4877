"""What a gRPC context says about the caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, TypeAlias

import grpc

from footlight_server.dispatch.asking import ANYBODY, DEFAULT_SECONDS, LONGEST_SECONDS, Asking, Principal

Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]

CALLER: ContextVar[Principal] = ContextVar("caller", default=ANYBODY)
"""Who makes the call that a task answers; the gate says it, once a call."""
METADATA: ContextVar[Metadata] = ContextVar("metadata", default=())
"""What came with the call beside its message, from the gate too: each time gRPC is asked for it, it reads it anew."""


def asking(context: grpc.aio.ServicerContext[Any, Any]) -> Asking:
    """Who calls, and until when they wait.

    gRPC cancels the call's task when the caller leaves. Its context does not say so: ``cancelled`` speaks of the status
    that was sent.
    """
    seconds = context.time_remaining()
    wait = DEFAULT_SECONDS if seconds is None else min(seconds, LONGEST_SECONDS)
    task = asyncio.current_task()
    assert task is not None
    return Asking(CALLER.get(), time.monotonic() + wait, task.cancelling)
