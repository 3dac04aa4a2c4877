"""Ids ascend and are UUIDs of version 7, so that the server's index of them grows at its end."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from footlight._wire.ids import new_id


def test_ids_are_uuids_of_version_7_with_the_time_in_front() -> None:
    before, made, after = time.time_ns() // 10**6, UUID(new_id()), time.time_ns() // 10**6
    assert (made.version, made.variant) == (7, RFC_4122) and before <= made.int >> 80 <= after


def test_ids_ascend_and_none_comes_twice() -> None:
    made = []
    for _ in range(200):
        made.append(new_id())
        time.sleep(2e-6)  # longer than the 244 ns between two values of their clock
    assert made == sorted(made) and len(set(made)) == 200
