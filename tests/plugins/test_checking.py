"""`footlight check-plugin` finds what is wrong, says where, and how to mend it; and nothing that a plug-in does hides it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from footlight_plugins import Box, Candidates, EmbedderRole, StageKind
from footlight_plugins.checking import suites
from footlight_plugins.checking.advice import advice
from footlight_plugins.checking.suites import EMBEDDER_SUITES, PART_SUITES, STAGE_SUITES, suite_of
from footlight_plugins.embedding import EMBEDDER_ROLES
from footlight_plugins.parts import PART_ROLES, PartRole
from footlight_plugins.testing import AgentSuite, AssistantSuite, GeneratorSuite, RecommenderSuite

SUITES = (
    AgentSuite,
    AssistantSuite,
    GeneratorSuite,
    RecommenderSuite,
    *PART_SUITES.values(),
    *EMBEDDER_SUITES.values(),
    *STAGE_SUITES.values(),
)

SOUND = '''"""A sound one."""
import numpy as np
from footlight_plugins import EngineSpec, ScoringRecommender, UpdateClass, Verb, impl


class MostMet(ScoringRecommender):
    def scores(self, query):
        met = np.bincount(self.kept.item, minlength=len(query.servable))
        return np.where(met > 0, met, -np.inf){fault}


@impl
def register_engines():
    return [EngineSpec("{name}", Verb.RECOMMEND, "1", "Most met.", "{name}:MostMet", update_class=UpdateClass.BITWISE,
                       can_forget=True, needs_training=False, fallback=True)]
'''

SHUFFLING = '''"""A re-ranker that forgets the seed."""
import numpy as np
from footlight_plugins import PartRole, PartSpec, ReRanker, impl


class Shuffling(ReRanker):
    def order(self, shortlist):
        return np.random.default_rng().permutation(len(shortlist))[: shortlist.count]


@impl
def register_parts():
    return [PartSpec("shuffling", PartRole.RE_RANKER, "1", "At random.", "shuffling:Shuffling")]
'''


def check(folder: Path, name: str, fault: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of the command for a file with a fault."""
    source = SOUND.replace("{name}", name).replace("{fault}", fault)
    (folder / f"{name}.py").write_text(source)
    return run(str(folder / f"{name}.py"), *options)


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "footlight.cli", "check-plugin", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout or done.stderr)


def test_a_sound_plugin_keeps_the_contract(tmp_path: Path) -> None:
    code, facts = check(tmp_path, "sound", "")
    assert (code, facts["ok"]) == (0, True), facts
    assert facts["engines"]["sound"]["passed"] > 40


def test_each_fault_is_named_with_its_place_and_what_to_mend(tmp_path: Path) -> None:
    code, facts = check(tmp_path, "noisy", " + np.random.random() * (print('noise') or 1)")
    found = {one["test"]: one for one in facts["engines"]["noisy"]["findings"]}
    assert code == 1 and "np.random.default_rng" in found["test_it_leaves_the_process_as_it_found_it"]["mend"]
    assert "logging" in found["test_it_prints_nothing"]["mend"]
    assert {Path(one["place"]).name.partition(":")[0] for one in found.values()} <= {"", "noisy.py"}


def test_an_exception_is_traced_to_the_line_of_the_plugin(tmp_path: Path) -> None:
    _, facts = check(tmp_path, "raising", " / self.nowhere")
    assert all(one["place"].endswith("raising.py:9") for one in facts["engines"]["raising"]["findings"][:3])
    assert "nowhere" in facts["engines"]["raising"]["findings"][0]["happened"]


def test_an_engine_that_ends_its_process_is_named_with_the_test(tmp_path: Path) -> None:
    code, facts = check(tmp_path, "quitting", " + __import__('os')._exit(7)")
    assert code == 1 and "ended with code 7" in facts["engines"]["quitting"]["unfinished"]
    assert "in the test test_" in facts["engines"]["quitting"]["unfinished"]


def test_an_engine_that_hangs_is_named_with_the_test(tmp_path: Path) -> None:
    code, facts = check(tmp_path, "hanging", " + __import__('time').sleep(3600)", "--seconds", "4")
    assert code == 1 and "still running after 4 s" in facts["engines"]["hanging"]["unfinished"]


def test_a_plugin_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken_one.py").write_text("import no_such_library\n")
    code, facts = run(str(tmp_path / "broken_one.py"))
    assert code == 1 and "no_such_library" in facts["plugins"][0]["reason"]


