"""No table that holds something of people is left out of ExportUser or of an erasure."""

from __future__ import annotations

from footlight_server.archive.personal import IMPERSONAL, READERS
from footlight_server.log.schema import ASSETS, ERASURES, METADATA, PERSONAL

ABOUT_PEOPLE = {"user_id", "user_ordinal", "person", "people"}


def test_every_table_is_exported_or_said_to_hold_nobody() -> None:
    assert set(READERS) | set(IMPERSONAL) == set(METADATA.tables.values())
    assert not set(READERS) & set(IMPERSONAL)


def test_a_table_with_a_column_for_a_person_holds_people() -> None:
    named = {table for table in METADATA.tables.values() if ABOUT_PEOPLE & set(table.columns.keys())}
    assert named - {ERASURES} <= set(READERS)


def test_what_is_exported_is_what_an_erasure_cleans() -> None:
    assert set(READERS) - {ASSETS} == set(PERSONAL)
