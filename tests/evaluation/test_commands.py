"""`footlight evaluate` and `footlight tune`: figures for people and for machines, and what to do about mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from footlight.cli.app import build
from footlight_plugins.evaluation import PROTOCOLS
from footlight_plugins.evaluation.intervals import Estimate
from footlight_plugins.evaluation.search_space import Dimension
from footlight_server.commands.evaluate import ProtocolName
from footlight_server.commands.trials import Budget, Search, search


def run(*words: str | Path) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(build(), [str(word) for word in words])


def as_json(*words: str | Path) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_every_protocol_can_be_named() -> None:
    assert [name.value for name in ProtocolName] == list(PROTOCOLS)


def test_a_machine_reads_everything_that_the_figures_depend_on(inter: Path) -> None:
    words = ("--engine", "item-knn", "--option", "k=7", "--cutoff", "3", "--seeds", "4,5", "--protocol", "holdout")
    found = as_json("evaluate", "--data", inter, *words)
    assert found["options"]["k"] == 7 and found["seeds"] == [4, 5] and found["cutoffs"] == [3]
    low, high = found["metrics"]["ndcg@3"]["ci95"]
    assert low <= found["metrics"]["ndcg@3"]["mean"] <= high
    assert re.fullmatch("[0-9a-f]{64}", found["data"]["sha256"]) and found["protocol"] == "holdout"


def test_people_see_the_figures_beside_the_published_rows(inter: Path) -> None:
    result = run("evaluate", "--data", inter, "--engine", "popular", "--protocol", "ms-ml100k")
    assert result.exit_code == 0
    for told in ("ndcg", "BiVAE", "0.4687", "recommenders-team/recommenders", "popular order", "measured now"):
        assert told in result.stdout


def test_an_engine_of_a_folder_of_plugins_is_evaluated(inter: Path, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    text = (Path(__file__).parent / "answer_nothing.py").read_text()
    (tmp_path / "plugins" / "answer_nothing.py").write_text(text)
    words = ("--engine", "nothing", "--plugins-dir", tmp_path / "plugins")
    assert as_json("evaluate", "--data", inter, *words)["metrics"]["hit@10"]["mean"] == 0.0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--engine", "nobody"), "there is no recommender 'nobody'; there are"),
        (("--engine", "item-knn", "--option", "k=no"), "option 'k': expected a valid integer"),
        (("--engine", "item-knn", "--option", "k"), "--option: expected NAME=VALUE"),
        (("--engine", "popular", "--seeds", "one"), "--seeds: expected whole numbers"),
        (
            ("--engine", "popular", "--seeds", "1,1"),
            "--seeds: expected whole numbers from 0 to 4294967295, each of them once",
        ),
        (("--engine", "popular", "--protocol", "gowalla"), "expected a file with a test part"),
    ],
)
def test_mistakes_are_said_in_one_line(inter: Path, words: tuple[str, ...], complaint: str) -> None:
    result = run("evaluate", "--data", inter, *words)
    assert result.exit_code == 2 and complaint in result.stderr and "Traceback" not in result.stderr


def test_tuning_tries_the_defaults_first_and_tests_the_best_once(inter: Path) -> None:
    words = ("--engine", "item-knn", "--protocol", "holdout", "--seeds", "1", "--trials", "4", "--metric", "recall@3")
    found = as_json("tune", "--data", inter, *words, "--option", "min_similarity=0")
    assert (
        found["trials"] + len(found["failed"]) == 4
        and {"k", "shrinkage"} <= set(found["searched"]) - {"min_similarity"}
        and found["metric"] == "recall@3"
    )
    assert found["best"]["validation"]["mean"] >= found["defaults"]["validation"]["mean"]
    assert (
        found["test"]["part"] == "test"
        and found["test"]["options"] | found["best"]["options"] == found["test"]["options"]
    )
    assert found["command"].startswith("footlight train item-knn --option min_similarity=0")


def test_tuning_can_be_repeated(inter: Path) -> None:
    words = (
        "tune",
        "--data",
        inter,
        "--engine",
        "item-knn",
        "--protocol",
        "leave-last",
        "--trials",
        "4",
        "--seed",
        "3",
    )
    first, second = as_json(*words), as_json(*words)
    assert first["best"] == second["best"]


def test_people_see_what_was_found(inter: Path) -> None:
    result = run(
        "tune", "--data", inter, "--engine", "item-knn", "--protocol", "holdout", "--seeds", "1", "--trials", "2"
    )
    assert result.exit_code == 0
    assert (
        "2 trials" in result.stdout
        and "on the validation part" in result.stdout
        and "footlight train item-knn" in result.stdout
    )


@pytest.mark.parametrize("metric", ["rmse", "ndcg", "ndcg@0", "beauty@10"])
def test_a_figure_that_cannot_be_aimed_at_is_refused(inter: Path, metric: str) -> None:
    result = run("tune", "--data", inter, "--engine", "popular", "--metric", metric)
    assert result.exit_code == 2 and "--metric: expected one of ndcg, recall" in result.stderr


def searched(
    attempt: Any, trials: int = 5, space: tuple[Dimension, ...] = (Dimension("x", low=0.0, high=1.0, default=0.5),)
) -> Search:
    found = Search("ndcg@10")
    search(attempt, space, found, Budget(trials, 60.0, 0), lambda *_: None)
    return found


def test_an_interrupted_search_keeps_the_best_so_far() -> None:
    seen: list[float] = []

    def attempt(options: Any) -> Estimate:
        seen.append(options.get("x", 0.5))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return Estimate(seen[-1], 0, 1)

    found = searched(attempt)
    assert found.interrupted and found.best is not None and found.best[1].mean == max(seen[:2])


def test_options_that_an_engine_refuses_are_passed_over() -> None:
    def attempt(options: Any) -> Estimate:
        if options.get("x", 0.5) > 0.5:
            raise ValueError("too large")
        return Estimate(options.get("x", 0.5), 0, 1)

    found = searched(attempt, trials=12)
    assert found.done == 12 and found.failures and {reason for _, reason in found.failures} == {"too large"}


def test_without_anything_to_search_the_defaults_are_the_only_trial() -> None:
    assert searched(lambda options: Estimate(1.0, 1.0, 1.0), space=()).done == 1


def test_a_page_with_pictures_is_written(inter: Path, tmp_path: Path) -> None:
    out = tmp_path / "page"
    result = run("evaluate", "--data", inter, "--engine", "popular", "--protocol", "ms-ml100k", "--out", out)
    assert result.exit_code == 0 and str(out / "index.html") in result.stdout
    page = (out / "index.html").read_text()
    assert all(
        (out / name).stat().st_size > 5_000 and name in page
        for name in ("comparison.png", "cutoffs.png", "popularity.png")
    )
    assert json.loads((out / "evaluation.json").read_text())["engine"] == "popular" and "BiVAE" in page


def test_two_engines_are_compared(inter: Path) -> None:
    words = ("evaluate", "--data", inter, "--engine", "item-knn", "--against", "popular")
    found = as_json(*words)["against"]
    assert (
        found["engine"] == "popular"
        and found["difference"]["ndcg@10"]["ci95"][0] < found["difference"]["ndcg@10"]["mean"]
    )
    assert "item-knn minus popular" in run(*words).stdout
