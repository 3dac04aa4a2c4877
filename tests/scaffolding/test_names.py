"""What a new plug-in may be called, and that nothing is written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from footlight_plugins import Verb
from footlight_plugins.scaffolding import Names, write_plugin


def test_all_names_follow_from_that_of_the_distribution() -> None:
    names = Names.of("footlight-late-night", Verb.ACT)
    assert (names.package, names.engine, names.class_name) == ("footlight_late_night", "late-night", "LateNight")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "lower-case letters"),
        ("Mood", "lower-case letters"),
        ("my_mood", "lower-case letters"),
        ("mood-", "lower-case letters"),
        ("../mood", "lower-case letters"),
        ("m" * 64, "at most 63"),
        ("footlight", "lower-case letters"),
        ("footlight-1st", "go on with a letter"),
        ("json", "a module 'json' already"),
        ("class", "a module 'class' already"),
        ("numpy", "such as footlight-numpy"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        write_plugin(name, Verb.RECOMMEND, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_an_engine_that_is_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an engine 'popular' already"):
        write_plugin("footlight-popular", Verb.RECOMMEND, tmp_path, taken={"popular"})


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "footlight-mood").mkdir()
    with pytest.raises(FileExistsError, match="there already"):
        write_plugin("footlight-mood", Verb.RECOMMEND, tmp_path)
    assert list((tmp_path / "footlight-mood").iterdir()) == []
