"""Throws away compiled kernels that were made from other sources.

Numba keeps what it compiled beside a kernel's file, and notices when that file changes, but not when a kernel that it calls
in another file does. After an upgrade it would go on with the old one, which may take its arguments in another order.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def forget_stale_code(folder: Path = Path(__file__).parent) -> None:
    """Delete what was compiled in a folder of kernels, unless its sources are those of the last time.

    Where nothing can be written, nothing is done.
    """
    files = [(path.name, path.stat()) for path in sorted(folder.glob("*.py"))]
    sources = "\n".join(f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in files)
    compiled = folder / "__pycache__"
    with suppress(OSError):
        compiled.mkdir(exist_ok=True)
        known = compiled / "sources.txt"
        if known.exists() and known.read_text() == sources:
            return
        for path in (*compiled.glob("*.nbi"), *compiled.glob("*.nbc")):
            path.unlink(missing_ok=True)
        known.write_text(sources)
