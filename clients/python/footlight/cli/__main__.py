"""``python -m footlight.cli``: the command line without its script."""

from __future__ import annotations

from footlight.cli import main

if __name__ == "__main__":
    main()
