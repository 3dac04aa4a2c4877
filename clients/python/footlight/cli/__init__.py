"""The command line: `footlight`.

Needs typer and rich (the extra `cli`); nothing here is imported by the client.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

_NEEDED = ("typer", "rich")


def main() -> None:
    """Runs the command line; the exit code says how it went.

    0: done. 1: the server answered an error. 2: the command or a file is wrong. 3: no server answers. 130: Ctrl-C.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(f"footlight: the command line needs {' and '.join(missing)}: pip install 'footlight[cli]'\n")
        sys.exit(2)
    from footlight.cli.app import build

    build()()
