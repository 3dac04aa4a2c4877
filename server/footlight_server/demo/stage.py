"""Where the demo happens: its folder, its server, its voice, and the figures it collects."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import footlight

START_SECONDS = 180.0
"""The very first start compiles kernels."""

SEED = 7
"""Everything that is drawn comes from it."""


@dataclass(slots=True)
class Stage:
    """Everything that the parts of the demo share."""

    folder: Path
    quick: bool
    console: Console
    """Speaks to people; to stderr when stdout is for a machine."""
    client: footlight.Client
    figures: dict[str, Any] = field(default_factory=dict)
    """What `--json` prints."""

    def say(self, text: str = "") -> None:
        """Print a line."""
        self.console.print(text, highlight=False)

    def title(self, text: str) -> None:
        """Print a heading."""
        self.console.print()
        self.console.rule(f"[bold]{text}", align="left")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Bars that show the time left."""
        columns = (
            TextColumn("  {task.description:<18}"),
            BarColumn(16),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("left  {task.fields[note]}"),
        )
        with Progress(*columns, console=self.console) as bars:
            yield bars


def fresh_folder(folder: Path) -> Path:
    """Make the demo's folder, with nothing of an earlier demo's data in it.

    Raises
    ------
    CannotStart
        When a server that an earlier demo left running still uses it.
    """
    from footlight_server.door import lock_data_dir

    data = folder / "data"
    if data.exists():
        lock_data_dir(data)  # let go of when this process ends; the folder it lies in is removed now
        shutil.rmtree(data)
    folder.mkdir(parents=True, exist_ok=True)
    return data


@contextmanager
def compiling_ahead() -> Iterator[subprocess.Popen[bytes]]:
    """Have kernels compiled by a process of its own, as long as the block lasts. That is a help and nothing more: whoever
    needs one that is not there yet compiles it.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "footlight_server.demo.compiling"],
        stdin=subprocess.PIPE,  # it ends when this ends, also where this process is killed
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def start_server(folder: Path, data: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a real server in a process of its own: the process and its address."""
    ready = folder / "address"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", str(data), "--listen", "127.0.0.1:0"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready)], stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise typer.BadParameter(f"the server did not start; its log is {folder / 'server.log'}")
        time.sleep(0.02)
    return process, ready.read_text().strip()


class Listener:
    """Hears of a job from the moment it is made, whatever else is done meanwhile."""

    def __init__(self, client: footlight.Client, training: footlight.Training) -> None:
        self.heard: list[footlight.Training] = []
        """Every state of the job that was told so far."""
        self._news: SimpleQueue[footlight.Training | Exception] = SimpleQueue()
        Thread(target=self._listen, args=(client, training.training_id), daemon=True).start()

    def _listen(self, client: footlight.Client, training_id: str) -> None:
        try:
            for now in client.watch_training(training_id):
                self.heard.append(now)
                self._news.put(now)
        except Exception as fault:  # it is raised where somebody waits for the end
            self._news.put(fault)

    def __iter__(self) -> Iterator[footlight.Training]:
        """What was heard, from the first to the end of the job."""
        while True:
            news = self._news.get()
            if isinstance(news, Exception):
                raise news
            yield news
            if news.ended:
                return


def watch(stage: Stage, listener: Listener, label: str, shown: Mapping[str, str]) -> list[footlight.Training]:
    """Show a job's progress until it ends; answer what was heard of it, the end last.

    Parameters
    ----------
    shown
        The figures that stand beside the bar, by name, and how each is written.

    Raises
    ------
    footlight.TrainingFailed
        When it did not make a model.
    """
    done = (
        int(100 * listener.heard[-1].fraction) if listener.heard else 0
    )  # the time left counts from what is done by now
    with stage.progress() as bars:
        task = bars.add_task(label, total=100.0, completed=done, note="starting ...")
        for now in listener:
            note = "  ".join(
                f"{name} {now.metrics[name]:{form}}" for name, form in shown.items() if name in now.metrics
            )
            bars.update(task, completed=max(done, 100 * now.fraction), note=note)
    if (end := listener.heard[-1]).state is not footlight.TrainingState.SUCCEEDED:
        raise footlight.TrainingFailed(end)
    return listener.heard
