"""What a start leaves behind and what lies free goes back to the system, and nothing breaks by it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from footlight_server.memory import ARENAS

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

CROWD = """
import ctypes, re, threading
from footlight_server.memory import ARENAS, share_arenas

system = ctypes.CDLL("libc.so.6")
system.malloc.restype = system.fopen.restype = ctypes.c_void_p
all_there = threading.Barrier(12)

def hold():
    system.malloc(2_000)
    all_there.wait()

share_arenas()
threads = [threading.Thread(target=hold) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
told = ctypes.c_void_p(system.fopen(b"/dev/stdout", b"w"))
system.malloc_info(0, told)
system.fclose(told)
"""

HOLES = """
import ctypes, pathlib
from footlight_server.memory import hand_back_memory

system = ctypes.CDLL("libc.so.6")
system.malloc.restype = ctypes.c_void_p

def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096

pieces = [ctypes.c_void_p(system.malloc(2_000)) for _ in range(20_000)]
for piece in pieces:
    ctypes.memset(piece, 1, 2_000)
for number, piece in enumerate(pieces):
    if number % 64:
        system.free(piece)
before = resident()
hand_back_memory()
print(before - resident())
"""
ONLY_GNU = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is the allocator of the GNU C library")


@ONLY_GNU
def test_threads_share_few_arenas() -> None:
    command, environment = [sys.executable, "-c", CROWD], {"PATH": os.environ["PATH"]}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert 1 <= ran.stdout.count("<heap ") <= ARENAS


@ONLY_GNU
def test_what_lies_free_between_what_is_held_goes_back() -> None:
    ran = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 20 * 2**20  # of 38 MiB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is in memory in /proc")
def test_the_compilers_code_leaves_the_memory_and_still_compiles() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, after, answer = (int(word) for word in ran.stdout.split())
    assert after < before / 2
    assert answer == 42
