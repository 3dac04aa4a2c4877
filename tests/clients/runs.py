"""Builds the clients and runs them, side by side: both are mostly waiting, for a compiler or for a server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock

from tests.clients.cases import CASES, Outcome
from tests.clients.languages import LANGUAGES, ROOT, WEB

Outcomes = Mapping[str, Outcome]
LONGEST_RUN = 120
ENVIRONMENT = os.environ | {"GRPC_GO_RETRY": "on"}
"""Debian's gRPC for Go sends nothing again unless it is told to; newer versions do of themselves."""


class Workshop:
    """All clients, being built."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2)
        self._made = {one.name: self._pool.submit(one.made) for one in (*LANGUAGES, WEB)}

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def made(self, name: str) -> list[str]:
        """The command of a client's runner, once it is built."""
        return self._made[name].result()


class Run:
    """One client's runner: on the cases, and on servers that are no such server or let nobody in."""

    _one_at_a_time = Lock()
    """The cases make and delete what other runs would see."""

    def __init__(self, pool: Executor, workshop: Workshop, language: str, told: tuple[str, Path]) -> None:
        """``told`` is the server's address, and the cases that name servers of their own."""
        self.name = f"run-{language}"
        self._command = partial(workshop.made, language)
        self._address, elsewhere = told
        self.cases: Future[Outcomes] = pool.submit(self._alone, CASES)
        self.elsewhere: Future[Outcomes] = pool.submit(self._report, elsewhere)

    def _alone(self, cases: Path) -> Outcomes:
        self._command()
        with self._one_at_a_time:
            return self._report(cases)

    def _report(self, cases: Path) -> Outcomes:
        command = [*self._command(), str(cases), self._address, self.name]
        done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=LONGEST_RUN)
        assert done.returncode == 0, done.stderr[-3000:]
        return {one.name: one for one in map(Outcome.read, done.stdout.splitlines())}
