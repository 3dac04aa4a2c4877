"""How gRPC's core hears of what comes in, which its environment says when it is imported.

With its event engine, a thread of its own reads what has come in and hands it to the thread that waits for whole calls.
Without, that thread polls and reads by itself, as it did for years: a third less of the processor for each call, and a
fifth more calls a second.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

VARIABLE = "GRPC_EXPERIMENTS"
NEWEST_KNOWN = (1, 85)
"""A gRPC that does not know the name complains of it, so a newer one is left as it comes."""


def poll_without_event_engine() -> None:
    """Choose for servers of this process and its children, unless the environment does. Call it before gRPC is imported."""
    if VARIABLE not in os.environ and _is_known():
        os.environ[VARIABLE] = "-event_engine_listener"


def _is_known() -> bool:
    """Whether gRPC is one of those that know the name; one that does not say which it is, is left as it comes."""
    try:
        return tuple(map(int, version("grpcio").split(".")[:2])) <= NEWEST_KNOWN
    except (PackageNotFoundError, ValueError):
        return False
