"""Any ratings file is read the same; what is malformed is named by file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from footlight_plugins.evaluation import DataError, Dataset, numeric, read_dataset

SAME = {
    "u.data": "7\t30\t4\t100\n9\t10\t1.5\t50\n7\t20\t5\t200\n",
    "ratings.dat": "7::30::4::100\n9::10::1.5::50\n7::20::5::200\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n7,30,4,100\n9,10,1.5,50\n7,20,5,200\n",
    "log.tsv": "when\ttime\titem\tuser\tvalue\nx\t100\t30\t7\t4\nx\t50\t10\t9\t1.5\nx\t200\t20\t7\t5\n",
    "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n7\t30\t4\t100\n9\t10\t1.5\t50\n7\t20\t5\t200\n",
    "numbers in quotes.csv": 'note,user_id,item_id,rating,timestamp\n"a,1,2,3,4",7,30,4,100\n,9,10,1.5,50\n,7,20,5,200\n',
    "quoted.csv": 'user_id,item_id,rating,timestamp,note\n7,"30",4,100,"a, b"\n9,10,1.5,50,\n7,20,5,200,\n',
    "windows.csv": "\ufeffuser_id;item_id;rating;timestamp\r\n7;30;4;100\r\n\r\n9;10;1.5;50\r\n7;20;5;200",
    "iso.csv": "user,item,rating,time\n7,30,4,1970-01-01T00:01:40Z\n9,10,1.5,1970-01-01T00:00:50\n"
    "7,20,5,1970-01-01 00:03:20\n",
    "milliseconds.csv": "user,item,rating,time\n7,30,4,1700000000100\n9,10,1.5,1700000000050\n7,20,5,1700000000200\n",
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def saved(folder: Path, **arrays: Any) -> Path:
    path = folder / "histories.npz"
    np.savez(path, **arrays)
    return path


def rows(data: Dataset) -> list[tuple[int, str, float]]:
    assert data.value is not None
    return [
        (user, data.item_names[item], value)
        for user, item, value in zip(data.user.tolist(), data.item.tolist(), data.value.tolist(), strict=True)
    ]


def names_of(data: Dataset) -> list[str]:
    return [data.item_names[item] for item in data.item.tolist()]


@pytest.mark.parametrize("name", SAME)
def test_the_same_rows_come_out_of_every_form(tmp_path: Path, name: str) -> None:
    data = read_dataset(written(tmp_path, name, SAME[name]))
    assert rows(data) == [(0, "30", 4.0), (1, "10", 1.5), (0, "20", 5.0)]
    assert data.time is not None and (np.argsort(data.time) == [1, 0, 2]).all()


@pytest.mark.parametrize("name", ["u.data", "iso.csv"])
def test_seconds_become_microseconds(tmp_path: Path, name: str) -> None:
    data = read_dataset(written(tmp_path, name, SAME[name]))
    assert data.time is not None and data.time.tolist() == [100_000_000, 50_000_000, 200_000_000]


def test_names_may_be_any_text(tmp_path: Path) -> None:
    data = read_dataset(written(tmp_path, "plays.csv", "user_id,item_id\nAda,Alien\n王,Alien\nAda,007\n"))
    assert (data.users, data.items, set(data.item_names), data.value) == (2, 2, {"007", "Alien"}, None)


def test_names_that_only_look_like_numbers_stay_apart(tmp_path: Path) -> None:
    data = read_dataset(written(tmp_path, "plays.csv", "user_id,item_id\na,1\nb,01\n"))
    assert data.items == 2


def test_numbers_with_leading_zeros_are_names(tmp_path: Path) -> None:
    data = read_dataset(written(tmp_path, "plays.csv", "user_id,item_id\n1,7\n2,07\n"))
    assert data.items == 2


@pytest.mark.parametrize("size", [1, 7, 30, 1_000])
def test_where_a_large_file_is_cut_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(numeric, "_PIECE", size)
    told: list[int] = []
    data = read_dataset(
        written(tmp_path, "ratings.csv", SAME["ratings.csv"]), lambda what, done, total: told.append(done)
    )
    assert rows(data) == [(0, "30", 4.0), (1, "10", 1.5), (0, "20", 5.0)]
    assert told == sorted(told) and told[-1] == len(SAME["ratings.csv"])


def test_a_sequence_file_has_neither_ratings_nor_times(tmp_path: Path) -> None:
    data = read_dataset(written(tmp_path, "ml-1m.txt", "1 5\n1 3\n2 5\n"))
    assert (data.value, data.time, names_of(data)) == (None, None, ["5", "3", "5"])


def test_the_catalogue_beside_the_file_is_read(inter: Path) -> None:
    data = read_dataset(inter)
    content = next(one for one in data.contents if data.item_names[one.item] == "5")
    assert (content.title, content.tags, content.attributes) == ("Item 4", ("even", "all"), {"length": 2.0})


@pytest.mark.parametrize(
    ("ratings", "name", "line"),
    [
        ("u.data", "u.item", "30|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1" + "|0" * 15),
        ("ratings.dat", "movies.dat", "30::Toy Story (1995)::Animation"),
        ("ratings.csv", "movies.csv", 'movieId,title,genres\n30,"Toy Story (1995)",Animation'),
    ],
)
def test_the_catalogues_of_movielens_are_read(tmp_path: Path, ratings: str, name: str, line: str) -> None:
    path = written(tmp_path, ratings, SAME[ratings])
    (tmp_path / name).write_bytes(line.encode("latin-1") + b"\n")
    (content,) = read_dataset(path).contents
    assert (content.title, content.tags) == ("Toy Story (1995)", ("Animation",))


def test_histories_come_from_an_archive(tmp_path: Path) -> None:
    data = read_dataset(saved(tmp_path, indptr=np.array([0, 2, 2, 3]), items=np.array([4, 1, 4])))
    assert (data.user.tolist(), names_of(data), data.users, data.items) == ([0, 0, 2], ["4", "1", "4"], 3, 5)


def test_the_order_of_the_items_in_the_file_tells_nothing(tmp_path: Path) -> None:
    data = read_dataset(saved(tmp_path, indptr=np.array([0, 1_000]), items=np.arange(1_000)))
    assert sorted(data.item.tolist()) == list(range(1_000))
    assert abs(np.corrcoef(data.item, np.arange(1_000))[0, 1]) < 0.1


def test_an_archive_may_have_values_and_times(tmp_path: Path) -> None:
    path = saved(tmp_path, indptr=[0, 2], items=[1, 0], values=[3.0, 4.5], times=[10, 20])
    data = read_dataset(path)
    assert data.value is not None and data.time is not None
    assert (data.value.tolist(), data.time.tolist()) == ([3.0, 4.5], [10_000_000, 20_000_000])


def test_an_archive_may_be_split_already(tmp_path: Path) -> None:
    path = saved(tmp_path, train_indptr=[0, 2], train_items=[1, 0], test_user=[0], test_item=[2], n_items=[9])
    data = read_dataset(path)
    assert data.test is not None and data.test.tolist() == [False, False, True] and data.items == 9


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.csv", "", "the file is empty"),
        ("a.csv", "user_id,item_id\n", "at least one row after the header"),
        ("a.csv", "user_id,film\nx,y\n", "line 1: expected a column item_id.*there are user_id, film"),
        ("a.csv", "user_id,item_id,Item_ID\nx,y,z\n", "line 1: .*'item_id' comes twice"),
        ("a.csv", "user_id,item_id,rating\nx,y,4\n\nx,z,good\n", "line 4: expected a rating .* got 'good'"),
        ("a.csv", "user_id,item_id,rating\n1,2,4\n1,3,1e9\n", "line 3: expected a rating"),
        ("a.csv", "user_id,item_id,rating\n1,2,4\n1,3\n", "line 3: expected 3 columns, got 2"),
        ("a.csv", "user_id,item_id\n1,2\n,3\n", "line 3: expected the name of a person"),
        ("a.csv", "user_id,item_id,time\n1,2,yesterday\n", "line 2: expected a time .* got 'yesterday'"),
        ("u.data", "1\t2\t3\n1\t2\n", "line 2: expected 3 columns, got 2"),
        ("u.data", "1\t2\t3\n1\t2\t3\t4\n", "line 2: expected 3 columns, got 4"),
        ("u.data", "1\n", "line 1: expected 2 to 4 columns"),
        ("a.npz", "no zip", "expected an .npz file of plain arrays"),
    ],
)
def test_what_is_malformed_is_named(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(DataError, match=f"(?s){name}.*{complaint}"):
        read_dataset(path)


def test_of_many_malformed_lines_the_first_are_named_and_all_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "user_id,item_id\n" + "x\n" * 12)
    with pytest.raises(DataError, match=r"(?s)12 malformed lines.*line 2.*line 6.*and 7 more"):
        read_dataset(path)


def test_bytes_that_are_no_text_are_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"user_id,item_id\n1,2\n\xff,3\n")
    with pytest.raises(DataError, match="line 3: expected UTF-8"):
        read_dataset(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x": [1]}, "expected the arrays indptr and items.*there are x"),
        ({"indptr": [0, 2], "items": [1]}, "expected indptr to ascend from 0 to the length of items, 1"),
        ({"indptr": [0, 1], "items": [-1]}, "expected numbers from 0"),
        ({"indptr": [0, 1], "items": [0.5]}, "array items of whole numbers"),
        ({"indptr": [0, 0], "items": np.empty(0, np.int32)}, "at least one item"),
        ({"indptr": [0, 1], "items": [1], "times": [1, 2]}, "1 finite numbers in times"),
        ({"train_indptr": [0, 1], "train_items": [1], "test_user": [0], "test_item": [1, 2]}, "of one length"),
    ],
)
def test_arrays_that_do_not_fit_are_named(tmp_path: Path, arrays: dict[str, Any], complaint: str) -> None:
    path = saved(tmp_path, **arrays)
    with pytest.raises(DataError, match=complaint):
        read_dataset(path)


def test_a_folder_with_several_ratings_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        written(tmp_path, name, "user_id,item_id\n1,2\n")
    with pytest.raises(DataError, match=r"there are a\.csv, b\.csv: name one"):
        read_dataset(tmp_path)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file or folder"):
        read_dataset(tmp_path / "nowhere")


EVENTS = [
    '{"user_id": "ada", "item_id": "m1", "kind": "play", "value": 1.0, "time": "2026-01-01T00:00:00+00:00"}',
    '{"user_id": "ada", "item_id": "m2", "kind": "rating", "value": 4.0, "time": "2026-01-02T00:00:00+00:00"}',
    '{"user_id": "ada", "item_id": "m3", "kind": "impression", "value": 1.0, "time": "2026-01-02T00:00:00+00:00"}',
    '{"user_id": "bob", "item_id": "m1", "kind": "like", "value": 1.0, "time": "2026-01-03T00:00:00+00:00"}',
    '{"user_id": "ada", "item_id": "m1", "kind": "retraction", "value": 1.0, "time": "2026-01-02T00:00:00+00:00"}',
]


def test_an_export_of_a_server_is_read_without_what_was_taken_back(tmp_path: Path) -> None:
    written(
        tmp_path,
        "items.jsonl",
        '{"item_id": "m2", "title": "Two", "kind": "", "tags": ["a"], "attributes": {"y": 1}}\n',
    )
    written(tmp_path, "events.jsonl", "\n".join(EVENTS) + "\n")
    data = read_dataset(tmp_path)
    assert rows(data) == [(0, "m2", 4.0), (1, "m1", 1.0)]
    assert [(one.title, one.tags, one.attributes) for one in data.contents] == [("Two", ("a",), {"y": 1})]


def test_what_comes_after_a_retraction_stands(tmp_path: Path) -> None:
    again = EVENTS[0].replace("2026-01-01", "2026-01-09")
    data = read_dataset(written(tmp_path, "events.jsonl", "\n".join([again, *EVENTS])))
    assert rows(data)[0] == (0, "m1", 1.0)


def test_what_was_done_without_a_value_counts_as_one(tmp_path: Path) -> None:
    events = EVENTS[0].replace("1.0", "null"), EVENTS[1]
    exported = read_dataset(written(tmp_path, "events.jsonl", "\n".join(events)))
    table = read_dataset(written(tmp_path, "a.csv", "user_id,item_id,kind,value\nada,m1,play,\nada,m2,rating,4\n"))
    assert rows(exported) == rows(table) == [(0, "m1", 1.0), (0, "m2", 4.0)]


def test_a_rating_without_a_value_is_malformed(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "user_id,item_id,kind,value\nada,m1,rating,\n")
    with pytest.raises(DataError, match="line 2: expected a rating between"):
        read_dataset(path)


def test_kinds_are_read_from_csv_as_well(tmp_path: Path) -> None:
    data = read_dataset(written(tmp_path, "a.csv", "user_id,item_id,kind\n1,2,play\n1,3,skip\n"))
    assert names_of(data) == ["2"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: expected JSON"),
        ("[]", "line 2: expected an object, got list"),
        ('{"item_id": "m1"}', "line 2: expected the name of a person"),
        (EVENTS[0].replace("play", "sing"), "line 2: expected a kind, one of view, play"),
    ],
)
def test_malformed_lines_of_an_export_are_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = written(tmp_path, "events.jsonl", f"{EVENTS[0]}\n{line}\n")
    with pytest.raises(DataError, match=complaint):
        read_dataset(path)


def test_the_two_files_of_lightgcn_are_split_already(tmp_path: Path) -> None:
    written(tmp_path, "train.txt", "0 5 3\n1 5\n2\n")
    written(tmp_path, "test.txt", "0 4\n\n")
    data = read_dataset(tmp_path)
    assert names_of(data) == ["5", "3", "5", "4"] and data.user.tolist() == [0, 0, 1, 0]
    assert data.test is not None and data.test.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("text", "complaint"), [("0 1\n1 x\n", "line 2: expected a person"), ("", "at least one person")]
)
def test_malformed_files_of_lightgcn_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    written(tmp_path, "train.txt", text)
    written(tmp_path, "test.txt", "0 1\n")
    with pytest.raises(DataError, match=rf"train\.txt.*{complaint}"):
        read_dataset(tmp_path)
