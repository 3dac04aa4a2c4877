"""Conformance suites: what every engine must do, as pytest classes that a plug-in's tests inherit.

Five lines test a recommender (`GeneratorSuite` and `AgentSuite` work the same way)::

    from footlight_plugins.testing import RecommenderSuite
    from my_package import register_engines

    class TestNewest(RecommenderSuite):
        spec = register_engines()[0]

Small data are made up; override `events`, `corpus` or `spaces` where an engine needs data of another kind, and `options`
where its defaults are too slow for a test.
"""

from __future__ import annotations

import pytest

for _suite in (
    "agent",
    "assistant",
    "embedder",
    "engine",
    "generator",
    "listener",
    "offer",
    "part",
    "recommender",
    "reranker",
    "rules",
    "shaper",
    "source",
    "stage",
):  # before they are imported: asserts then tell what they saw
    pytest.register_assert_rewrite(f"{__name__}.{_suite}")

from footlight_plugins.testing.agent import AgentSuite  # noqa: E402
from footlight_plugins.testing.assistant import AssistantSuite  # noqa: E402
from footlight_plugins.testing.embedder import EmbedderSuite, ImageEmbedderSuite  # noqa: E402
from footlight_plugins.testing.engine import EngineSuite  # noqa: E402
from footlight_plugins.testing.generator import GeneratorSuite  # noqa: E402
from footlight_plugins.testing.listener import EventListenerSuite  # noqa: E402
from footlight_plugins.testing.offer import OfferSuite  # noqa: E402
from footlight_plugins.testing.part import PartSuite  # noqa: E402
from footlight_plugins.testing.recommender import RecommenderSuite  # noqa: E402
from footlight_plugins.testing.reranker import ReRankerSuite  # noqa: E402
from footlight_plugins.testing.rules import RulesSuite  # noqa: E402
from footlight_plugins.testing.shaper import RewardShaperSuite  # noqa: E402
from footlight_plugins.testing.source import CandidateSourceSuite  # noqa: E402
from footlight_plugins.testing.stage import (  # noqa: E402
    LabelSuite,
    MetadataSuite,
    OriginalitySuite,
    SignatureSuite,
    StageSuite,
    WatermarkSuite,
)

__all__ = [
    "AgentSuite",
    "AssistantSuite",
    "CandidateSourceSuite",
    "EmbedderSuite",
    "EngineSuite",
    "EventListenerSuite",
    "GeneratorSuite",
    "ImageEmbedderSuite",
    "LabelSuite",
    "MetadataSuite",
    "OfferSuite",
    "OriginalitySuite",
    "PartSuite",
    "ReRankerSuite",
    "RecommenderSuite",
    "RewardShaperSuite",
    "RulesSuite",
    "SignatureSuite",
    "StageSuite",
    "WatermarkSuite",
]
