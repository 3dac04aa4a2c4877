"""What every process that runs a server does first, and how it says that it cannot."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Coroutine
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from footlight_plugins.loader import PluginsFailed
from footlight_server.door import CannotStart
from footlight_server.errors import FootlightError
from footlight_server.memory import share_arenas
from footlight_server.polling import poll_without_event_engine

CANNOT_START = 3
"""The exit code of a server that could not start."""

EXPECTED = (CannotStart, PluginsFailed, FootlightError, SQLAlchemyError, OSError, ValueError)
"""What may stand in the way of a start; the message tells the operator what."""


def set_up_logging(verbose: bool) -> None:
    """Log to the standard error."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("numba", "alembic", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def run(server: Coroutine[Any, Any, None]) -> None:
    """Run a server to its end, on the event loop of uvloop where that is installed: it takes a fifth off every call.

    What imports gRPC is imported by the coroutine: see `polling`.
    """
    gc.set_threshold(200_000)  # what is imported stays: looking through it again and again is a tenth of a start
    share_arenas()
    poll_without_event_engine()
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(server)
    else:
        uvloop.run(server)
