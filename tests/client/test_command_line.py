"""The command line: results for people and machines, exit codes, and advice."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import grpc
import pytest
import typer
from typer.testing import CliRunner

import footlight.cli
from footlight.cli.app import build, join
from footlight.cli.recommending import sentence
from footlight.errors import Unavailable
from footlight.types import Item, Reason, ReasonKind, SimilarItems
from footlight.v1 import engine_pb2

MOVIES = "movieId,title,genres\nm1,[REC] (2007),Horror\nm2,Heat (1995),Crime\n"
RATINGS = "userId,movieId,rating,timestamp\nada,m1,5,1\nada,m2,4,2\n"


class CommandLine:
    """Runs commands against the server of the test."""

    def __init__(self, address: str) -> None:
        self._runner = CliRunner(env={"FOOTLIGHT_ADDRESS": address, "COLUMNS": "200"})
        self._app = build()

    def run(self, *words: str | Path) -> Any:
        return self._runner.invoke(self._app, [str(word) for word in words])

    def json(self, *words: str | Path) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


@pytest.fixture
def command_line(double: Any) -> CommandLine:
    return CommandLine(double.address)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    movies, ratings = tmp_path / "movies.csv", tmp_path / "ratings.csv"
    movies.write_text(MOVIES)
    ratings.write_text(RATINGS)
    return movies, ratings


def test_importing_writes_items_and_events(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    movies, ratings = tables
    result = command_line.run("import", "--items", movies, "--events", ratings)
    assert result.exit_code == 0
    assert "items: 2 new, 0 replaced" in result.stdout and "events: 2 recorded, 0 recorded before" in result.stdout


def test_importing_twice_records_nothing_twice(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    movies, ratings = tables
    command_line.run("import", "--items", movies, "--events", ratings)
    again = command_line.json("import", "--events", ratings)
    assert again["events"]["written"] == {"recorded": 0, "duplicates": 2, "log_position": 2}


def test_a_wrong_line_stops_before_anything_is_written(
    command_line: CommandLine, tables: tuple[Path, Path], double: Any
) -> None:
    movies, ratings = tables
    ratings.write_text(RATINGS + "ada,m1,five,3\n")
    result = command_line.run("import", "--items", movies, "--events", ratings)
    assert result.exit_code == 2 and "line 4, rating: expected a finite number, got 'five'" in result.stderr
    assert double.catalog.items == {}


def test_wrong_lines_are_left_out_where_asked(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    movies, ratings = tables
    ratings.write_text(RATINGS + "ada,m1,five,3\nada,m9,1,3\nada,m1,5,1\n")
    found = command_line.json("import", "--items", movies, "--events", ratings, "--skip-bad-lines")["events"]
    report = found["report"]
    assert found["written"]["recorded"] == 2
    assert (report["bad_count"], report["unknown_item_count"], report["duplicate_count"]) == (1, 1, 1)


def test_all_wrong_lines_are_told_at_once(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    _, ratings = tables
    ratings.write_text("userId,movieId,rating\nada,m1,five\nada,m1,six\n")
    told = command_line.run("import", "--events", ratings).stderr
    assert "2 wrong:" in told and "line 3, rating" in told and "--skip-bad-lines" in told
    error = json.loads(command_line.run("import", "--events", ratings, "--json").stderr)["error"]
    assert [problem["line"] for problem in error["problems"]] == [2, 3]


def test_the_catalogue_is_listed_as_far_as_asked(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    command_line.run("import", "--items", tables[0])
    first = command_line.run("item", "list", "--count", "1")
    assert "[REC] (2007)" in first.stdout and "Heat" not in first.stdout and "more than these 1" in first.stderr
    assert [one["item_id"] for one in command_line.json("item", "list")] == ["m1", "m2"]


@pytest.mark.parametrize("words", [["--kind", "film", "--tag", "Crime"], ["--find", "heat"], ["--find", "M2"]])
def test_the_catalogue_is_searched(
    command_line: CommandLine, tables: tuple[Path, Path], words: list[str | Path]
) -> None:
    command_line.run("import", "--items", tables[0])
    assert [one["item_id"] for one in command_line.json("item", "list", *words)] == ["m2"]


def test_an_item_is_shown_and_deleted(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    command_line.run("import", "--items", tables[0])
    assert "attribute year" in (shown := command_line.run("item", "show", "m2").stdout) and "1995" in shown
    assert command_line.json("item", "delete", "m2") == {"deleted": "m2"}
    assert command_line.run("item", "show", "m2").exit_code == 1


def test_importing_nothing_is_a_mistake(command_line: CommandLine) -> None:
    assert command_line.run("import").exit_code == 2


def test_recommendations_say_why(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    command_line.run("import", "--items", tables[0])
    result = command_line.run("recommend", "ada")
    assert "because you watched Heat (1995); popular with 1,200 people" in result.stdout
    assert "[REC] (2007)" in result.stdout  # no markup


def test_recommendations_survive_items_that_are_gone(command_line: CommandLine) -> None:
    assert command_line.json("recommend", "ada")["items"][0]["title"] == "m1"


def test_people_nobody_knows_are_said_to_be_so(command_line: CommandLine) -> None:
    assert "does not know nobody" in command_line.run("recommend", "nobody").stderr


def test_filters_and_a_visit_reach_the_server(command_line: CommandLine) -> None:
    words = ["--history", "m1,m2=4", "--kind", "film", "--where", "year>=1990", "--without-tag", "war", "--seed", "7"]
    result = command_line.run("recommend", *words, "--available-at", "2026-01-01")
    assert (result.exit_code, result.stdout.count("m1")) == (0, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say who it is for"),
        (["ada", "--history", "m1"], "say who it is for"),
        (["ada", "--where", "year!1990"], "--where: expected a condition such as year>=1990"),
        (["ada", "--available-at", "soon"], "--available-at: expected a time such as"),
    ],
)
def test_questions_that_mean_nothing_are_refused(command_line: CommandLine, words: list[str], said: str) -> None:
    result = command_line.run("recommend", *words)
    assert result.exit_code == 2 and said in result.stderr


def test_a_decision_is_shown_with_what_was_asked(command_line: CommandLine) -> None:
    shown = command_line.run("decision", "d-ada").stdout
    assert "kind film" in shown and "computed anew  the same" in shown
    assert command_line.json("decision", "d-ada", "--no-recompute")["recomputation"] is None


def test_predicted_ratings_are_listed(command_line: CommandLine) -> None:
    assert command_line.run("predict", "ada", "m1", "m2").stdout.count("3.5") == 2


def test_similar_items_are_listed(command_line: CommandLine, tables: tuple[Path, Path]) -> None:
    command_line.run("import", "--items", tables[0])
    assert "Heat (1995)" in command_line.run("similar", "m1").stdout


def test_an_item_that_nobody_met_has_nothing_beside_it_and_that_is_said(
    command_line: CommandLine, tables: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = SimilarItems("m1", "item-knn", 1, 5, ())
    monkeypatch.setattr("footlight.Client.similar_items", lambda *_, **__: nothing)
    assert "item-knn knows nothing that goes with m1" in command_line.run("similar", "m1").stderr


def test_reasons_of_unknown_kinds_of_items_read_well() -> None:
    items = {"m1": Item("m1", "A"), "m2": Item("m2", "B", kind="song")}
    reasons = [Reason(ReasonKind.BECAUSE_OF_ITEM, "m1"), Reason(ReasonKind.BECAUSE_OF_ITEM, "m2")]
    assert sentence(reasons, items) == "because of A and B"
    assert sentence(reasons[1:], items) == "because you listened to B"


def test_generating_saves_files(command_line: CommandLine, tmp_path: Path) -> None:
    saved = command_line.json("generate", "--engine", "gan", "--count", "2", "--seed", "7", "--out", tmp_path / "out")
    assert [Path(one["path"]).name for one in saved] == ["gan-v2-7.npy", "gan-v2-8.npy"]
    assert all(Path(one["path"]).stat().st_size == 2560 for one in saved)


def test_an_asset_is_shown_with_what_publishes_it_and_makes_it_again(command_line: CommandLine, tmp_path: Path) -> None:
    words = ["generate", "--engine", "gan", "--seed", "1224843760720951638", "--out", str(tmp_path)]
    shown = command_line.run(*words).stdout
    asset = command_line.json(*words)[0]["asset"]
    assert asset["asset_id"] in shown and "gan-v2-1224843760720951638.npy" in shown


def test_training_uploads_trains_and_tells_the_figures(command_line: CommandLine, tmp_path: Path, double: Any) -> None:
    (tmp_path / "a.npy").write_bytes(b"a")
    result = command_line.run("train", "gan", "--corpus", tmp_path, "--option", "steps=10", "--option", "device=cpu")
    assert result.exit_code == 0 and "gan serves version 4 (seed 11; loss=0.5)" in result.stdout
    assert double.engine.last.corpus_id == f"c-{tmp_path.name}"
    assert dict(double.engine.last.options.items()) == {"steps": 10, "device": "cpu"}


def test_a_corpus_is_found_by_its_name(command_line: CommandLine, tmp_path: Path, double: Any) -> None:
    (tmp_path / "a.npy").write_bytes(b"a")
    command_line.run("corpus", "upload", tmp_path, "--name", "levels")
    command_line.run("train", "gan", "--corpus", "levels")
    assert double.engine.last.corpus_id == "c-levels"


def test_a_corpus_that_is_nowhere_is_a_mistake(command_line: CommandLine) -> None:
    result = command_line.run("train", "gan", "--corpus", "nowhere")
    assert result.exit_code == 2 and "nowhere" in result.stderr


def test_options_without_a_value_are_a_mistake(command_line: CommandLine) -> None:
    result = command_line.run("train", "gan", "--option", "steps")
    assert result.exit_code == 2 and "NAME=VALUE" in result.stderr


def test_a_training_that_fails_says_why(command_line: CommandLine, double: Any) -> None:
    double.engine.final = engine_pb2.TRAINING_STATE_FAILED
    result = command_line.run("train", "gan")
    assert result.exit_code == 1 and "the loss is NaN" in result.stderr


def test_interrupting_a_training_lets_it_go_on(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, double: Any
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("footlight.cli.training._draw", interrupted)
    result = command_line.run("train", "gan")
    assert result.exit_code == 0 and "footlight watch t1" in result.stderr
    assert "CancelTraining" not in double.notes.calls


def test_acting_and_ending_a_session(command_line: CommandLine, double: Any) -> None:
    command_line.run("agent", "create", "guide", "--observations", "16", "--actions", "4")
    decided = command_line.json("act", "guide", "--session", "s1", "--observation", "3")
    ended = command_line.json("act", "guide", "--session", "s1", "--end", "terminated", "--reward", "1")
    assert (decided["action"], ended["total_reward"]) == (1, 1.0)


def test_acting_blindly_is_a_mistake(command_line: CommandLine) -> None:
    result = command_line.run("act", "guide", "--session", "s1")
    assert result.exit_code == 2 and "--observation" in result.stderr


def test_nobody_is_forgotten_without_being_asked(command_line: CommandLine, double: Any) -> None:
    result = command_line.run("forget", "ada")
    assert result.exit_code == 2 and "--yes" in result.stderr
    assert double.notes.calls == []


def test_forgetting_shows_the_receipt(command_line: CommandLine) -> None:
    assert "Erased 7 events and 2 decisions of ada" in command_line.run("forget", "ada", "--yes").stdout


def test_an_engine_that_is_named_is_shown_with_its_options(command_line: CommandLine) -> None:
    assert "what it does" in command_line.run("engines", "item-knn").stdout
    assert command_line.json("engines", "item-knn")["name"] == "item-knn"


def test_an_engine_that_is_not_there_is_a_mistake_that_names_the_nearest(command_line: CommandLine) -> None:
    result = command_line.run("engines", "itm-knn")
    assert result.exit_code == 2 and "there is 'item-knn'" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["engines"],
        ["plugins"],
        ["deployments"],
        ["models", "gan"],
        ["activate", "gan", "1"],
        ["trainings"],
        ["watch", "t1"],
        ["cancel", "t1"],
        ["agents"],
        ["corpus", "list"],
        ["deployment", "create", "wide", "gan"],
        ["deployment", "delete", "wide"],
        ["version"],
    ],
)
def test_every_command_speaks_to_people_and_machines(command_line: CommandLine, words: list[str]) -> None:
    assert command_line.run(*words).exit_code == 0
    command_line.json(*words)


def test_an_answered_error_exits_1_and_names_it(command_line: CommandLine, double: Any, fault: Any) -> None:
    double.fail("ListEngines", fault(grpc.StatusCode.INTERNAL, "something went wrong"))
    result = command_line.run("engines", "--json")
    assert result.exit_code == 1 and result.stdout == ""
    assert json.loads(result.stderr)["error"]["message"] == "something went wrong"


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        (["recommend", "ada", "--count", "0"], "--count", "greater than or equal to 1"),
        (["recommend", "ada", "--nosuch"], "--nosuch", "No such option"),
        (["item", "show"], "item", "Missing"),
        (["verify", "/no/such/file"], "file", "does not exist"),
        (["nosuch"], None, "No such command"),
    ],
)
def test_what_is_wrong_with_a_call_is_json_too(
    command_line: CommandLine, words: list[str | Path], field: str | None, said: str
) -> None:
    result = command_line.run(*words, "--json")
    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, result.stdout, error.get("field")) == (2, "", field)
    assert said in error["message"]


def test_no_server_exits_3_and_says_how_to_start_one(command_line: CommandLine) -> None:
    result = command_line.run("engines", "--address", "127.0.0.1:1")
    assert result.exit_code == 3 and "footlight serve" in result.stderr


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("last error: UNAVAILABLE: Socket closed", "It may speak TLS: name its authority with --tls-ca FILE"),
        ("Tls handshake failed: CERTIFICATE_VERIFY_FAILED", "speaks no TLS, or its certificate is not one of"),
    ],
)
def test_what_may_be_wrong_with_tls_is_said(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, message: str, advice: str
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise Unavailable(message, code="UNAVAILABLE")

    monkeypatch.setattr("footlight.Client.engines", unavailable)
    result = command_line.run("engines")
    assert result.exit_code == 3 and advice in result.stderr


def test_interrupting_exits_130(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("footlight.Client.engines", interrupted)
    assert command_line.run("engines").exit_code == 130


def test_every_command_shows_an_example(command_line: CommandLine) -> None:
    for words in (["import"], ["train"], ["recommend"], ["generate"], ["act"], ["corpus", "upload"], ["forget"]):
        assert "Example: footlight" in command_line.run(*words, "--help").stdout


def test_commands_that_cannot_be_loaded_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    join(app, EntryPoint("broken", "no_such_module", "footlight.commands"))
    assert app.registered_commands == []
    assert capsys.readouterr().err.count("\n") == 1


def test_without_typer_the_pip_line_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(footlight.cli, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as caught:
        footlight.cli.main()
    assert caught.value.code == 2 and "pip install 'footlight[cli]'" in capsys.readouterr().err


def test_the_help_loads_no_grpc() -> None:
    program = "import sys; from footlight.cli import app; app.build(); print('grpc' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
