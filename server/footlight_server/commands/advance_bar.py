"""Shows on a terminal how far the replay of the log is. Elsewhere the log gets a line every few seconds."""

from __future__ import annotations

import logging

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from footlight_server.models import replaying
from footlight_server.models.replaying import Advance


class AdvanceBar(logging.Handler):
    """Draws what `replaying` logs; a line stays for each replay that has ended."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        figures = TextColumn("{task.completed:,.0f} of {task.total:,.0f} events, {task.fields[pace]:,.0f}/s")
        self._progress = Progress(*columns, figures, TimeRemainingColumn(), console=console, transient=True)
        self._console = console
        self._tasks: dict[Advance, TaskID] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Draw one record."""
        advance = getattr(record, "advance", None)
        if not isinstance(advance, Advance):
            return
        if advance.finished:
            self._end(advance)
            return
        if (task := self._tasks.get(advance)) is not None:
            self._progress.update(task, completed=advance.done, pace=advance.pace)
            return
        self._tasks[advance] = self._progress.add_task(advance.what, total=advance.total, pace=advance.pace)
        self._progress.update(self._tasks[advance], completed=advance.done)
        self._progress.start()

    def _end(self, advance: Advance) -> None:
        if (task := self._tasks.pop(advance, None)) is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self._progress.stop()
        self._console.print(str(advance), markup=False, highlight=False)

    def close(self) -> None:
        """Leave the terminal alone."""
        self._progress.stop()
        super().close()


def show_advance() -> None:
    """Draw a bar from now on, where stderr is a terminal."""
    console = Console(stderr=True)
    if console.is_terminal:
        replaying.log.addHandler(AdvanceBar(console))
        replaying.log.setLevel(logging.DEBUG)
        replaying.log.propagate = False
