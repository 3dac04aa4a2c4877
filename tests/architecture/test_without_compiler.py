"""The kernels are plain Python underneath."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_kernels_give_the_same_without_the_compiler(root: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/kernels"]
    found = subprocess.run(
        command, cwd=root, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout
