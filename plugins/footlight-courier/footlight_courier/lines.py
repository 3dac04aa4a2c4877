"""An event as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from footlight_plugins import Happening

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def moment(time: int) -> datetime:
    """A time in microseconds since 1970; what no calendar has counts as the first or the last that it has."""
    try:
        return min(max(_EPOCH + timedelta(microseconds=time), _FIRST), _LAST)
    except OverflowError:
        return _FIRST if time < 0 else _LAST


def plain(one: Happening) -> dict[str, Any]:
    """What JSON can hold of an event."""
    return {
        "position": one.position,
        "event_id": one.event_id,
        "user": one.user,
        "user_id": one.user_id,
        "item_id": one.item_id,
        "kind": one.kind.name.lower(),
        "value": one.value,
        "time": moment(one.time).isoformat(timespec="microseconds"),
        "decision_id": one.decision_id,
    }
