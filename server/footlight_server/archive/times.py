"""Times as files hold them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(microseconds: int) -> datetime:
    """A time of the log, which counts microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)
