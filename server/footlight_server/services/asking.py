"""What a gRPC context says about the caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import grpc

from footlight_server.dispatch.asking import ANYBODY, DEFAULT_SECONDS, LONGEST_SECONDS, Asking


def asking(context: grpc.aio.ServicerContext[Any, Any]) -> Asking:
    """Who calls, and until when they wait."""
    seconds = context.time_remaining()
    wait = DEFAULT_SECONDS if seconds is None else min(seconds, LONGEST_SECONDS)
    return Asking(ANYBODY, time.monotonic() + wait, _leaving())


def _leaving() -> Callable[[], bool]:
    """Tells whether the caller of the call that runs now has left; any thread may ask.

    gRPC cancels the call's task then. Its context does not say so: ``cancelled`` speaks of the status that was sent.
    """
    task = asyncio.current_task()
    assert task is not None
    cancelling = task.cancelling
    return lambda: cancelling() > 0
