"""Level rules that a plug-in brings, asked with care: whatever they do wrong is theirs, not the engine's that asked.

They run where the engine runs, in the server or in a process that trains, so the engine cannot be protected from the
server's side: the care is here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any

from footlight_plugins.parts import PartFailed, PartRole, find_part, part_spec, plugin_of
from footlight_plugins.rules import Grid, Judgement, Rules

SECONDS = 10.0
"""How long rules may take over one level."""
MOST_HUNG = 3
"""So many threads of one process may hang in rules; then these are not asked until one comes back."""

_hanging: Counter[str] = Counter()
"""How many threads hang, by the name of the rules."""


def find_rules(name: str) -> Rules:
    """The level rules of this name that a plug-in offers, each question put to them on a thread with 10 s of time.

    Whatever they do wrong is a `PartFailed` that names them and their plug-in: let it through, and the host will say whose
    fault it is.

    Raises
    ------
    PartUnavailable
        As `find_part` does.

    Example
    -------
    ::

        for spec in parts_of(PartRole.LEVEL_RULES):
            assert isinstance(find_rules(spec.name).judge(["#@.#"]), Judgement)
    """
    spec = part_spec(PartRole.LEVEL_RULES, name)
    return AskedRules(find_part(PartRole.LEVEL_RULES, name), name, plugin_of(spec))


class AskedRules(Rules):
    """Rules whose answers are looked at: a stranger's may answer anything, or nothing at all."""

    def __init__(self, rules: Rules, name: str, plugin: str, seconds: float = SECONDS) -> None:
        """``seconds`` bounds one question."""
        self._rules, self._name, self._plugin, self._seconds = rules, name, plugin, seconds
        colours: Mapping[str, tuple[int, int, int]] = self._asked("colours", lambda: rules.colours, _are_colours)
        self.colours = dict(colours)
        self.turns = self._asked("turns", lambda: rules.turns, _is_bool)

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
        if (hung := _hanging[self._name]) >= MOST_HUNG:
            raise self._failed(f"is not asked any more: {hung} threads hang in it")
        done: Future[Any] = Future()
        Thread(target=_settle, args=(done, work), name=f"rules-{self._name}", daemon=True).start()
        try:
            answer = done.result(self._seconds)
        except BaseException as fault:  # a stranger's code may raise anything, sys.exit as well
            if not done.done():
                self._count(1)
                done.add_done_callback(lambda _: self._count(-1))
                raise self._failed(f"took more than {self._seconds:g} s over `{method}`") from None
            raise self._failed(f"raised {type(fault).__name__} in `{method}`: {fault}") from fault
        if not _holds(right, answer):
            raise self._failed(f"answered in `{method}` what the contract does not allow")
        return answer

    def _count(self, more: int) -> None:
        _hanging[self._name] += more

    def _failed(self, what: str) -> PartFailed:
        return PartFailed(f"{PartRole.LEVEL_RULES} {self._name!r}", self._plugin, what)


def _settle(done: Future[Any], work: Callable[[], Any]) -> None:
    try:
        done.set_result(work())
    except BaseException as fault:
        done.set_exception(fault)


def _holds(right: Callable[[Any], bool], answer: Any) -> bool:
    try:
        return right(answer)
    except Exception:  # it is nothing that could be looked at
        return False


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
