"""The contract between Footlight and its plug-ins.

A plug-in is a module (or a class instance) with one hook, named in the entry-point group ``footlight``::

    # pyproject.toml
    [project.entry-points.footlight]
    my-plugin = "my_package"

    # my_package/__init__.py
    from footlight_plugins import EngineSpec, Verb, impl

    @impl
    def register_engines():
        return [EngineSpec(name="newest", verb=Verb.RECOMMEND, version="1.0", summary="Newest first.",
                           factory="my_package.newest:Newest")]

The factory is a string, so that nothing heavy is imported before the engine is first used.
"""

from __future__ import annotations

from footlight_plugins.contract import (
    API_VERSION,
    Call,
    CallEnded,
    Engine,
    EngineSpec,
    Options,
    TrainingRun,
    UpdateClass,
    Verb,
)
from footlight_plugins.conversation import Assistant, Heard, Reply, ReplyItem, SaidSlot, Turn
from footlight_plugins.data import (
    Basis,
    Content,
    Corpus,
    CorpusFile,
    Domain,
    EventKind,
    Events,
    History,
    ItemContent,
    NotMade,
    Query,
    Ranking,
    Samples,
    State,
    Wish,
    WishRefused,
)
from footlight_plugins.decisions import (
    Box,
    Candidates,
    Choice,
    Choices,
    Discrete,
    Situation,
    Situations,
    Spaces,
    Transition,
    Transitions,
)
from footlight_plugins.drawing import DrawingGenerator, DrawingOptions
from footlight_plugins.embedding import (
    Embedder,
    EmbedderFailed,
    EmbedderRole,
    EmbedderSpec,
    ImageEmbedder,
    find_embedder,
    find_image_embedder,
)
from footlight_plugins.finding import find_part, find_rules
from footlight_plugins.listening import EventListener, Happening
from footlight_plugins.part import Part
from footlight_plugins.parts import PartFailed, PartRole, PartSpec, PartUnavailable, parts_of
from footlight_plugins.reranking import ReRanker, Shortlist
from footlight_plugins.roles import Agent, Generator, Recommender
from footlight_plugins.rules import Judgement, Rules
from footlight_plugins.scoring import ScoringRecommender
from footlight_plugins.shaping import PotentialOptions, PotentialShaper, RewardShaper
from footlight_plugins.sourcing import CandidateSource
from footlight_plugins.spec import ENTRY_POINT_GROUP, impl
from footlight_plugins.stages import StageKind, StageSpec
from footlight_plugins.weighing import WeighingAgent

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "Agent",
    "Assistant",
    "Basis",
    "Box",
    "Call",
    "CallEnded",
    "CandidateSource",
    "Candidates",
    "Choice",
    "Choices",
    "Content",
    "Corpus",
    "CorpusFile",
    "Discrete",
    "Domain",
    "DrawingGenerator",
    "DrawingOptions",
    "Embedder",
    "EmbedderFailed",
    "EmbedderRole",
    "EmbedderSpec",
    "Engine",
    "EngineSpec",
    "EventKind",
    "EventListener",
    "Events",
    "Generator",
    "Happening",
    "Heard",
    "History",
    "ImageEmbedder",
    "ItemContent",
    "Judgement",
    "NotMade",
    "Options",
    "Part",
    "PartFailed",
    "PartRole",
    "PartSpec",
    "PartUnavailable",
    "PotentialOptions",
    "PotentialShaper",
    "Query",
    "Ranking",
    "ReRanker",
    "Recommender",
    "Reply",
    "ReplyItem",
    "RewardShaper",
    "Rules",
    "SaidSlot",
    "Samples",
    "ScoringRecommender",
    "Shortlist",
    "Situation",
    "Situations",
    "Spaces",
    "StageKind",
    "StageSpec",
    "State",
    "TrainingRun",
    "Transition",
    "Transitions",
    "Turn",
    "UpdateClass",
    "Verb",
    "WeighingAgent",
    "Wish",
    "WishRefused",
    "find_embedder",
    "find_image_embedder",
    "find_part",
    "find_rules",
    "impl",
    "parts_of",
]
