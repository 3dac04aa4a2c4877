"""The classes of docs/examples/methods that stand on the contract's smaller roles do what their roles ask."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from footlight_plugins import (
    Content,
    Domain,
    EmbedderRole,
    EmbedderSpec,
    EngineSpec,
    PartRole,
    PartSpec,
    Samples,
    UpdateClass,
    Verb,
)
from footlight_plugins.stages import Origin
from footlight_plugins.testing import (
    AgentSuite,
    AssistantSuite,
    GeneratorSuite,
    ImageEmbedderSuite,
    RecommenderSuite,
    RulesSuite,
)

METHODS = Path(__file__).parents[2] / "docs/examples/methods"
TEXT, PICTURE = Content("text/plain", b"to be or not"), Content("image/png", b"\x89PNG")
ORIGIN = Origin("g-1-0", "g-1", "letters", "1.0", "letters", 3, 7, 1_700_000_000_000_000, "Studio")


def _module(file: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"shown_{file}", METHODS / f"{file}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class TestTheScoringRecommender(RecommenderSuite):
    spec = EngineSpec(
        "not-again",
        Verb.RECOMMEND,
        "1.0",
        "Not again.",
        "shown:NotAgain",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        fallback=True,
    )
    plugin_module = "footlight_plugins"

    def engine_class(self) -> type[Any]:
        found: type[Any] = _module("scoring_recommender").NotAgain
        return found


class TestTheWeighingAgent(AgentSuite):
    spec = EngineSpec("curious", Verb.ACT, "1.0", "Curious.", "shown:Curious")
    plugin_module = "footlight_plugins"

    def engine_class(self) -> type[Any]:
        found: type[Any] = _module("weighing_agent").Curious
        return found


class TestTheDrawingGenerator(GeneratorSuite):
    spec, options = EngineSpec("within", Verb.GENERATE, "1.0", "Within.", "shown:Within"), {"steps": 20}
    plugin_module = "footlight_plugins"

    def engine_class(self) -> type[Any]:
        found: type[Any] = _module("drawing_generator").Within
        return found


class TestTheAssistant(AssistantSuite):
    spec = EngineSpec("usher", Verb.ACT, "1.0", "Usher.", "shown:Usher", converses=True)
    plugin_module = "footlight_plugins"

    def engine_class(self) -> type[Any]:
        found: type[Any] = _module("assistant").Usher
        return found


class TestTheRules(RulesSuite):
    spec = PartSpec("room", PartRole.LEVEL_RULES, "1.0", "A room.", "shown:Room")
    plugin_module = "footlight_plugins"
    playable = ("#####", "#@.>#", "#####")

    def part_class(self) -> type[Any]:
        found: type[Any] = _module("rules").Room
        return found


class TestTheImageEmbedder(ImageEmbedderSuite):
    spec = EmbedderSpec("grid", "1.0", "Colours.", "shown:ColourGrid", role=EmbedderRole.IMAGE)
    plugin_module = "footlight_plugins"

    def embedder_class(self) -> type[Any]:
        found: type[Any] = _module("image_embedder").ColourGrid
        return found


def test_the_embedder_finds_like_words_alike() -> None:
    one, like, other, empty = _module("embedder").Pairs().embed(["spaceship", "spaceships", "dog", ""])
    assert one @ like > 0.9 > 0.1 > one @ other and np.linalg.norm(empty) == 0.0


@pytest.fixture(scope="module")
def stages() -> ModuleType:
    pytest.importorskip("cryptography")
    return _module("stages")


def test_the_originality_stage_names_the_sample_that_was_copied(stages: ModuleType) -> None:
    numbers = np.random.default_rng(0).random((9, 4))
    samples = Samples(next(iter(Domain)), numbers[:6], numbers[6:], tuple("abcdef"))
    stage = stages.Distances()
    found = stage.nearest(stage.index(samples), numbers[2])
    assert (found.name, found.copied, stage.fingerprint(samples).shape) == ("c", True, (6, 4))


def test_the_label_is_drawn_on_texts_only(stages: ModuleType) -> None:
    stage = stages.FirstLine()
    assert stage.draw(TEXT).data.startswith(b"[Made by a machine]") and stage.draw(PICTURE) is None


def test_the_watermark_is_read_by_the_holder_of_the_key(stages: ModuleType) -> None:
    stage = stages.Blanks()
    marked = stage.embed(TEXT, b"key", 4711)
    assert stage.read(marked, b"key").payload == 4711 != stage.read(marked, b"other").payload
    assert stage.read(TEXT, b"key").confidence < 0.5


def test_the_metadata_are_found_again(stages: ModuleType) -> None:
    stage = stages.LastLine()
    assert stage.read(stage.write(TEXT, ORIGIN))["asset_id"] == "g-1-0" and stage.read(PICTURE) == {}


def test_the_signature_notices_a_changed_byte(stages: ModuleType, tmp_path: Path) -> None:
    from footlight_server.marking.keys import SigningConfig, anchors, credentials

    stage = stages.Sidecar()
    signed, roots = stage.sign(TEXT, ORIGIN, credentials(tmp_path, SigningConfig())), anchors(tmp_path, SigningConfig())
    changed = Content("text/plain", TEXT.data + b"!")
    verdicts = [stage.verify(one, signed.sidecar, root) for one, root in ((TEXT, roots), (TEXT, ""), (changed, roots))]
    assert [verdict.state for verdict in verdicts] == ["trusted", "untrusted", "invalid"]
