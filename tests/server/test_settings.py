"""Options come from the command line, the environment, a file, and what is built in, in this order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from footlight.cli.app import build


def shown(*arguments: str, **environment: str) -> dict[str, Any]:
    found = CliRunner().invoke(build(), ["config", "--json", *arguments], env=environment)
    assert found.exit_code == 0, found.output
    answer: dict[str, Any] = json.loads(found.output)
    return answer


def refused(*arguments: str) -> str:
    found = CliRunner().invoke(build(), ["config", *arguments], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert found.exit_code == 2
    return " ".join(found.output.replace("│", " ").split())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "footlight.toml"
    path.write_text(
        'listen = "127.0.0.1:1"\nproducer = "file"\nqueue-seconds = 2\nrequire = ["a", "b"]\nshared = true\n'
    )
    return path


def test_each_value_is_shown_with_its_source(file: Path) -> None:
    options = shown("--config", str(file), "--listen", "127.0.0.1:3", FOOTLIGHT_PRODUCER="env")
    assert options["listen"] == {"value": "127.0.0.1:3", "source": "command line"}
    assert options["producer"] == {"value": "env", "source": "environment"}
    assert options["require"] == {"value": ["a", "b"], "source": "file"}
    assert options["durability"] == {"value": "normal", "source": "built in"}


def test_the_file_may_be_named_by_the_environment(file: Path) -> None:
    options = shown(FOOTLIGHT_CONFIG=str(file))
    assert (options["queue-seconds"]["value"], options["shared"]["value"]) == (2.0, True)


def test_several_values_in_the_environment_are_separated_by_spaces() -> None:
    assert shown(FOOTLIGHT_REQUIRE="item-knn popular")["require"]["value"] == ["item-knn", "popular"]


def test_the_password_of_the_database_is_not_shown() -> None:
    assert shown("--database", "postgresql+psycopg://me:secret@host/name")["database"]["value"].count("secret") == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lisen = "x"', "there is no option 'lisen'; is it 'listen'?"),
        ("listen = ", "is not TOML"),
        ("[serve]\nx = 1", "there is no option 'serve'"),
        ('queue-seconds = "long"', "--queue-seconds"),
        ('require = "item-knn"', "require must be a list: ['item-knn']"),
        ('listen = ["x"]', "listen must be one value, not a list"),
        ("processes = true", "processes must be a value, not true"),
        ("[producer]\nx = 1", "producer must be a value, or a list of values, not a table"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "wrong.toml").write_text(text)
    assert said in refused("--config", str(tmp_path / "wrong.toml"))
