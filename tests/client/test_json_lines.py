"""Items and events from JSON lines: keys are columns, and values keep their types."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from footlight import Event, EventKind, Item
from footlight.tables import TableError, check_events, read_events, read_items


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.jsonl"


def test_an_object_is_an_item(file: Path) -> None:
    file.write_text(
        '{"item_id": 7, "title": "Heat", "kind": "film", "tags": ["Crime", "a|b"], "cast": ["Pacino"], "year": 1995}\n'
    )
    (item,), _ = read_items(file)
    facts = {"cast": ["Pacino"], "year": 1995}
    assert item == Item("7", title="Heat", kind="film", tags=("Crime", "a|b"), attributes=facts)


def test_an_object_is_an_event(file: Path) -> None:
    file.write_text('{"user_id": "ada", "item_id": "m1", "rating": 4.5, "time": 1260759144, "device": "tv"}\n')
    (event,), report = read_events(file)
    time = datetime(2009, 12, 14, 2, 52, 24, tzinfo=UTC)
    assert event == Event("ada", "m1", EventKind.RATING, 4.5, time, event.event_id)
    assert report.ignored_columns == ("device",)


def test_a_table_and_json_lines_give_the_same_events(file: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("user_id,item_id,value\nada,m1,5\n")
    file.write_text('{"user_id": "ada", "item_id": "m1", "value": 5}\n')
    assert read_events(table)[0] == read_events(file)[0]


def test_text_keeps_its_type(file: Path) -> None:
    file.write_text('{"item_id": "m1", "year": "1995", "sequel": null}\n')
    (item,), _ = read_items(file)
    assert item.attributes == {"year": "1995"}


def test_attributes_of_an_export_are_attributes(file: Path) -> None:
    row = (
        '{"item_id": "m1", "attributes": {"year": 1995}, "create_time": "2026-01-01T00:00:00+00:00", "deleted": false}'
    )
    file.write_text(f"{row}\n")
    (item,), _ = read_items(file)
    assert item.attributes == {"year": 1995}


def test_empty_lines_and_other_keys_in_each_line_are_no_matter(file: Path) -> None:
    file.write_text('\ufeff{"item_id": "m1"}\r\n\r\n{"title": "Heat", "itemId": "m2"}\r\n', encoding="utf-8")
    items, report = read_items(file)
    assert ([item.item_id for item in items], report.rows) == (["m1", "m2"], 2)


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("{", "line", "expected a JSON object"),
        ("[1]", "line", "expected a JSON object on each line, got '\\[1\\]'"),
        ('{"title": "x"}', "header", "expected a column item_id"),
        ('{"item_id": ["m1"]}', "item_id", "expected text or a number"),
        ('{"item_id": "m1", "tags": [3]}', "tags", "expected labels of text, got '3'"),
        ('{"item_id": "m1", "price": NaN}', "line", "NaN is no number that JSON has"),
        ('{"item_id": "m1", "summary": "\\ud800"}', "line", "expected UTF-8"),
        ('{"item_id": "m1", "deleted": true}', "deleted", "import the whole folder"),
        (f'{{"item_id": "m1", "summary": "{"x" * 17_000}"}}', "line", "at most 16,384 bytes together"),
    ],
)
def test_a_wrong_object_is_named_with_what_was_expected(file: Path, line: str, field: str, expected: str) -> None:
    file.write_text(f'{{"item_id": "m0"}}\n{line}\n')
    with pytest.raises(TableError, match=expected) as caught:
        read_items(file)
    assert (caught.value.line, caught.value.field) == (2, field)


def test_wrong_objects_are_left_out_where_asked(file: Path) -> None:
    file.write_text('{"user_id": "ada", "item_id": "m1"}\nnull\n{"user_id": "ada"}\n')
    report = check_events(file, skip_bad_lines=True)
    assert (report.kept, report.bad_count) == (1, 2)
