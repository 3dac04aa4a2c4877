"""A PostgreSQL cluster of the tests' own: in a folder that is thrown away, on a Unix socket inside it, gone at the end.

Nothing of it listens on the network, and nothing of a cluster that may run on this machine is touched.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

STORES = ("sqlite", "postgresql")
OWNER = "footlight"
PORT = 54_321  # names the socket's file; the cluster listens nowhere else
START_SECONDS = 30.0
FAST = ("fsync=off", "full_page_writes=off", "max_wal_size=256MB")
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
"""A new database is hundreds of files, which takes a tenth of the time in memory: where there is so much room, in bytes."""


def binaries() -> Path | None:
    """The folder of PostgreSQL's server programs; None where they are not installed."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[4]), default=None)
    return None if newest is None else newest.parent


def _place() -> Path | None:
    """The folder for clusters; None: that for temporary files."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM else None


class Cluster:
    """A running server; `stop` and `start` let a test take it away for a while."""

    def __init__(self, programs: Path, settings: Sequence[str] = FAST) -> None:
        self._settings = ("listen_addresses=", "max_connections=300", *settings)
        self.folder = Path(tempfile.mkdtemp(prefix="footlight-postgresql-", dir=_place()))
        self._programs = programs
        self._numbers = count()
        self._as_owner: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self._as_owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        command = ["initdb", "-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run(*command)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [part for setting in self._settings for part in ("-c", setting)]
        folder = str(self.folder)
        command = [str(self._programs / "postgres"), "-D", "data", "-k", folder, "-p", str(PORT), *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self._as_owner)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGINT) -> None:
        """End every connection and the server: SIGINT in good order, SIGQUIT as in a crash."""
        self._process.send_signal(number)
        self._process.wait(timeout=START_SECONDS)

    @property
    def is_running(self) -> bool:
        """Whether the server has not been stopped."""
        return self._process.poll() is None

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        if self.is_running:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, template: str = "template0") -> str:
        """Make a database, a copy of another one, and answer its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def fresh(self) -> str:
        """Make a database that Footlight's tables are in, and answer its name: faster than the migrations."""
        return self.create(self._migrated())

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """Where a database is, as `--database` takes it."""
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self.folder}&port={PORT}"

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement outside a transaction; answers its rows."""
        import psycopg

        with psycopg.connect(self._info(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @cache  # noqa: B019  # there is one cluster, and it lives as long as the tests
    def _migrated(self) -> str:
        from footlight_server.log import Database

        name = self.create()
        Database.open(self.url(name)).close()
        return name

    def _info(self, database: str) -> str:
        return f"host={self.folder} port={PORT} user={OWNER} dbname={database}"

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-h", str(self.folder), "-p", str(PORT), "-q"]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as_owner)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")


def is_required() -> bool:
    """Whether the tests must fail, and not be skipped, where PostgreSQL is missing."""
    return bool(os.environ.get("CI")) or os.environ.get("FOOTLIGHT_REQUIRE_POSTGRESQL") == "1"


@cache
def _started(programs: Path) -> Cluster:
    cluster = Cluster(programs)
    atexit.register(cluster.remove)
    return cluster


def own_cluster() -> Cluster:
    """The cluster that all tests share. Skips the test where PostgreSQL's server is not installed."""
    return _started(_programs())


def _programs() -> Path:
    if (programs := binaries()) is None:
        reason = "PostgreSQL's server programs (initdb, postgres) are neither on the path nor below /usr/lib/postgresql"
        if is_required():
            pytest.fail(reason)
        pytest.skip(reason)
    return programs


@contextmanager
def another_cluster() -> Iterator[Cluster]:
    """A cluster for a test that stops it. Skips the test where PostgreSQL's server is not installed."""
    cluster = Cluster(_programs())
    try:
        yield cluster
    finally:
        cluster.remove()


@contextmanager
def new_database(store: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database with Footlight's tables, or of none yet in SQLite's case; dropped at the end."""
    if store == "sqlite":
        yield f"sqlite:///{folder / 'footlight.db'}"
        return
    cluster = own_cluster()
    name = cluster.fresh()
    yield cluster.url(name)
    cluster.drop(name)
