"""Answers as tables of HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

MOST_ROWS = 50


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; of more rows than a screen holds it shows the first and says how many there are."""
    lines = [list(map(_cell, row)) for row in rows]
    shown = lines[:MOST_ROWS]
    more = f" (the first {MOST_ROWS} of {len(lines):,})" if len(lines) > MOST_ROWS else ""
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in shown)
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    return f"<table><caption>{escape(caption)}{more}</caption><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
    return f"<td>{escape(text)}</td>"


def reason_text(reason: Any) -> str:
    """A reason in a few words."""
    words = reason.kind.value.replace("_", " ")
    if reason.item_id:
        words = f"{words.replace('because of item', 'because of')} {reason.item_id}"
    return f"{words} ({reason.share:.0%})" if reason.share else words
