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

LONGEST_ORDER = 1 << 20
NEEDED = (
    "footlight_server.starting",
    "footlight_server.app",
    "footlight_server.commands.advance_bar",
    "alembic.command",
)
ENGINES = ("recommend.item_knn", "recommend.user_knn", "recommend.popular", "act.q_learning")  # asked for in most tests
WANTED = ("uvloop", "psycopg")  # not on every system, and not in every installation


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
    """Makes processes, one for each connection, and says on it their number and, at last, how they ended."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._lines: dict[int, socket.socket] = {}
        self._woken, waking = socket.socketpair()
        for end in (self._woken, waking, door):
            end.setblocking(False)
        self._waking = waking
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever gave the orders

    def run(self) -> list[str]:
        """Answers, in every new process, the words of its command; in the first one, nothing, once nobody listens."""
        with selectors.DefaultSelector() as watched:
            for one in (self._door, self._woken, sys.stdin):
                watched.register(one, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in watched.select()]
                if self._woken in ready:
                    self._bury()
                if self._door in ready and (words := self._bear()):
                    return words
                if sys.stdin in ready:
                    return []

    def _bear(self) -> list[str]:
        line, _ = self._door.accept()
        line.setblocking(True)
        said, files, _, _ = socket.recv_fds(line, LONGEST_ORDER, 2)
        while more := line.recv(LONGEST_ORDER):
            said += more
        if number := os.fork():
            self._lines[number] = line
            line.sendall(f"{number}\n".encode())
            for file in files:
                os.close(file)
            return []
        self._forget()
        line.close()
        return _become(json.loads(said), files)

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
        for one in (self._door, self._woken, self._waking, *self._lines.values()):
            one.close()


def _become(order: dict[str, object], files: list[int]) -> list[str]:
    environment, words = order["environment"], order["words"]
    assert isinstance(environment, dict) and isinstance(words, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(order["folder"]))
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, *files)):
        os.dup2(source, target)
        os.close(source)
    return [str(word) for word in words]


def main() -> None:
    """Listen on the Unix socket that the one argument names."""
    import_what_servers_do()
    gc.collect()
    gc.freeze()  # what was imported is not looked through, nor copied, by those who come
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(sys.argv[1])
        door.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        words = Nursery(door).run()
    if words:
        sys.argv = ["footlight", *words]
        from footlight.cli import main as footlight

        footlight()


if __name__ == "__main__":
    main()
