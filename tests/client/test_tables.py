"""Items and events from files: three sorts of header, and lines that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight import Event, EventKind
from footlight._tables.columns import Columns, event_columns
from footlight._tables.rows import BadCell, event_from_row
from footlight.tables import TableError, check_events, iter_events, read_events, read_items


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_movielens_films_have_genres_and_a_year(file: Path) -> None:
    file.write_text('movieId,title,genres\n1,"Toy Story (1995)",Adventure|Comedy\n2,Void,(no genres listed)\n')
    (toys, void), _ = read_items(file)
    assert (toys.title, toys.kind, toys.tags) == ("Toy Story (1995)", "film", ("Adventure", "Comedy"))
    assert (toys.attributes, void.tags) == ({"year": 1995}, ())


def test_movielens_ratings_have_value_and_time(file: Path) -> None:
    file.write_text("userId,movieId,rating,timestamp\n7,31,2.5,1260759144\n")
    (rating,), _ = read_events(file)
    assert (rating.user_id, rating.item_id, rating.kind, rating.value) == ("7", "31", EventKind.RATING, 2.5)
    assert rating.time == datetime(2009, 12, 14, 2, 52, 24, tzinfo=UTC)


def test_atomic_items_take_their_types_from_the_header(file: Path) -> None:
    header = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tlength:float\n"
    file.write_text(header + '1\tA "quoted" title\t1995\tComedy Drama\t81\n')
    (item,), _ = read_items(file)
    assert (item.title, item.tags) == ('A "quoted" title', ("Comedy", "Drama"))
    assert item.attributes == {"release_year": "1995", "length": 81.0}


def test_plain_events_name_their_kind(file: Path) -> None:
    file.write_text("user_id,item_id,value,kind,time\nada,m1,,skip,2024-01-02T03:04:05Z\nada,m2,,,\nada,m3,4,,\n")
    events, _ = read_events(file)
    assert [event.kind for event in events] == [EventKind.SKIP, EventKind.PLAY, EventKind.RATING]
    assert events[0].time == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_further_columns_of_items_become_attributes(file: Path) -> None:
    file.write_text("item_id,title,year,code\nm1,Metropolis,1927,007\n")
    (item,), _ = read_items(file)
    assert item.attributes == {"year": 1927, "code": "007"}


def test_decimals_and_truths_become_attributes_that_can_be_filtered_by(file: Path) -> None:
    file.write_text("item_id,price,dubbed,build\nm1,4.99,True,1.2.3\n")
    (item,), _ = read_items(file)
    assert item.attributes == {"price": 4.99, "dubbed": True, "build": "1.2.3"}


def test_an_attribute_may_have_several_lines(file: Path) -> None:
    file.write_text('item_id,summary\nm1,"One\r\ntwo"\nm2,three\n')
    (item, _), _ = read_items(file)
    assert item.attributes == {"summary": "One\r\ntwo"}


def test_a_row_of_several_lines_is_named_by_its_first(file: Path) -> None:
    file.write_text('item_id,title,summary\nm1,"a\nb","c\nd"\n')
    with pytest.raises(TableError, match="line 2, title: expected no control characters"):
        read_items(file)


def test_attributes_are_measured_as_the_server_measures_them(file: Path) -> None:
    file.write_text(f"item_id,summary\nm1,{'影' * 5_000}\n")
    (item,), _ = read_items(file)
    assert len(item.attributes["summary"]) == 5_000


def test_an_item_must_come_before_it_goes(file: Path) -> None:
    file.write_text("item_id,available_from,available_until\nm1,2026-01-02,2026-01-01\n")
    with pytest.raises(TableError, match="line 2, available_until: expected a time after available_from"):
        read_items(file)


@pytest.mark.parametrize("time", ["1260759144", "1260759144000", "1260759144000000", "2009-12-14T10:52:24+08:00"])
def test_a_time_may_be_written_in_several_ways(file: Path, time: str) -> None:
    file.write_text(f"user_id,item_id,time\nada,m1,{time}\n")
    (event,), _ = read_events(file)
    assert event.time == datetime(2009, 12, 14, 2, 52, 24, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_of_spreadsheets_are_read(file: Path, encoding: str, mark: str) -> None:
    file.write_text(f"item_id{mark}title\r\nm1{mark}流浪地球\r\n", encoding=encoding)
    (item,), _ = read_items(file)
    assert (item.item_id, item.title) == ("m1", "流浪地球")


def test_columns_that_are_not_used_are_named(file: Path) -> None:
    file.write_text("user_id,item_id,valeu\nada,m1,5\n")
    assert check_events(file).ignored_columns == ("valeu",)


def test_the_same_row_is_the_same_event(file: Path) -> None:
    file.write_text("user_id,item_id,value\nada,m1,5\nada,m1,4\n")
    first, second = ([event.event_id for event in iter_events(file)] for _ in range(2))
    assert first == second and len(set(first)) == 2


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("ada,m1,5", "line", "expected 4 cells, found 3"),
        (",m1,5,0", "user", "expected an id, it is empty"),
        (f"{'a' * 257},m1,5,0", "user", "at most 256 bytes"),
        ("a\x07da,m1,5,0", "user", "no control characters"),
        ("ada,m1,five,0", "rating", "expected a finite number, got 'five'"),
        ("ada,m1,nan,0", "rating", "finite"),
        ("ada,m1,1e9,0", "rating", "from -1,000 to 1,000"),
        ("ada,m1,,0", "rating", "expected the rating, it is empty"),
        ("ada,m1,5,yesterday", "timestamp", "seconds since 1970 or ISO 8601"),
        ("ada,m1,5,1960-01-01", "timestamp", "between the years 1970 and 2200"),
        ("ada,m1,5,7258118400", "timestamp", "before the year 2200"),
        ("ada,m1,5,nan", "timestamp", "seconds since 1970"),
        ('ada,"m1"x,5,0', "line", "told apart"),
    ],
)
def test_a_wrong_line_is_named_with_what_was_expected(file: Path, line: str, field: str, expected: str) -> None:
    file.write_text(f"user,item,rating,timestamp\nbob,m1,3,0\n{line}\n")
    with pytest.raises(TableError, match=expected) as caught:
        read_events(file)
    assert (caught.value.line, caught.value.field) == (3, field)


def test_bytes_that_are_no_text_are_named(file: Path) -> None:
    file.write_bytes(b"user_id,item_id\nada,m1\nb\xff,m1\n")
    with pytest.raises(TableError, match=r"line 3, user_id: expected UTF-8"):
        read_events(file)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "the file is empty"),
        ("item_id,value\n", "expected a column user_id"),
        ("user_id,user_id,item_id\n", "comes twice"),
        ("user_id,,item_id\n", "printable names"),
    ],
)
def test_a_wrong_header_is_an_error_in_any_case(file: Path, header: str, expected: str) -> None:
    file.write_text(header)
    with pytest.raises(TableError, match=expected):
        read_events(file, skip_bad_lines=True)


def test_events_of_unknown_items_are_refused(file: Path) -> None:
    file.write_text("userId,movieId\nada,m1\nada,m2\n")
    with pytest.raises(TableError, match=r"line 3, movieId: expected an item of the catalogue, there is no 'm2'"):
        read_events(file, known_items={"m1"})


def test_repeated_items_are_refused(file: Path) -> None:
    file.write_text("item_id\nm1\nm1\n")
    with pytest.raises(TableError, match="line 3, item_id: expected each item once"):
        read_items(file)


def test_skipping_reports_what_was_left_out(file: Path) -> None:
    file.write_text("user_id,item_id,value\nada,m1,5\nada,m1,5\nada,m2,5\nada,m1,x\n\n")
    events, report = read_events(file, known_items={"m1"}, skip_bad_lines=True)
    assert (len(events), report.rows, report.kept, report.clean) == (1, 4, 1, False)
    assert [one[0].line for one in (report.duplicates, report.unknown_items, report.bad)] == [3, 4, 5]


def test_reports_hold_the_first_twenty_and_count_all(file: Path) -> None:
    file.write_text("user_id,item_id,value\n" + "ada,m1,x\n" * 50)
    report = check_events(file, skip_bad_lines=True)
    assert (report.bad_count, len(report.bad)) == (50, 20)


def test_a_byte_order_mark_is_passed_over(file: Path) -> None:
    file.write_text("user_id,item_id\nada,m1\n", encoding="utf-8-sig")
    assert check_events(file).kept == 1


@given(st.lists(st.text(max_size=20), min_size=4, max_size=4))
def test_any_cells_make_an_event_or_an_error_that_names_the_cell(cells: list[str]) -> None:
    columns = event_columns(["user_id", "item_id", "value", "time"])
    found = _event_or_error(columns, cells)
    if isinstance(found, BadCell):
        assert found.field in columns.names
    else:
        assert found.user_id == cells[0].strip() and len(found.event_id) == 32


def _event_or_error(columns: Columns, cells: list[str]) -> Event | BadCell:
    try:
        return event_from_row(columns, cells)
    except BadCell as bad:
        return bad


def test_real_ratings_are_clean(data_dir: Path) -> None:
    items, _ = read_items(data_dir / "ml-100k" / "ml-100k.item")
    report = check_events(data_dir / "ml-100k" / "ml-100k.inter", known_items={item.item_id for item in items})
    assert (len(items), report.rows, report.clean) == (1_682, 100_000, True)
