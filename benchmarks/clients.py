"""Recommend as often as each client can, against the same server. Builds on what make test-clients has built."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import footlight

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(__file__).with_name("clients")
Figures = Mapping[str, float]
CLIENTS = ("python", "python-async", "node", "node-fetch", "go", "java", "cpp")


def main() -> None:
    """Measure every client that is built, and print a table and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "clients")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--python-caller", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.python_caller:
        client, address = asked.python_caller
        print(json.dumps(python(client, address, asked.callers[0], asked.seconds)))
        return
    commands = {name: command for name in CLIENTS if (command := built(name, asked.build))}
    with server() as (address, web):
        found = [
            {
                "client": name,
                "callers": callers,
                **one(commands[name], web if name == "node-fetch" else address, callers, asked.seconds),
            }
            for callers in asked.callers
            for _ in range(asked.rounds)
            for name in commands
        ]
    print(json.dumps(found))
    show(found)


def one(command: Sequence[str], address: str, callers: int, seconds: float) -> Figures:
    """The figures of one run."""
    told = [part.format(address=address, callers=callers, seconds=seconds) for part in command]
    done = subprocess.run(told, capture_output=True, text=True, check=True, cwd=ROOT / "clients" / "node")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def show(found: Sequence[Mapping[str, object]]) -> None:
    """The medians over the rounds."""
    print(f"{'client':14} {'callers':>7} {'calls/s':>8} {'p50 us':>8} {'p99 us':>8}")
    for name, callers in dict.fromkeys((one["client"], one["callers"]) for one in found):
        runs = [one for one in found if (one["client"], one["callers"]) == (name, callers)]
        middle = [
            statistics.median(float(str(one[key])) for one in runs) for key in ("calls_per_second", "p50_us", "p99_us")
        ]
        print(f"{name:14} {callers:>7} {middle[0]:8,.0f} {middle[1]:8,.0f} {middle[2]:8,.0f}")


def built(name: str, build: Path) -> list[str]:
    """The command of a client's caller; empty where it cannot be built."""
    last = ["{address}", "{callers}", "{seconds}"]
    if name.startswith("python"):
        more = ["--python-caller", name, "{address}", "--callers", "{callers}", "--seconds", "{seconds}"]
        return [sys.executable, str(Path(__file__).resolve()), *more]
    if name.startswith("node"):
        copy = ROOT / "clients" / "node" / "dist" / "bench.mjs"  # beside the package, whose name it imports
        if not copy.parent.is_dir():
            return []
        shutil.copy(PROGRAMS / "bench.mjs", copy)
        return ["node", str(copy), *last]
    try:
        return [*_BUILDS[name](build / name), *last]
    except (OSError, subprocess.CalledProcessError) as fault:
        print(f"{name} is left out: {fault}", file=sys.stderr)
        return []


def _go(build: Path) -> list[str]:
    source = build / "src/footlight.local/footlight/bench"
    source.mkdir(exist_ok=True)
    shutil.copy(PROGRAMS / "bench.go", source / "main.go")
    where = f"GO111MODULE=off GOPATH={build}:/usr/share/gocode"
    subprocess.run(
        ["env", *where.split(), "go", "build", "-o", build / "bench", "footlight.local/footlight/bench"], check=True
    )
    return [str(build / "bench")]


def _java(build: Path) -> list[str]:
    classpath = (build / "conformance").read_text().split('-cp "')[1].split('"')[0]
    subprocess.run(["javac", "-d", build / "classes", "-cp", classpath, PROGRAMS / "Bench.java"], check=True)
    return ["java", "-cp", classpath, "footlight.Bench"]


def _cpp(build: Path) -> list[str]:
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "grpc++", "protobuf"], capture_output=True, text=True, check=True
    )
    own = [
        f"-I{ROOT}/clients/cpp/include",
        f"-I{build}/generated",
        f"{build}/libfootlight.a",
        f"{build}/libfootlight_wire.a",
    ]
    command = [
        "c++",
        "-O2",
        "-std=c++17",
        str(PROGRAMS / "bench.cc"),
        *own,
        *flags.stdout.split(),
        "-lcrypto",
        "-lpthread",
    ]
    subprocess.run([*command, "-o", str(build / "bench")], check=True)
    return [str(build / "bench")]


_BUILDS: Mapping[str, Callable[[Path], list[str]]] = {"go": _go, "java": _java, "cpp": _cpp}


def python(client: str, address: str, callers: int, seconds: float) -> Figures:
    """The figures of a Python client in this process."""
    measure = _by_tasks if client == "python-async" else _by_threads
    taken = sorted(measure(address, callers, seconds))
    at = [taken[int(share * (len(taken) - 1))] * 1e6 for share in (0.5, 0.99)]
    return {"calls_per_second": len(taken) / seconds, "p50_us": at[0], "p99_us": at[1]}


def _by_threads(address: str, callers: int, seconds: float) -> list[float]:
    all_taken: list[list[float]] = [[] for _ in range(callers)]

    def caller(client: footlight.Client, during: float, taken: list[float]) -> None:
        end = time.perf_counter() + during
        while (began := time.perf_counter()) < end:
            client.recommend("a-00", deployment="item-knn", reasons=0)
            taken.append(time.perf_counter() - began)

    with footlight.Client(address) as client:
        caller(client, 1.0, [])  # connects and warms up
        threads = [threading.Thread(target=caller, args=(client, seconds, taken)) for taken in all_taken]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [one for taken in all_taken for one in taken]


def _by_tasks(address: str, callers: int, seconds: float) -> list[float]:
    async def caller(client: footlight.AsyncClient, during: float, taken: list[float]) -> None:
        end = time.perf_counter() + during
        while (began := time.perf_counter()) < end:
            await client.recommend("a-00", deployment="item-knn", reasons=0)
            taken.append(time.perf_counter() - began)

    async def measure() -> list[float]:
        taken: list[float] = []
        async with footlight.AsyncClient(address) as client:
            await caller(client, 1.0, [])
            await asyncio.gather(*(caller(client, seconds, taken) for _ in range(callers)))
        return taken

    return asyncio.run(measure())


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """A server with 400 films and the ratings of 400 people, an item-knn trained on them, and its HTTP port."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", folder, "--ready-file", str(ready)]
        command += ["--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            address, web, *_ = ready.read_text().split()
            fill(address)
            yield address, f"http://{web}"
        finally:
            process.terminate()
            process.wait()


def fill(address: str) -> None:
    """The films and the ratings; person n likes every third film from n on."""
    with footlight.Client(address) as client:
        client.put_items(footlight.Item(f"a{n:03}", title=f"Film {n}") for n in range(400))
        client.record_events(
            footlight.Event(f"a-{n:02}", f"a{(n + 3 * k) % 400:03}", footlight.EventKind.RATING, 3.0 + k % 3)
            for n in range(400)
            for k in range(20)
        )
        client.train("item-knn")


if __name__ == "__main__":
    main()
