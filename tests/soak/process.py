"""What the system knows about a process: its memory, its open files, its threads."""

from __future__ import annotations

import re
import threading
from pathlib import Path

MIB = 1 << 20


def resident(pid: int) -> int:
    """Bytes of memory in use."""
    return _status(pid, "VmRSS") * 1024


def threads(pid: int) -> int:
    """How many threads it has."""
    return _status(pid, "Threads")


def descriptors(pid: int) -> int:
    """How many files and sockets it holds open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


class Watch(threading.Thread):
    """Notes the memory of a process again and again, until it is told to stop."""

    def __init__(self, pid: int, seconds: float = 0.25) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._seconds = seconds
        self._ended = threading.Event()
        self.sizes: list[int] = []
        self.start()

    def run(self) -> None:
        while not self._ended.wait(self._seconds):
            self.sizes.append(resident(self._pid))

    def end(self) -> list[int]:
        """Stop, and answer what was noted, in bytes."""
        self._ended.set()
        self.join()
        return self.sizes
