"""What a gRPC context says about the caller."""

from __future__ import annotations

from typing import Any

import grpc

from footlight_server.dispatch.asking import ANYBODY, Asking, deadline_after


def asking(context: grpc.aio.ServicerContext[Any, Any]) -> Asking:
    """Who calls, and until when they wait."""
    return Asking(ANYBODY, deadline_after(context.time_remaining()), context.cancelled)
