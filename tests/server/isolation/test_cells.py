"""Rules, embedders and asset stages of an isolated plug-in are named and come back, whatever they do to their process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from footlight_plugins import (
    Content,
    Domain,
    EmbedderFailed,
    Judgement,
    PartFailed,
    PartRole,
    Samples,
    State,
    embedding,
    find_embedder,
    find_image_embedder,
    find_part,
    find_rules,
    parts,
)
from footlight_plugins.loader import LoaderConfig, load_plugins
from footlight_plugins.placing import place_with
from footlight_plugins.stages import Origin, StageKind
from footlight_server.dispatch.limits import Limits
from footlight_server.isolation import cells as cells_module
from footlight_server.isolation.__main__ import Host
from footlight_server.isolation.cells import Cell
from footlight_server.isolation.placement import Cells, keep_apart
from footlight_server.marking.choice import Stages
from footlight_server.marking.keys import SigningConfig
from footlight_server.marking.marking import Marking

SECONDS = 0.7
ORIGIN = Origin("a", "d", "engine", "1.0", "deployment", 1, 7, 0, "producer")
STAGES = [f"{kind}=odd-{kind}" for kind in StageKind]


class Yard:
    """The cells of a process that has isolated the plug-in `odd`."""

    def __init__(self, cells: Cells, stages: Stages, folder: Path) -> None:
        self.cells, self.stages = cells, stages
        self.marking = Marking(stages, folder, SigningConfig())

    def cell(self, role: str) -> Cell:
        return next(cell for cell in self.cells.at_work if cell.spec.role == role)

    def well(self, role: str) -> Cell:
        """The cell of a role, when it may be asked again."""
        cell = self.cell(role)
        while cell.breaker.retry_after:
            time.sleep(0.01)
        return cell


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    config = LoaderConfig(plugins_dir=Path(__file__).parent / "one_file_plugins")
    patch = pytest.MonkeyPatch()
    for registry in (parts, embedding):  # whoever is tested next in this process must not find what is broken here
        patch.setattr(registry, "_offered", dict(registry._offered))
    plugins = load_plugins(config)
    limits = Limits(plugins=config, isolated_plugins=frozenset({"odd"}), isolated_bytes=1 << 29)
    for name in ("RULES_SECONDS", "EMBEDDER_SECONDS", "STAGE_SECONDS"):
        patch.setattr(cells_module, name, SECONDS)
    patch.setattr("footlight_server.isolation.celled.SECONDS_EACH", 0.0)
    patch.setattr("footlight_server.dispatch.breaker.LONGEST_SECONDS", 0.2)
    patch.setattr("footlight_server.dispatch.breaker.FIRST_SECONDS", 0.1)
    cells = keep_apart(plugins, limits)
    yield Yard(cells, Stages(plugins, tuple(STAGES)), tmp_path_factory.mktemp("keys"))
    cells.close()
    place_with(None)
    patch.undo()


def test_rules_do_their_work_from_a_process(yard: Yard) -> None:
    rules = find_rules("odd")
    assert (rules.colours, rules.turns, rules.fits(frozenset("#@"))) == ({"#": (1, 2, 3)}, True, True)
    assert rules.repaired(["#@"]) == ["#@"] and rules.judge(["#@"]).facts["process"] != os.getpid()


@pytest.mark.parametrize("deed", ["raise", "die", "grow", "text"])
def test_rules_that_fail_are_named_and_answer_again(yard: Yard, deed: str) -> None:
    rules = find_part(PartRole.LEVEL_RULES, "odd")
    faults = yard.cell("level-rules").breaker.faults
    with pytest.raises(PartFailed, match="level-rules 'odd' of plug-in 'odd'") as failed:
        rules.judge([deed])
    assert yard.well("level-rules").breaker.faults == faults + (deed != "text"), failed.value
    assert rules.judge(["#"]).playable


def test_what_hangs_in_a_process_leaves_no_thread_behind_and_says_why(yard: Yard) -> None:
    with pytest.raises(PartFailed, match="it took too long"):
        find_rules("odd").judge(["sleep"])
    with pytest.raises(PartFailed, match=r"is left alone for a while: .* it took too long"):
        find_rules("odd")
    cell = yard.well("level-rules")
    restarts = cell.restarts
    assert find_rules("odd").judge(["#"]).playable and cell.restarts == restarts + 1 and cell.able


def test_rules_that_cannot_be_made_are_named(yard: Yard) -> None:
    with pytest.raises(PartFailed, match="level-rules 'endless' of plug-in 'odd' could not be made"):
        find_rules("endless")


def test_embedders_do_their_work_from_a_process_however_much_they_are_given(yard: Yard) -> None:
    texts, pictures = find_embedder("odd-lengths"), find_image_embedder("odd-light")
    assert texts is not None and pictures is not None
    assert texts[1].embed(["ab"] * 100).tolist() == [[2.0, 1.0]] * 100
    assert pictures[1].embed([np.full((4, 4, 4), 9, np.uint8)]).tolist() == [[9.0]]


@pytest.mark.parametrize("deed", ["die", "text"])
def test_an_embedder_that_fails_is_named_and_answers_again(yard: Yard, deed: str) -> None:
    _, embedder = find_embedder("odd-lengths") or pytest.fail("it was not found")
    with pytest.raises(EmbedderFailed, match="text-embedder 'odd-lengths' of plug-in 'odd' failed"):
        embedder.embed([deed])
    yard.well("text-embedder")
    assert len(embedder.embed(["a"])) == 1


def test_an_image_embedder_that_dies_is_named(yard: Yard) -> None:
    _, embedder = find_image_embedder("odd-light") or pytest.fail("it was not found")
    with pytest.raises(EmbedderFailed, match=r"image-embedder 'odd-light' of plug-in 'odd' failed: .* code 7"):
        embedder.embed([np.zeros((2, 2, 4), np.uint8)])


def test_assets_go_through_stages_in_processes(yard: Yard) -> None:
    marked = yard.marking.mark(Content("text/plain", b"content"), ORIGIN, visible=True)
    assert marked.content.data == b"content drawn hidden by producer sealed" and marked.sidecar == b"seal"
    assert yard.marking.read_mark(marked.content) is not None and yard.stages.bits == 32
    assert yard.marking.verify(marked.content, b"seal")[0] is not None


@pytest.mark.parametrize("deed", ["exit", "die", "sleep", "text"])
def test_content_goes_out_without_a_stage_whose_process_fails_and_with_it_again(yard: Yard, deed: str) -> None:
    marked = yard.marking.mark(Content("text/plain", deed.encode()), ORIGIN, visible=True)
    assert "stage 'odd-label' of plug-in 'odd'" in marked.facts["left_out"]["visible label"]
    yard.well("label-stage")
    again = yard.marking.mark(Content("text/plain", b"content"), ORIGIN, visible=True)
    assert again.content.data == b"content drawn hidden by producer sealed"


def test_content_is_compared_in_a_process_that_is_given_the_index_once_and_anew_after_it_died(yard: Yard) -> None:
    stage = yard.stages.originality
    assert stage is not None
    index = stage.index(Samples(Domain.ARRAY, np.ones((2, 3), np.float32), np.ones((0, 3), np.float32), ("a", "b")))
    near = [Content("text/plain", b"", sample=np.full(shape, 2.0, np.float32)) for shape in ((3,), (3,))]
    found = [yard.marking.nearest(index, "odd-originality", one) for one in near]
    assert [one.distance for one in found if one is not None] == [3.0, 3.0]
    deadly = Content("text/plain", b"", sample=np.full(3, -1.0, np.float32))
    assert yard.marking.nearest(index, "odd-originality", deadly) is None
    yard.well("originality-stage")
    assert yard.marking.nearest(index, "odd-originality", near[0]) == found[0]


def test_a_shape_that_cannot_be_compared_is_no_fault_of_the_stage(yard: Yard) -> None:
    index, cell = State({"train": np.ones((2, 3), np.float32)}, {"names": ["a"]}), yard.cell("originality-stage")
    faults = cell.breaker.faults
    with pytest.raises(ValueError, match="another shape"):
        yard.marking.nearest(index, "odd-originality", Content("a/b", b"", sample=np.ones(4, np.float32)))
    assert cell.breaker.faults == faults


def test_an_isolated_engine_asks_the_rules_of_its_own_plugin_where_it_is_and_others_in_theirs() -> None:
    folder = str(Path(__file__).parent / "one_file_plugins")
    which = {"folder": folder, "disabled": [], "allowed": None, "isolated": ["odd"]}
    patch = pytest.MonkeyPatch()
    patch.setattr("footlight_server.isolation.__main__._bound_memory", lambda _: None)
    try:
        Host().answer("make", ["", "popular", {}, which, 1 << 29], None)
        judged = find_rules("odd").judge(["#"])
    finally:
        place_with(None)
        patch.undo()
    assert isinstance(judged, Judgement) and judged.facts["process"] != os.getpid()
