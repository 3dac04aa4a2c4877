"""Page tokens: the key of the last row of a page, so that a page costs the same wherever it lies."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_count

DEFAULT_PAGE = 100
LARGEST_PAGE = 1_000


def page_length(page_size: int) -> int:
    """How many rows a page has: 1 to 1,000, and 100 where 0 is asked."""
    return check_count("page_size", page_size, DEFAULT_PAGE, LARGEST_PAGE)


def encode_token(*key: int | str) -> str:
    """The token of a page that ends with the row of this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_token(token: str, *types: type) -> list[Any] | None:
    """The key in a token, one value of each type; None for the empty token.

    Raises
    ------
    InvalidArgument
        When `encode_token` did not make it with such a key.
    """
    if not token:
        return None
    try:
        key = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != list(types) or not _in_range(key):
        raise InvalidArgument("page_token", "must be the next_page_token of an earlier answer, or empty")
    return key


def _in_range(key: list[Any]) -> bool:
    return all(not isinstance(part, int) or -(2**63) <= part < 2**63 for part in key)
