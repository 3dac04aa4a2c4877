"""What a start leaves behind goes back to the system, and nothing breaks by it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from numba import njit
from footlight_server.memory import COMPILER, hand_back_memory

def resident():
    total, counted = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            counted = COMPILER in line
        elif counted and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total

njit(lambda x: x + 1)(1)
before = resident()
hand_back_memory()
print(before, resident(), njit(lambda x: x * 2)(21))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is in memory in /proc")
def test_the_compilers_code_leaves_the_memory_and_still_compiles() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, after, answer = (int(word) for word in ran.stdout.split())
    assert after < before / 2
    assert answer == 42
