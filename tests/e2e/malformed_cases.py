"""What a malformed request is, and the cases that came after the first two hundred: talk, filters, assets, streams."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from footlight.v1 import assistant_pb2 as assistant
from footlight.v1 import generation_pb2 as generation
from footlight.v1 import interaction_pb2 as interaction
from footlight.v1 import recommendation_pb2 as recommendation

LONG = "é" * 128 + "x"  # 257 bytes in 129 characters
STREAMS = ("Generate", "GetAsset", "WatchTraining", "ListDecisions", "ExportUser")
"""The RPCs of the table that answer a stream."""


@dataclass
class Case:
    """A request and how it must be refused; ``names`` is the field for INVALID_ARGUMENT, the name for NOT_FOUND.

    ``reason`` is that of ErrorInfo; empty means that it is called like the code.
    """

    rpc: str
    request: Message
    names: str
    code: str = "INVALID_ARGUMENT"
    reason: str = ""
    label: str = field(default="")


def bad_ids() -> Iterator[tuple[str, str]]:
    """Ids that cannot be, and what to call them."""
    yield from (("empty", ""), ("long", LONG), ("newline", "a\nb"), ("nul", "a\0b"), ("c1", "a\x85b"))


def talk_cases() -> Iterator[Case]:
    for label, bad in bad_ids():
        yield Case("Assistant.Converse", converse(conversation_id=bad), "conversation_id", label=label)
        ended = assistant.EndConversationRequest(conversation_id=bad)
        yield Case("Assistant.EndConversation", ended, "conversation_id", label=label)
    for label, bad in (("empty", ""), ("blank", " \n"), ("long", "x" * 4_097), ("nul", "a\0b"), ("bell", "a\ab")):
        yield Case("Assistant.Converse", converse(text=bad), "text", label=label)
    yield Case("Assistant.Converse", converse(user_id=LONG), "user_id")
    yield Case("Assistant.Converse", converse(request_id=LONG), "request_id")
    for count in (-1, 21, 2**31 - 1):
        yield Case("Assistant.Converse", converse(count=count), "count", label=f"{count}")
    yield Case("Assistant.Converse", converse(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case("Assistant.Converse", converse(deployment="q-learning"), "deployment", label="moves")
    yield Case("Assistant.Converse", converse(deployment="popular"), "deployment", label="ranks")
    yield Case("Assistant.Converse", converse(recommender="no-such"), "no-such", "NOT_FOUND", label="recommender")
    unknown = assistant.EndConversationRequest(conversation_id="c", deployment="no-such")
    yield Case("Assistant.EndConversation", unknown, "no-such", "NOT_FOUND")


def converse(**changes: Any) -> assistant.ConverseRequest:
    sound: dict[str, Any] = {"conversation_id": "m-c", "text": "a comedy"}
    return assistant.ConverseRequest(**sound | changes)


def wish_cases() -> Iterator[Case]:
    """What more can be wrong where somebody asks for items."""
    for label, changes, path in _wishes():
        asked = recommendation.RecommendRequest(**{"user_id": "a-01"} | changes)
        yield Case("Recommendation.Recommend", asked, path, label=label)
    rate = recommendation.PredictRatingsRequest
    for label, bad in bad_ids():
        wrong = rate(user_id="a-01", item_ids=["a00", bad])
        yield Case("Recommendation.PredictRatings", wrong, "item_ids[1]", label=label)
        yield Case("Recommendation.PredictRatings", rate(user_id=bad, item_ids=["a00"]), "user_id", label=label)
        recalled = recommendation.GetDecisionRequest(decision_id=bad)
        yield Case("Recommendation.GetDecision", recalled, "decision_id", label=label)
    yield Case("Recommendation.PredictRatings", rate(user_id="a-01"), "item_ids", label="none")
    yield Case("Recommendation.PredictRatings", rate(user_id="a-01", item_ids=["no-such"]), "no-such", "NOT_FOUND")
    other = rate(user_id="a-01", item_ids=["a00"], deployment="mlp-gan")
    yield Case("Recommendation.PredictRatings", other, "deployment", label="verb")
    gone = recommendation.GetDecisionRequest(decision_id="no-such")
    yield Case("Recommendation.GetDecision", gone, "no-such", "NOT_FOUND")


def _wishes() -> Iterator[tuple[str, dict[str, Any], str]]:
    heard = recommendation.HistoryItem
    for number in (-0.1, 1.1, math.nan, math.inf):
        yield f"{number}", {"diversity": number}, "diversity"
    yield "few", {"reason_count": -1}, "reason_count"
    yield "many", {"reason_count": 1_000}, "reason_count"
    yield "both", {"history": [heard(item_id="a00")]}, "history"
    yield "empty", {"user_id": "", "history": [heard(item_id="")]}, "history[0].item_id"
    yield "nan", {"user_id": "", "history": [heard(item_id="a00", value=math.nan)]}, "history[0].value"
    yield "nanos", {"session_start_time": Timestamp(nanos=-1)}, "session_start_time.nanos"
    yield "far", {"session_start_time": Timestamp(seconds=2**50)}, "session_start_time"
    yield "negative", {"seed": -1}, "seed"
    yield "vast", {"seed": 2**62 + 1}, "seed"
    yield "with a deployment", {"chooser": "someone", "deployment": "popular"}, "chooser"
    for label, values, path in _filters():
        yield label, {"filter": recommendation.ItemFilter(**values)}, path


def _filters() -> Iterator[tuple[str, dict[str, Any], str]]:
    where = recommendation.AttributePredicate
    yield "empty tag", {"tags_all": [""]}, "filter.tags_all[0]"
    yield "both tags", {"tags_all": ["a"], "tags_none": ["a"]}, "filter.tags_none[0]"
    yield "empty kind", {"kinds": [""]}, "filter.kinds[0]"
    yield "no predicate", {"where": [where(name="year")]}, "filter.where[0]"
    nameless = where(name="", range=recommendation.NumberRange(min=1.0))
    yield "no name", {"where": [nameless]}, "filter.where[0].name"
    between = recommendation.NumberRange
    for label, bounds in (
        ("no bounds", between()),
        ("none between", between(min=2.0, max=1.0)),
        ("nan", between(min=math.nan)),
    ):
        wrong = where(name="year", range=bounds)
        yield label, {"where": [wrong]}, "filter.where[0].range"


def asset_cases() -> Iterator[Case]:
    publish, verify, trace = (
        generation.PublishAssetRequest,
        generation.VerifyAssetRequest,
        generation.TraceContentRequest,
    )
    for label, bad in bad_ids():
        yield Case("Generation.PublishAsset", publish(asset_id=bad, item_id="x"), "asset_id", label=label)
        yield Case("Generation.GetAsset", generation.GetAssetRequest(asset_id=bad), "asset_id", label=label)
        yield Case("Generation.DeleteCorpus", generation.DeleteCorpusRequest(corpus_id=bad), "corpus_id", label=label)
    yield Case("Generation.PublishAsset", publish(asset_id="no-such", item_id="x"), "no-such", "NOT_FOUND")
    yield Case("Generation.VerifyAsset", verify(), "data", label="none")
    yield Case("Generation.TraceContent", trace(), "data", label="none")
    yield Case("Generation.TraceContent", trace(data=b"x", count=-1), "count")
    make = generation.GenerateRequest
    yield Case("Generation.Generate", make(deployment="mlp-gan", animate=True), "animate")
    yield Case("Generation.Generate", make(deployment="mlp-gan", truncation=math.nan), "truncation", label="nan")
    one = make(deployment="mlp-gan", count=1, interpolate_to_seed=2)
    yield Case("Generation.Generate", one, "count", label="nothing between")


def agent_log_cases() -> Iterator[Case]:
    for label, bad in bad_ids():
        listed, read = interaction.ListSnapshotsRequest(agent_id=bad), interaction.ListDecisionsRequest(agent_id=bad)
        yield Case("Interaction.ListSnapshots", listed, "agent_id", label=label)
        yield Case("Interaction.ListDecisions", read, "agent_id", label=label)
    unknown = interaction.ListSnapshotsRequest(agent_id="no-such")
    yield Case("Interaction.ListSnapshots", unknown, "no-such", "NOT_FOUND")
    before = interaction.ListDecisionsRequest(agent_id="malformed", after_position=-1)
    yield Case("Interaction.ListDecisions", before, "after_position")
    yield Case("Interaction.Interact", interaction.InteractRequest(), "kind")
    nobody = interaction.InteractRequest(act=interaction.ActRequest(session_id="s"))
    yield Case("Interaction.Interact", nobody, "agent_id")
