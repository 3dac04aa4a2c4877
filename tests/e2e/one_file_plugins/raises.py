"""A plug-in that cannot be imported."""

from __future__ import annotations

raise RuntimeError("no licence found")
