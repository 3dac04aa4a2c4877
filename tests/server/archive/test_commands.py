"""The commands: exit codes, JSON for machines, advice for people."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.server.archive.conftest import House
from typer.testing import CliRunner

from footlight.cli.app import build


def run(*words: str | Path) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(build(), [str(word) for word in words])


@pytest.fixture
def file(house: House, tmp_path: Path) -> Path:
    made = tmp_path / "backup.tar"
    assert run("backup", made, "--data-dir", house.data_dir).exit_code == 0
    return made


def test_a_backup_says_what_it_holds(house: House, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "b.tar", "--data-dir", house.data_dir)
    assert result.exit_code == 0 and "1 model versions, 3 files of corpora and assets" in result.stdout
    facts = json.loads(run("backup", tmp_path / "c.tar", "--data-dir", house.data_dir, "--json").stdout)
    assert facts["tenants"]["default"]["erasure_epoch"] == 1


def test_a_restore_needs_to_know_about_erasures(house: House, file: Path, tmp_path: Path) -> None:
    refused = run("restore", file, "--data-dir", tmp_path / "new")
    assert refused.exit_code == 2 and "they must be forgotten again" in refused.stderr
    torn = run("restore", file, "--data-dir", tmp_path / "new", "--no-later-erasures", "--erasures", house.data_dir)
    assert torn.exit_code == 2 and "contradict each other" in torn.stderr


def test_a_restore_says_how_to_start(file: Path, tmp_path: Path) -> None:
    result = run("restore", file, "--data-dir", tmp_path / "new", "--no-later-erasures")
    assert result.exit_code == 0 and f"footlight serve --data-dir {tmp_path / 'new'}" in result.stdout


def test_what_goes_wrong_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    result = run("backup", tmp_path / "b.tar", "--data-dir", tmp_path, "--json")
    error = json.loads(result.stderr)["error"]
    assert result.exit_code == 2 and error["reason"] == "NO_DATABASE"
    (tmp_path / "footlight.db").write_bytes(b"nonsense" * 1_000)
    assert run("backup", tmp_path / "b.tar", "--data-dir", tmp_path).stderr == "Error: file is not a database\n"


def test_a_place_that_cannot_be_written_is_named(house: House, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "nowhere" / "b.tar", "--data-dir", house.data_dir)
    assert result.exit_code == 2 and "nowhere" in result.stderr


def test_parquet_without_pyarrow_names_what_to_install(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    result = run("export", tmp_path / "out", "--format", "parquet", "--data-dir", house.data_dir)
    assert result.exit_code == 2 and "pip install 'footlight[parquet]'" in result.stderr
    assert not (tmp_path / "out").exists()
