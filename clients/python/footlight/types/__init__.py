"""What goes into the client and what comes out of it: frozen dataclasses and enumerations, none of them from the wire."""

from __future__ import annotations

from footlight.types.catalog import Erasure, Event, EventKind, Item, PutItems, RecordedEvents
from footlight.types.engine import (
    BreakerState,
    Deployment,
    Engine,
    EngineHealth,
    Model,
    Plugin,
    PluginState,
    Training,
    TrainingState,
    UpdateClass,
    Verb,
)
from footlight.types.generation import Asset, Corpus
from footlight.types.interaction import (
    Agent,
    BatchDecisions,
    Decision,
    EndReason,
    Reward,
    RewardStatus,
    SessionEnd,
    SessionSummary,
    Step,
)
from footlight.types.recommendation import Reason, ReasonKind, Recommendations, RecommendedItem, SimilarItems

__all__ = [
    "Agent",
    "Asset",
    "BatchDecisions",
    "BreakerState",
    "Corpus",
    "Decision",
    "Deployment",
    "EndReason",
    "Engine",
    "EngineHealth",
    "Erasure",
    "Event",
    "EventKind",
    "Item",
    "Model",
    "Plugin",
    "PluginState",
    "PutItems",
    "Reason",
    "ReasonKind",
    "Recommendations",
    "RecommendedItem",
    "RecordedEvents",
    "Reward",
    "RewardStatus",
    "SessionEnd",
    "SessionSummary",
    "SimilarItems",
    "Step",
    "Training",
    "TrainingState",
    "UpdateClass",
    "Verb",
]
