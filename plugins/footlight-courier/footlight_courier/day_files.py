"""Events as lines of JSON, a file a day."""

from __future__ import annotations

import fcntl
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from footlight_courier.lines import moment, plain
from footlight_plugins import EventListener, Happening, Options


class DayFilesOptions(Options):
    """Where the files lie."""

    folder: str = Field(
        "footlight-events",
        min_length=1,
        description="Where the files lie; a folder of its own for each tenant.",
    )


class DayFiles(EventListener):
    """Appends to ``FOLDER/YYYY-MM-DD.jsonl``, by the day of the event in UTC, and syncs before it says that it has heard.

    Each event is in its file once: what the server tells again is known by its position, and a line that a crash cut off
    is written anew.
    """

    options_type = DayFilesOptions

    def __init__(self, options: Options) -> None:
        """Writes nothing yet."""
        super().__init__(options)
        assert isinstance(options, DayFilesOptions)
        self.folder = Path(options.folder)
        self.position = 0
        """What lies at or before it was written by this instance."""
        self.sizes: dict[Path, int] = {}
        """How long this instance left its files; one of another length was written to by somebody else, or cut off."""

    def hear(self, happened: Sequence[Happening]) -> None:
        """Write what is new."""
        days: dict[str, list[Happening]] = defaultdict(list)
        for one in happened:
            days[f"{moment(one.time):%Y-%m-%d}"].append(one)
        with self._alone():
            for day, some in days.items():
                self._append(self.folder / f"{day}.jsonl", some)
        self.position = max(self.position, happened[-1].position)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While nobody else writes here: another server may take over from one that is slow to notice."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _append(self, path: Path, happened: Sequence[Happening]) -> None:
        size = path.stat().st_size if path.exists() else 0
        if happened[0].position <= self.position or size != self.sizes.get(path, 0):  # perhaps some of it is there
            there = _positions(path)
            happened = [one for one in happened if one.position not in there]
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(plain(one), ensure_ascii=False) + "\n" for one in happened)
            file.flush()
            os.fsync(file.fileno())
            self.sizes[path] = os.fstat(file.fileno()).st_size

    def forget(self, user: int) -> None:
        """Write the files anew that have a line of the person, without it."""
        with self._alone():
            for path in sorted(self.folder.glob("*.jsonl")):
                lines = _whole_lines(path)
                kept = [line for line in lines if json.loads(line)["user"] != user]
                if len(kept) < len(lines):
                    _replace(path, kept)


def _whole_lines(path: Path) -> list[str]:
    """The lines that were written to their ends."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return text.split("\n")[:-1]


def _positions(path: Path) -> set[int]:
    """What a file holds; a line that was cut off is taken away."""
    lines = _whole_lines(path)
    if path.exists() and path.stat().st_size != sum(len(line.encode()) + 1 for line in lines):
        _replace(path, lines)
    return {int(json.loads(line)["position"]) for line in lines}


def _replace(path: Path, lines: Iterable[str]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
