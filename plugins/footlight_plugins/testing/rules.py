"""The suite of rules of levels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from footlight_plugins import Judgement, Rules
from footlight_plugins.testing.part import PartSuite


class RulesSuite(PartSuite):
    """Holds rules of levels to `Rules`.

    Example
    -------
    ::

        class TwoDoors(Rules):
            def judge(self, level):
                return Judgement("".join(level).count("D") == 2, "it needs two doors")

        class TestTwoDoors(RulesSuite):
            spec = PartSpec("two-doors", PartRole.LEVEL_RULES, "1.0", "Two doors.", "my_package:TwoDoors")
            playable = ("D..D",)

            def part_class(self):
                return TwoDoors
    """

    playable: ClassVar[Sequence[str]] = ()
    """A level that can be played, line by line; the test that needs one is skipped without."""

    def new(self) -> Any:
        """New rules: they take no options."""
        return self.part_class()()

    def levels(self) -> list[list[str]]:
        """Levels of the symbols that it draws, and of others; most of them cannot be played."""
        rng = np.random.default_rng(0)
        symbols = "".join(self.new().colours) + "#.@? "
        made = [["".join(rng.choice(list(symbols), 7)) for _ in range(5)] for _ in range(12)]
        return [*made, *([[*self.playable]] if self.playable else []), ["." * 30] * 30]

    def asked(self, rules: Any) -> Any:
        """What it says of some levels."""
        return [(told.playable, told.reason, dict(told.facts)) for told in map(rules.judge, self.levels())]

    def test_every_level_is_judged_and_the_reason_told(self) -> None:
        for level in self.levels():
            told = self.new().judge(level)
            assert isinstance(told, Judgement) and (told.playable or told.reason), level
            assert json.dumps(dict(told.facts), allow_nan=False)

    def test_a_level_that_can_be_played_is_found_playable(self) -> None:
        if not self.playable:
            pytest.skip("no level is given that can be played")
        assert self.new().judge([*self.playable]).playable

    def test_what_was_repaired_has_the_same_size(self) -> None:
        rules: Rules = self.new()
        for level in self.levels():
            repaired = rules.repaired(level)
            assert [len(row) for row in repaired] == [len(row) for row in level]

    def test_it_says_whether_a_corpus_fits(self) -> None:
        rules: Rules = self.new()
        assert {type(rules.fits(frozenset(symbols))) for symbols in ("", "#.@", "".join(rules.colours))} == {bool}
