"""Level rules that misbehave are named with their plug-in, whatever they do, and the engine that asked them is not."""

from __future__ import annotations

import _thread
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from footlight_plugins import (
    Judgement,
    PartFailed,
    PartRole,
    PartSpec,
    Rules,
    asking,
    find_part,
    find_rules,
    impl,
    judging,
    parts,
)
from footlight_plugins.asking import Questions
from footlight_plugins.judging import AskedRules
from footlight_plugins.testing.fixtures import PluginRegistry
from footlight_server.dispatch.faulting import EngineFault, Whose, judged
from footlight_server.isolation import process
from footlight_server.isolation.__main__ import Host, _answered

LEVEL = ["#@.#", "####"]
GOOD = Judgement(True, "", {"steps": 3})


class Umpire(Rules):
    """Says what it is told to say; `repaired` and `fits` are right."""

    says: Any = Judgement(True)

    def judge(self, level: Any) -> Any:
        return self.says() if callable(self.says) else self.says


class Sloppy(Umpire):
    def repaired(self, level: Any) -> Any:
        return level[1:]

    def fits(self, symbols: Any) -> Any:
        return 1


class Garish(Umpire):
    colours = {"#": (0, 0, 999)}  # noqa: RUF012


WRONG: dict[str, Any] = {
    "raise": lambda: 1 // 0,
    "exit": lambda: sys.exit(3),
    "sleep": lambda: time.sleep(0.6),
    "none": None,
    "tuple": (True, "", {}),
    "number": Judgement(1),  # type: ignore[arg-type]
    "no reason": Judgement(False, None),  # type: ignore[arg-type]
    "nan": Judgement(True, "", {"steps": float("nan")}),
    "array": Judgement(True, "", {"steps": np.zeros(2)}),
}


@pytest.fixture(autouse=True)
def nothing_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_hanging", Counter())


def asked(rules: type[Rules] = Umpire, says: Any = GOOD) -> AskedRules:
    made = rules()
    made.says = says  # type: ignore[attr-defined]
    found = AskedRules(made, Questions("level-rules 'umpire'", "stranger"), 20.0)
    if says is WRONG["sleep"]:
        found._seconds = 0.05  # not before: even a quick answer may take that long on a busy machine
    return found


def test_rules_that_do_well_are_answered_from() -> None:
    rules = asked()
    assert rules.judge(LEVEL).facts == {"steps": 3} and rules.repaired(LEVEL) == LEVEL and not rules.fits(frozenset())


@pytest.mark.parametrize("deed", WRONG)
def test_whatever_rules_do_wrong_is_theirs_and_their_plugins(deed: str) -> None:
    with pytest.raises(PartFailed, match="level-rules 'umpire' of plug-in 'stranger'"):
        asked(says=WRONG[deed]).judge(LEVEL)


def test_whoever_waits_for_rules_can_be_interrupted() -> None:
    def interrupted() -> Judgement:
        _thread.interrupt_main()
        time.sleep(0.3)
        return GOOD

    with pytest.raises(KeyboardInterrupt):
        asked(says=interrupted).judge(LEVEL)


@pytest.mark.parametrize("deed", [lambda r: r.repaired(LEVEL), lambda r: r.fits(frozenset("#"))])
def test_levels_of_another_size_and_answers_that_are_none_are_refused(deed: Callable[[Rules], Any]) -> None:
    with pytest.raises(PartFailed, match="what the contract does not allow"):
        deed(asked(Sloppy))


def test_colours_that_there_are_not_are_refused() -> None:
    with pytest.raises(PartFailed, match="colours"):
        asked(Garish)


def test_rules_that_hang_again_and_again_are_not_asked_until_a_thread_comes_back() -> None:
    rules = asked(says=WRONG["sleep"])
    for _ in range(asking.MOST_HUNG):
        with pytest.raises(PartFailed, match="took more than"):
            rules.judge(LEVEL)
    rules._seconds = 20.0
    with pytest.raises(PartFailed, match="3 threads hang"):
        rules.fits(frozenset())
    end = time.monotonic() + 20
    while asking._hanging["level-rules 'umpire'"] and time.monotonic() < end:
        time.sleep(0.02)
    assert not rules.fits(frozenset())


@pytest.fixture
def offered(plugin_registry: PluginRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plugin:
        @impl
        def register_parts(self) -> Any:
            return [PartSpec("umpire", PartRole.LEVEL_RULES, "1", "Judges.", f"{__name__}:Umpire")]

    monkeypatch.setattr(parts, "_offered", {})
    plugin_registry.add(Plugin(), name="stranger")
    plugin_registry.load(strict=True)


def test_rules_that_an_engine_finds_as_any_part_are_asked_with_the_same_care(
    offered: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Umpire, "says", None)
    with pytest.raises(PartFailed, match="level-rules 'umpire' of plug-in 'stranger' answered"):
        find_part(PartRole.LEVEL_RULES, "umpire").judge(LEVEL)


def test_rules_that_are_never_made_are_given_up(offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Umpire, "__init__", lambda self: time.sleep(0.6))
    monkeypatch.setattr(judging, "MAKING_SECONDS", 0.05)
    with pytest.raises(PartFailed, match=r"'umpire' of plug-in 'stranger' took more than 0.05 s over `__init__`"):
        find_rules("umpire")


def test_the_engine_of_levels_passes_the_blame_on(offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = pytest.importorskip("footlight_engines.generate.level_gan")
    monkeypatch.setattr(Umpire, "says", lambda self: 1 // 0)
    with pytest.raises(PartFailed, match="level-rules 'umpire' of plug-in 'stranger' raised ZeroDivisionError"):
        levels._judged(np.zeros((4, 4), np.uint8), "#", levels.rules_of("umpire", frozenset())[1])


def test_the_host_names_the_rules_and_not_the_engine(offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Umpire, "says", lambda self: 1 // 0)
    with pytest.raises(PartFailed) as failed:
        find_rules("umpire").judge(LEVEL)
    fault = judged("level-gan", failed.value)
    whose = Whose("level-gan", "generate", "level-gan").of(fault)
    assert str(whose) == "level-rules 'umpire' of plug-in 'stranger'" and whose.names["engine"] == "level-gan"
    assert isinstance(fault, EngineFault) and str(fault).startswith("level-rules 'umpire' of plug-in 'stranger' raised")


def test_the_blame_crosses_from_a_process_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    def fails(method: str, arguments: Any, seconds: Any) -> None:
        raise PartFailed("level-rules 'umpire'", "stranger", "raised ZeroDivisionError")

    host = Host()
    host.answer = fails  # type: ignore[method-assign]
    kind, outcome = json.loads(json.dumps(_answered(host, [1, "generate", [], None])))
    with pytest.raises(PartFailed, match="level-rules 'umpire' of plug-in 'stranger' raised ZeroDivisionError"):
        process._result("engine 'level-gan'", kind, outcome)
