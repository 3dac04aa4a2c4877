"""Level rules that a plug-in brings, asked with care: whatever they do wrong is theirs, not the engine's that asked.

They are asked where the engine runs, in the server or in a process that trains, so the engine cannot be protected from the
server's side: the care is here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from footlight_plugins.asking import MAKING_SECONDS, Questions, whatever
from footlight_plugins.parts import PartSpec, made, plugin_of
from footlight_plugins.placing import placed
from footlight_plugins.rules import Grid, Judgement, Rules

SECONDS = 10.0
"""How long rules may take over one level."""


class AskedRules(Rules):
    """Rules whose answers are looked at: a stranger's may answer anything, or nothing at all."""

    def __init__(self, rules: Rules, questions: Questions, seconds: float = SECONDS) -> None:
        """``seconds`` bounds one question."""
        self._rules, self._questions, self._seconds = rules, questions, seconds
        colours: Mapping[str, tuple[int, int, int]] = self._asked("colours", lambda: rules.colours, _are_colours)
        self.colours = {symbol: (int(r), int(g), int(b)) for symbol, (r, g, b) in colours.items()}
        self.turns = self._asked("turns", lambda: rules.turns, _is_bool)

    @staticmethod
    def of(spec: PartSpec, options: Mapping[str, Any]) -> AskedRules:
        """The rules that a descriptor names, made with care as well; raises as `find_part` does."""
        called, plugin = f"{spec.role} {spec.name!r}", plugin_of(spec)
        if not options and (elsewhere := placed(spec)) is not None:
            return AskedRules(elsewhere, Questions(called, plugin, bounded=True))
        questions = Questions(called, plugin)
        return AskedRules(questions.put("__init__", partial(made, spec, options), whatever, MAKING_SECONDS), questions)

    def fits(self, symbols: frozenset[str]) -> bool:
        """What they say of a corpus."""
        return bool(self._asked("fits", lambda: self._rules.fits(symbols), _is_bool))

    def repaired(self, level: Grid) -> Grid:
        """What they make of a level: one of the same size."""
        made: Grid = self._asked("repaired", lambda: self._rules.repaired(level), lambda made: _same_size(made, level))
        return made

    def judge(self, level: Grid) -> Judgement:
        """What they say of a level."""
        judgement: Judgement = self._asked("judge", lambda: self._rules.judge(level), _is_judgement)
        return judgement

    def _asked(self, method: str, work: Callable[[], Any], right: Callable[[Any], bool]) -> Any:
        return self._questions.put(method, work, right, self._seconds)


def _is_bool(answer: Any) -> bool:
    return type(answer) is bool


def _are_colours(answer: Mapping[str, Any]) -> bool:
    colours = dict(answer)
    return all(len(one) == 3 and all(0 <= int(part) <= 255 for part in one) for one in colours.values())


def _same_size(made: Any, level: Grid) -> bool:
    return [len(row) for row in made] == [len(row) for row in level] and all(isinstance(row, str) for row in made)


def _is_judgement(answer: Any) -> bool:
    if not (isinstance(answer, Judgement) and type(answer.playable) is bool and isinstance(answer.reason, str)):
        return False
    json.dumps(dict(answer.facts), allow_nan=False)  # raises for what it cannot hold
    return True
