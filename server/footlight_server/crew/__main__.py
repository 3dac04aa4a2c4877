"""A member of a crew: ``python -m footlight_server.crew``. Reads its order, serves, and stops when its parent is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading

from footlight_server.crew.order import Order
from footlight_server.crew.supervisor import READY
from footlight_server.starting import CANNOT_START, EXPECTED, run, set_up_logging


def main() -> int:
    """Run one server."""
    order = Order.from_line(sys.stdin.readline())
    set_up_logging(order.verbose)
    threading.Thread(target=_watch_parent, daemon=True).start()
    from footlight_server.app import App, serve

    def ready(app: App) -> None:
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()

    try:
        run(serve(order.config, ready, order.lock))
    except EXPECTED as fault:
        sys.stderr.write(f"footlight serve: {fault}\n")
        return CANNOT_START
    return 0


def _watch_parent() -> None:
    """The input ends when the parent does, however that happened."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
