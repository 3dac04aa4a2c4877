"""How long after one server has acknowledged something the answers of another one show it.

Two real servers on one database and one data directory. Events are told to one and asked of the other in turn; then an
agent is moved by both in turn, which hands its lease over at every step; then its holder is killed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from footlight import Client, Event, EventKind, Item

ITEMS = 200


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; SQLite where it is empty")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder)
        (first, one), (_, other) = (stack.enter_context(server(data, name, options.database)) for name in ("1", "2"))
        one.put_items([Item(f"item-{i}") for i in range(ITEMS)])
        clients = (one, other)
        show(
            "event shown by the other", [converge(clients[i % 2], clients[1 - i % 2], i) for i in range(options.rounds)]
        )
        one.create_agent("agent", 5, 3, seed=1)
        show("act, the lease handed over", [act(clients[i % 2], i) for i in range(options.rounds)])
        show("act, the lease held", [act(one, i) for i in range(options.rounds, 2 * options.rounds)][1:])
        first.kill()
        show("act, the holder dead", [act(other, 2 * options.rounds)])


@contextmanager
def server(data: Path, name: str, database: str) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    """A server in a process of its own."""
    ready = data / f"ready-{name}"
    words = ["--data-dir", str(data), "--listen", "127.0.0.1:0", "--ready-file", str(ready), "--shared"]
    command = [sys.executable, "-m", "footlight.cli", "serve", *words, "--database", database]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.02)
        with Client(ready.read_text().strip()) as client:
            yield process, client
    finally:
        process.terminate()
        process.wait()


def converge(told: Client, asked: Client, number: int) -> float:
    """Seconds from the acknowledgement of an event to the first answer that reflects it."""
    event = Event(f"person-{number}", f"item-{number % ITEMS}", EventKind.PLAY, event_id=f"event-{number}")
    position = told.record_events([event]).log_position

    def shown() -> bool:
        answer = asked.recommend(event.user_id, 3, deployment="user-knn")
        return not answer.fallback and answer.log_position >= position

    return seconds_until(shown)


def seconds_until(holds: Callable[[], bool]) -> float:
    started = time.perf_counter()
    while not holds():
        pass
    return time.perf_counter() - started


def act(client: Client, number: int) -> float:
    """Seconds that one step of the agent takes."""
    started = time.perf_counter()
    client.act("agent", "s", number % 5, reward=1.0 if number else None, request_id=f"r{number}")
    return time.perf_counter() - started


def show(what: str, seconds: list[float]) -> None:
    """One line of the table, in milliseconds."""
    ordered = sorted(1e3 * s for s in seconds)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    sys.stdout.write(
        f"{what:28} median {statistics.median(ordered):8.1f} ms   p99 {p99:8.1f}   max {ordered[-1]:8.1f}\n"
    )


if __name__ == "__main__":
    main()
