"""Whatever an asset stage does, content goes out without it, and says which stage was left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.server.marking import wayward_stages

from footlight_plugins import Content, State
from footlight_plugins.loader import Plugins, PluginState, PluginStatus
from footlight_plugins.stages import Origin, StageKind, StageSpec
from footlight_server.marking.choice import Stages
from footlight_server.marking.keys import SigningConfig
from footlight_server.marking.marking import Marked, Marking

CLASSES = {
    StageKind.ORIGINALITY: "Compared",
    StageKind.LABEL: "Drawn",
    StageKind.WATERMARK: "Hidden",
    StageKind.METADATA: "Told",
    StageKind.SIGNATURE: "Sealed",
}
DEEDS = ("raise", "exit", "sleep", "text", "floats", "hollow")
LEFT_OUT = {StageKind.LABEL: "visible label"}
CONTENT = Content("text/plain", b"content", sample=np.ones(3, np.float32))
ORIGIN = Origin("a", "d", "engine", "1.0", "deployment", 1, 7, 0, "producer")
WHOLE = b"content drawn hidden told sealed"


@pytest.fixture
def marking(tmp_path: Path) -> Marking:
    return marked_by(tmp_path)


def marked_by(folder: Path, **classes: str) -> Marking:
    """With the classes in the place of the ones by the kind's name."""
    chosen = {kind: classes.get(kind.value, name) for kind, name in CLASSES.items()}
    specs = [
        StageSpec(f"my-{kind}", kind, "1.0", "Wayward.", f"{wayward_stages.__name__}:{name}")
        for kind, name in chosen.items()
    ]
    status = PluginStatus("wayward", PluginState.LOADED, stages=tuple(specs))
    plugins = Plugins({}, (status,), stages={spec.name: spec for spec in specs})
    return Marking(Stages(plugins, seconds=0.2), folder, SigningConfig())


def mark(marking: Marking) -> Marked:
    return marking.mark(CONTENT, ORIGIN, visible=True)


def does(monkeypatch: pytest.MonkeyPatch, kind: StageKind, deed: str) -> None:
    monkeypatch.setattr(getattr(wayward_stages, CLASSES[kind]), "does", deed)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("kind", list(CLASSES)[1:])
def test_content_goes_out_without_a_stage_that_fails_and_says_so(
    marking: Marking, monkeypatch: pytest.MonkeyPatch, kind: StageKind, deed: str
) -> None:
    does(monkeypatch, kind, deed)
    marked = mark(marking)
    word = {"Drawn": b" drawn", "Hidden": b" hidden", "Told": b" told", "Sealed": b" sealed"}[CLASSES[kind]]
    assert marked.content.data == WHOLE.replace(word, b"")
    (said,) = marked.facts["left_out"].items()
    assert said[0] == LEFT_OUT.get(kind, kind.value) and "secret" not in said[1]
    assert f"stage 'my-{kind}' of plug-in 'wayward'" in said[1]


@pytest.mark.parametrize("kind", list(CLASSES)[1:])
def test_a_stage_that_prints_and_changes_numpy_does_its_work(
    marking: Marking, monkeypatch: pytest.MonkeyPatch, kind: StageKind
) -> None:
    before = np.geterr()
    does(monkeypatch, kind, "print")
    assert mark(marking).content.data == WHOLE and np.geterr() == before


@pytest.mark.parametrize("deed", DEEDS)
def test_content_is_compared_with_nothing_where_the_comparison_fails(
    marking: Marking, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    does(monkeypatch, StageKind.ORIGINALITY, deed)
    assert marking.nearest(State({}), "my-originality", CONTENT) is None
    assert marking.fingerprint("surface", CONTENT) == b""


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("kind", list(CLASSES)[2:])
def test_nothing_is_found_in_content_by_a_stage_that_fails(
    marking: Marking, monkeypatch: pytest.MonkeyPatch, kind: StageKind, deed: str
) -> None:
    does(monkeypatch, kind, deed)
    found = (marking.read_mark(CONTENT), dict(marking.read_metadata(CONTENT)), marking.verify(CONTENT, b"")[0])
    assert [bool(one) for one in found] == [kind is not one for one in list(CLASSES)[2:]]


def test_a_stage_that_hangs_is_given_up(marking: Marking, monkeypatch: pytest.MonkeyPatch) -> None:
    does(monkeypatch, StageKind.WATERMARK, "sleep")
    mark(marking)
    does(monkeypatch, StageKind.WATERMARK, "well")
    assert "took more than 0.2 s" in mark(marking).facts["left_out"]["watermark"]


@pytest.mark.parametrize("made", ["Unmade", "Mute"])
def test_a_stage_that_cannot_be_made_is_left_out(tmp_path: Path, made: str) -> None:
    marking = marked_by(tmp_path, label=made)
    assert mark(marking).content.data == WHOLE.replace(b" drawn", b"")
    assert "stage 'my-label' of plug-in 'wayward'" in marking.stages.missing[StageKind.LABEL]


def test_what_stages_do_wrong_is_counted_and_one_that_is_given_up_says_why(
    marking: Marking, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(monkeypatch, StageKind.LABEL, "raise")
    does(monkeypatch, StageKind.WATERMARK, "sleep")
    mark(marking), mark(marking)
    found = {one.spec.kind: (one.plugin, one.faults, one.problem) for one in marking.stages.at_work}
    assert found[StageKind.LABEL] == ("wayward", 2, "") and found[StageKind.METADATA] == ("wayward", 0, "")
    assert found[StageKind.WATERMARK][1] == 1 and "took more than 0.2 s" in found[StageKind.WATERMARK][2]
