"""Checks of what a caller sent. Each names the field that is wrong and says what was expected."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from footlight_server.errors import InvalidArgument

LONGEST_ID = 256
PLAIN = LONGEST_ID // 4
"""An id of at most so many printable characters is right whatever they are: a character has at most four bytes."""
LARGEST_SEED = 2**62
LARGEST_ATTRIBUTES = 16 * 1024
LATEST_TIME = 7_258_118_400_000_000
"""The year 2200, in microseconds since 1970."""


def check_id(field: str, text: str, high: int = LONGEST_ID) -> str:
    """A name that the owner gave: 1 to 256 bytes of UTF-8 without control characters."""
    if is_plain(text) and high >= LONGEST_ID:
        return text
    size = len(_utf8(field, text))
    if not size:
        raise InvalidArgument(field, "must not be empty")
    if size > high:
        raise InvalidArgument(field, f"must have at most {high:,} bytes, not {size:,}")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise InvalidArgument(field, "must not hold control characters")
    return text


def is_plain(text: str) -> bool:
    """Whether an id is obviously right: short, and every character can be printed."""
    return text.isprintable() and 0 < len(text) <= PLAIN


def check_text(field: str, text: str, high: int, low: int = 0) -> str:
    """Free text of ``low`` to ``high`` bytes of UTF-8."""
    size = len(_utf8(field, text))
    if size < low:
        raise InvalidArgument(field, "must not be empty")
    if size > high:
        raise InvalidArgument(field, f"must have at most {high:,} bytes, not {size:,}")
    if "\0" in text:
        raise InvalidArgument(field, "must not hold the character NUL")
    return text


def check_count(field: str, value: int, default: int, high: int) -> int:
    """How many: 1 to ``high``; 0 means the default."""
    if value == 0:
        return default
    if not 1 <= value <= high:
        raise InvalidArgument(field, f"must be between 1 and {high:,}, not {value:,}")
    return value


def check_size(field: str, values: Sequence[Any], high: int, low: int = 1) -> None:
    """A list of ``low`` to ``high`` entries."""
    if not low <= len(values) <= high:
        raise InvalidArgument(field, f"must have {low:,} to {high:,} entries, not {len(values):,}")


def check_unique(field: str, names: Sequence[str], part: str = "") -> None:
    """No name twice; the field that is named is ``field[i]`` followed by ``part``."""
    if len(set(names)) == len(names):
        return
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in first:
            raise InvalidArgument(f"{field}[{i}]{part}", f"is {name!r}, as is {field}[{first[name]}]{part}")
        first[name] = i


def check_number(field: str, value: float, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number between the bounds, both included."""
    if not math.isfinite(value):
        raise InvalidArgument(field, f"must be a finite number, not {value}")
    if not low <= value <= high:
        raise InvalidArgument(field, f"must be between {low:,g} and {high:,g}, not {value:,g}")
    return value


def check_time(field: str, time: int) -> int:
    """Microseconds since 1970, before the year 2200."""
    if not 0 <= time < LATEST_TIME:
        raise InvalidArgument(field, "must be between the years 1970 and 2200")
    return time


def chosen_seed(field: str, seed: int | None) -> int:
    """The seed that was asked for, 0 to 2^62, or one that is drawn now; there is room above it to count on."""
    if seed is None:
        return secrets.randbelow(LARGEST_SEED)
    if not 0 <= seed <= LARGEST_SEED:
        raise InvalidArgument(field, f"must be between 0 and 2^62, not {seed}")
    return seed


def check_json(field: str, value: Mapping[str, Any], high: int = LARGEST_ATTRIBUTES) -> str:
    """What JSON can hold, at most 16 KiB of it; answers the JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidArgument(field, f"cannot be written as JSON: {error}") from error
    if size > high:
        raise InvalidArgument(field, f"must have at most {high:,} bytes when written as JSON, not {size:,}")
    return text


def _utf8(field: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(field, "must be UTF-8 text") from error
