"""Runs as a program: has imported what `footlight serve` imports, and makes a process of every order that comes in.

The tests start hundreds of servers, and each would spend more than a second of the processor on the same imports.
A process that is made here is one of its own in every other way: it runs the command line with the arguments,
environment and folder of the order, and ends as Python ends.

Nothing but the first thread may run here, and nobody may have called gRPC: a thread is not copied, its locks are.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from typing import TypedDict

LONGEST_ORDER = 1 << 20
NEEDED = (
    "footlight_server.starting",
    "footlight_server.app",
    "footlight_server.commands.advance_bar",
    "alembic.command",
)
ENGINES = ("recommend.item_knn", "recommend.user_knn", "recommend.popular", "act.q_learning")  # asked for in most tests
WANTED = ("uvloop", "psycopg")  # not on every system, and not in every installation


class Order(TypedDict):
    """What a process is to be."""

    words: list[str]
    environment: dict[str, str]
    folder: str


def import_what_servers_do() -> None:
    """What a server with the built-in plug-ins imports until it answers, and for new tables, in the same order."""
    from footlight.cli.app import build
    from footlight_server.polling import poll_without_event_engine

    poll_without_event_engine()  # gRPC reads it when it is imported
    build()
    for name in NEEDED:
        import_module(name)
    for name in WANTED:
        with suppress(ImportError):
            import_module(name)
    for point in entry_points(group="footlight"):
        point.load()
    for name in ENGINES:
        import_module(f"footlight_engines.{name}")


class Nursery:
    """Makes processes, and says on the line that came with each order its number and, at last, how it ended."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._lines: dict[int, socket.socket] = {}
        self._woken, self._waking = socket.socketpair()
        for end in (self._woken, self._waking):
            end.setblocking(False)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever gave the orders

    def run(self) -> list[str]:
        """Answers, in every new process, the words of its command; in the first one, nothing, once nobody orders any."""
        with selectors.DefaultSelector() as watched:
            for one in (self._orders, self._woken):
                watched.register(one, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in watched.select()]
                if self._woken in ready:
                    self._bury()
                if self._orders in ready:
                    said, files, _, _ = socket.recv_fds(self._orders, LONGEST_ORDER, 3)
                    if not said or (words := self._bear(json.loads(said), *files)):
                        return words if said else []

    def _bear(self, order: Order, line: int, out: int, err: int) -> list[str]:
        if number := os.fork():
            self._lines[number] = socket.socket(fileno=line)
            self._lines[number].sendall(f"{number}\n".encode())
            for file in (out, err):
                os.close(file)
            return []
        self._forget()
        os.close(line)
        return _become(order, out, err)

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4_096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with self._lines.pop(ended[0]) as line, suppress(OSError):
                    line.sendall(f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())

    def _forget(self) -> None:
        """Leave what only the first process needs."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, self._interrupted)
        for one in (self._orders, self._woken, self._waking, *self._lines.values()):
            one.close()


def _become(order: Order, out: int, err: int) -> list[str]:
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, out, err)):
        os.dup2(source, target)
        os.close(source)
    return order["words"]


def main() -> None:
    """Take orders on the socket that is the standard input."""
    import_what_servers_do()
    gc.collect()
    gc.freeze()  # what was imported is not looked through, nor copied, by those who come
    words = Nursery(socket.socket(fileno=os.dup(0))).run()
    if words:
        sys.argv = ["footlight", *words]
        from footlight.cli import main as footlight

        footlight()


if __name__ == "__main__":
    main()