def test_what_lies_beside_a_file_is_not_in_its_way(tmp_path: Path) -> None:
    source = SOUND.replace("{fault}", "")
    (tmp_path / "another.py").write_text(source.replace("{name}", "alone").replace("alone:", "another:"))
    (tmp_path / "quits.py").write_text("import os; os._exit(3)\n")
    code, facts = check(tmp_path, "alone", "")
    assert (code, facts["ok"], len(facts["plugins"])) == (0, True, 1), facts


def test_a_file_that_a_server_passes_over_is_no_plugin(tmp_path: Path) -> None:
    code, facts = check(tmp_path, "_aside", "")
    assert code == 2 and "begin with an underscore" in facts["error"]["message"]


@pytest.mark.parametrize(("target", "said"), [("no-such-plugin", "no plug-in"), ("no_such.py", "no file no_such.py")])
def test_what_is_not_there_is_said_so(target: str, said: str) -> None:
    code, facts = run(target)
    assert code == 2 and said in facts["error"]["message"]


class OwnSuite(AgentSuite):
    """What a distribution brings for an engine that needs more than the made-up data."""


def order_for(engine: str, role: str = "") -> str:
    order = {
        "role": role,
        "name": engine,
        "module": "footlight_engines",
        "folder": "",
        "options": {},
        "corpus": "",
        "bound": 0,
    }
    return json.dumps(order)


def brings(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let an installed distribution name a suite for every engine."""
    point = EntryPoint("linucb", f"{__name__}:{name}", suites.SUITES)
    monkeypatch.setattr(suites, "entry_points", lambda **_: [point])


def test_an_agent_is_checked_with_spaces_that_it_takes() -> None:
    spaces = suite_of(order_for("linucb")).spaces  # type: ignore[attr-defined]
    assert isinstance(spaces.observation, Box) and isinstance(spaces.action, Candidates)


def test_an_embedder_is_checked_by_the_suite_of_its_role() -> None:
    suite = suite_of(order_for("picture-features", "image-embedder"))
    assert issubclass(suite, EMBEDDER_SUITES[EmbedderRole.IMAGE]) and suite.spec.name == "picture-features"


def test_a_stage_is_checked_by_the_suite_of_its_kind() -> None:
    suite = suite_of(order_for("chip-qim", "watermark-stage"))
    assert issubclass(suite, STAGE_SUITES[StageKind.WATERMARK]) and suite.spec.name == "chip-qim"


def test_a_distribution_may_bring_a_suite_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    brings(monkeypatch, "OwnSuite")
    suite = suite_of(order_for("linucb"))
    assert issubclass(suite, OwnSuite) and suite.spec.name == "linucb"


def test_a_suite_that_asks_for_less_than_the_contract_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    brings(monkeypatch, "order_for")
    with pytest.raises(TypeError, match=r"must be a subclass of footlight_plugins\.testing\.AgentSuite"):
        suite_of(order_for("linucb"))


@pytest.mark.parametrize("suite", SUITES)
def test_there_is_advice_for_every_test_of_a_suite(suite: type) -> None:
    tests = {name for name in dir(suite) if name.startswith("test_")}
    assert tests - advice().keys() == set()


def test_there_is_no_advice_for_tests_that_are_gone() -> None:
    assert advice().keys() - {name for suite in SUITES for name in dir(suite)} == set()


def test_every_role_of_a_part_has_a_suite() -> None:
    assert PART_SUITES.keys() == set(PartRole) == PART_ROLES.keys()


def test_every_kind_of_a_stage_has_a_suite() -> None:
    assert STAGE_SUITES.keys() == set(StageKind)


def test_every_role_of_an_embedder_has_a_suite() -> None:
    assert EMBEDDER_SUITES.keys() == set(EmbedderRole) == EMBEDDER_ROLES.keys()


def test_a_part_is_checked_as_an_engine_is(tmp_path: Path) -> None:
    (tmp_path / "shuffling.py").write_text(SHUFFLING)
    code, facts = run(str(tmp_path / "shuffling.py"))
    found = {one["test"]: one for one in facts["parts"]["re-ranker/shuffling"]["findings"]}
    assert code == 1 and set(found) == {"test_the_same_list_comes_to_the_same_order"} | {
        name for name in found if "instances" in name or "thread" in name
    }
    assert "shortlist.seed" in found["test_the_same_list_comes_to_the_same_order"]["mend"]
