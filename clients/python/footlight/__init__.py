"""The Footlight client.

    import footlight

    with footlight.Client("localhost:7007") as client:
        client.put_items([footlight.Item("m1", title="Metropolis", tags=("silent",))])
        client.record_events([footlight.Event("ada", "m1", footlight.EventKind.RATING, value=5)])
        for item in client.recommend("ada"):
            print(item.item_id, item.score)

gRPC is loaded when a client is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from footlight.errors import (
    AlreadyExists,
    Cancelled,
    DeadlineExceeded,
    FailedPrecondition,
    FootlightError,
    InternalError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    TrainingFailed,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from footlight.types import (
    Agent,
    AgentMode,
    AgentSettings,
    Asset,
    BatchDecisions,
    BoxSpace,
    BreakerState,
    Candidate,
    CandidateSpace,
    Corpus,
    Decision,
    DecisionReason,
    Deployment,
    DictSpace,
    DiscreteSpace,
    DiversityBasis,
    DriftPolicy,
    EndReason,
    Engine,
    EngineHealth,
    Erasure,
    Estimate,
    Evaluation,
    Event,
    EventKind,
    ForgottenListener,
    ForgottenState,
    HistoryItem,
    Item,
    ItemFilter,
    LoggedAction,
    LoggedDecision,
    Model,
    MultiBinarySpace,
    MultiDiscreteSpace,
    NearSample,
    Originality,
    Part,
    PartUse,
    PersonalRecord,
    Plugin,
    PluginState,
    PolicyRow,
    PredictedRatings,
    Provenance,
    PublishedAsset,
    PutItems,
    Reason,
    ReasonKind,
    Recommendations,
    RecommendedItem,
    Recomputation,
    RecomputationOutcome,
    RecordedEvents,
    RecordedRecommendation,
    Reply,
    ReplyItem,
    Reward,
    RewardPolicy,
    RewardStatus,
    Rights,
    SaidSlot,
    SessionEnd,
    SessionSummary,
    SimilarItems,
    Snapshot,
    Step,
    TargetPolicy,
    TracedContent,
    Training,
    TrainingState,
    UpdateClass,
    Verb,
    VerifiedAsset,
    Where,
)

if TYPE_CHECKING:
    from footlight._client.client import AsyncClient, Client
    from footlight._client.connection import Tls

    __version__: str

__all__ = [
    "Agent",
    "AgentMode",
    "AgentSettings",
    "AlreadyExists",
    "Asset",
    "AsyncClient",
    "BatchDecisions",
    "BoxSpace",
    "BreakerState",
    "Cancelled",
    "Candidate",
    "CandidateSpace",
    "Client",
    "Corpus",
    "DeadlineExceeded",
    "Decision",
    "DecisionReason",
    "Deployment",
    "DictSpace",
    "DiscreteSpace",
    "DiversityBasis",
    "DriftPolicy",
    "EndReason",
    "Engine",
    "EngineHealth",
    "Erasure",
    "Estimate",
    "Evaluation",
    "Event",
    "EventKind",
    "FailedPrecondition",
    "FootlightError",
    "ForgottenListener",
    "ForgottenState",
    "HistoryItem",
    "InternalError",
    "InvalidArgument",
    "Item",
    "ItemFilter",
    "LoggedAction",
    "LoggedDecision",
    "Model",
    "MultiBinarySpace",
    "MultiDiscreteSpace",
    "NearSample",
    "NotFound",
    "Originality",
    "Part",
    "PartUse",
    "PermissionDenied",
    "PersonalRecord",
    "Plugin",
    "PluginState",
    "PolicyRow",
    "PredictedRatings",
    "Provenance",
    "PublishedAsset",
    "PutItems",
    "Reason",
    "ReasonKind",
    "Recommendations",
    "RecommendedItem",
    "Recomputation",
    "RecomputationOutcome",
    "RecordedEvents",
    "RecordedRecommendation",
    "Reply",
    "ReplyItem",
    "ResourceExhausted",
    "Reward",
    "RewardPolicy",
    "RewardStatus",
    "Rights",
    "SaidSlot",
    "SessionEnd",
    "SessionSummary",
    "SimilarItems",
    "Snapshot",
    "Step",
    "TargetPolicy",
    "Tls",
    "TracedContent",
    "Training",
    "TrainingFailed",
    "TrainingState",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "UpdateClass",
    "Verb",
    "VerifiedAsset",
    "Where",
    "__version__",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Loads what needs gRPC when it is first asked for, and keeps it."""
        if name == "__version__":
            from footlight._client.connection import client_version

            found = client_version()
        elif name in ("Client", "AsyncClient"):
            from footlight._client import client

            found = getattr(client, name)
        elif name == "Tls":
            from footlight._client.connection import Tls as found
        else:
            raise AttributeError(f"module 'footlight' has no attribute {name!r}")
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted(__all__)
