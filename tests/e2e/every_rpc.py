"""Every RPC of the wire with a request that is about the things of a tenant, and what it asks of a token.

An RPC that is not in the table fails the tests that read it: whoever adds one says here what it needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from footlight import Client, Event, EventKind, Item
from footlight.v1 import (
    assistant_pb2,
    catalog_pb2,
    engine_pb2,
    generation_pb2,
    interaction_pb2,
    recommendation_pb2,
)

FILES = (assistant_pb2, catalog_pb2, engine_pb2, generation_pb2, interaction_pb2, recommendation_pb2)
MARK = "northern"
"""Stands in every name and title that the tenant has; nobody else's answer may hold it."""

ITEM, PERSON, EVENT = f"{MARK}-film", f"{MARK}-ada", f"{MARK}-event"
AGENT, SESSION, KNN = f"{MARK}-robot", f"{MARK}-session", f"{MARK}-knn"
TALK = f"{MARK}-talk"
SHORT = {"steps": 5, "media": "npy"}


@dataclass(frozen=True, slots=True)
class Things:
    """The ids that the tenant's server drew."""

    ranking: str
    decision: str
    asset: str
    asset_bytes: bytes
    corpus: str
    training: str


def make_things(client: Client, corpus_files: dict[str, bytes]) -> Things:
    """Everything that can be made, made by the tenant of the client: what the requests speak of."""
    client.put_items([Item(ITEM, title=f"{MARK} lights", kind="film"), Item(f"{MARK}-2", title=f"{MARK} winds")])
    client.record_events([Event(PERSON, ITEM, EventKind.PLAY), Event(PERSON, f"{MARK}-2", EventKind.PLAY)])
    client.create_deployment(KNN, "item-knn")
    training = client.train(KNN)
    client.create_agent(AGENT, 3, 3, seed=1)
    decision = client.act(AGENT, f"{MARK}-session", 0)
    client.converse(TALK, "hello", user_id=PERSON)
    corpus = client.upload_corpus(f"{MARK}-corpus", corpus_files)
    client.train("mlp-gan", SHORT, corpus_id=corpus.corpus_id, seed=1)
    asset = next(iter(client.generate(1, deployment="mlp-gan", seed=1)))
    ranking = client.recommend(PERSON, deployment="popular", include_seen=True)
    return Things(
        ranking.decision_id,
        decision.decision_id,
        asset.asset_id,
        asset.data,
        corpus.corpus_id,
        training.training_id,
    )


class Case(NamedTuple):
    """What an RPC asks of a token, and how it is called with the tenant's names."""

    scope: str
    request: Callable[[Things], Message | list[Message]]
    strangers_get: str = "OK"
    """The status that another tenant, which has nothing, is answered with."""


def value(number: int = 0) -> interaction_pb2.Value:
    return interaction_pb2.Value(discrete=number)


def act() -> interaction_pb2.ActRequest:
    return interaction_pb2.ActRequest(agent_id=AGENT, session_id=SESSION, observation=value())


def end() -> interaction_pb2.EndSessionRequest:
    return interaction_pb2.EndSessionRequest(
        agent_id=AGENT, session_id=SESSION, reason=interaction_pb2.END_REASON_TERMINATED
    )


def reward(things: Things) -> interaction_pb2.RewardRequest:
    one = interaction_pb2.RewardEvent(reward_id="r-9", decision_id=things.decision, value=1.0)
    return interaction_pb2.RewardRequest(rewards=[one])


def upload() -> list[Message]:
    header = generation_pb2.CorpusHeader(name="strange", file_count=1)
    return [
        generation_pb2.UploadCorpusRequest(header=header),
        generation_pb2.UploadCorpusRequest(file=generation_pb2.CorpusFile(path="a.npy", size_bytes=1)),
        generation_pb2.UploadCorpusRequest(chunk=b"x"),
    ]


def put(title: str) -> catalog_pb2.PutItemsRequest:
    return catalog_pb2.PutItemsRequest(items=[catalog_pb2.Item(item_id=ITEM, title=title, kind="film")])


def event() -> catalog_pb2.RecordEventsRequest:
    return catalog_pb2.RecordEventsRequest(
        events=[catalog_pb2.Event(event_id=EVENT, user_id=PERSON, item_id=ITEM, kind=catalog_pb2.EVENT_KIND_PLAY)]
    )


def new_agent() -> interaction_pb2.CreateAgentRequest:
    space = interaction_pb2.Space(discrete=interaction_pb2.DiscreteSpace(n=3))
    return interaction_pb2.CreateAgentRequest(
        agent_id=AGENT, deployment="q-learning", observation_space=space, action_space=space, seed=1
    )


_C, _R, _G = "CatalogService", "RecommendationService", "GenerationService"
_I, _E, _A = "InteractionService", "EngineService", "AssistantService"
NONE = "NOT_FOUND"
c, r, g, i, e, a = catalog_pb2, recommendation_pb2, generation_pb2, interaction_pb2, engine_pb2, assistant_pb2

CASES: dict[str, Case] = {
    f"{_C}/GetItem": Case("read", lambda _: c.GetItemRequest(item_id=ITEM), NONE),
    f"{_C}/BatchGetItems": Case("read", lambda _: c.BatchGetItemsRequest(item_ids=[ITEM]), NONE),
    f"{_C}/ListItems": Case("read", lambda _: c.ListItemsRequest()),
    f"{_C}/ExportUser": Case("admin", lambda _: c.ExportUserRequest(user_id=PERSON)),
    f"{_C}/DeleteItem": Case("write", lambda _: c.DeleteItemRequest(item_id=ITEM), NONE),
    f"{_C}/ForgetUser": Case("write", lambda _: c.ForgetUserRequest(user_id=PERSON)),
    f"{_R}/Recommend": Case("read", lambda _: r.RecommendRequest(user_id=PERSON, deployment="popular")),
    f"{_R}/BatchRecommend": Case("read", lambda _: r.BatchRecommendRequest(user_ids=[PERSON], deployment="popular")),
    f"{_R}/ListSimilarItems": Case("read", lambda _: r.ListSimilarItemsRequest(item_id=ITEM), NONE),
    f"{_R}/PredictRatings": Case("read", lambda _: r.PredictRatingsRequest(user_id=PERSON, item_ids=[ITEM]), NONE),
    f"{_R}/GetDecision": Case("read", lambda t: r.GetDecisionRequest(decision_id=t.ranking), NONE),
    f"{_G}/ListCorpora": Case("read", lambda _: g.ListCorporaRequest()),
    f"{_G}/DeleteCorpus": Case("write", lambda t: g.DeleteCorpusRequest(corpus_id=t.corpus), NONE),
    f"{_G}/Generate": Case("read", lambda _: g.GenerateRequest(deployment="mlp-gan"), "FAILED_PRECONDITION"),
    f"{_G}/GetAsset": Case("read", lambda t: g.GetAssetRequest(asset_id=t.asset), NONE),
    f"{_G}/PublishAsset": Case("write", lambda t: g.PublishAssetRequest(asset_id=t.asset, item_id="x"), NONE),
    f"{_G}/VerifyAsset": Case("read", lambda t: g.VerifyAssetRequest(data=t.asset_bytes)),
    f"{_G}/TraceContent": Case("read", lambda t: g.TraceContentRequest(data=t.asset_bytes, file_name="a.npy")),
    f"{_G}/UploadCorpus": Case("write", lambda _: upload()),
    f"{_I}/GetAgent": Case("read", lambda _: i.GetAgentRequest(agent_id=AGENT), NONE),
    f"{_I}/ListAgents": Case("read", lambda _: i.ListAgentsRequest()),
    f"{_I}/Act": Case("act", lambda _: act(), NONE),
    f"{_I}/BatchAct": Case("act", lambda _: i.BatchActRequest(agent_id=AGENT, acts=[act()]), NONE),
    f"{_I}/Reward": Case("act", reward),
    f"{_I}/EndSession": Case("act", lambda _: end(), NONE),
    f"{_I}/Interact": Case("act", lambda _: [i.InteractRequest(act=act())], NONE),
    f"{_I}/LogAction": Case(
        "act",
        lambda _: i.LogActionRequest(agent_id=AGENT, actions=[i.LoggedAction(act=act(), action=value())]),
        NONE,
    ),
    f"{_I}/Activate": Case("act", lambda t: i.ActivateRequest(decision_ids=[t.decision])),
    f"{_I}/SetMode": Case("write", lambda _: i.SetModeRequest(agent_id=AGENT, mode=i.AGENT_MODE_FROZEN), NONE),
    f"{_I}/GetPolicy": Case("read", lambda _: i.GetPolicyRequest(agent_id=AGENT, situations=[act()]), NONE),
    f"{_I}/EvaluatePolicy": Case(
        "read", lambda _: i.EvaluatePolicyRequest(agent_id=AGENT, target=i.TARGET_POLICY_GREEDY), NONE
    ),
    f"{_I}/SnapshotAgent": Case("write", lambda _: i.SnapshotAgentRequest(agent_id=AGENT, name="s"), NONE),
    f"{_I}/ListSnapshots": Case("read", lambda _: i.ListSnapshotsRequest(agent_id=AGENT), NONE),
    f"{_I}/RollbackAgent": Case("write", lambda _: i.RollbackAgentRequest(agent_id=AGENT, position=0), NONE),
    f"{_I}/ListDecisions": Case("read", lambda _: i.ListDecisionsRequest(agent_id=AGENT), NONE),
    f"{_E}/ListEngines": Case("read", lambda _: e.ListEnginesRequest()),
    f"{_E}/ListPlugins": Case("read", lambda _: e.ListPluginsRequest()),
    f"{_E}/ListDeployments": Case("read", lambda _: e.ListDeploymentsRequest()),
    f"{_E}/DeleteDeployment": Case("admin", lambda _: e.DeleteDeploymentRequest(name=KNN), NONE),
    f"{_E}/RollbackDeployment": Case("admin", lambda _: e.RollbackDeploymentRequest(deployment=KNN, position=0), NONE),
    f"{_E}/FollowLog": Case("admin", lambda _: e.FollowLogRequest(deployment=KNN), NONE),
    f"{_E}/StartTraining": Case("train", lambda _: e.StartTrainingRequest(deployment=KNN), NONE),
    f"{_E}/WatchTraining": Case("read", lambda t: e.WatchTrainingRequest(training_id=t.training), NONE),
    f"{_E}/ListTrainings": Case("read", lambda _: e.ListTrainingsRequest()),
    f"{_E}/CancelTraining": Case("train", lambda t: e.CancelTrainingRequest(training_id=t.training), NONE),
    f"{_E}/ListModels": Case("read", lambda _: e.ListModelsRequest(deployment=KNN), NONE),
    f"{_E}/ActivateModel": Case("train", lambda _: e.ActivateModelRequest(deployment=KNN, version=1), NONE),
    f"{_A}/EndConversation": Case("act", lambda _: a.EndConversationRequest(conversation_id=TALK)),
    f"{_A}/Converse": Case("act", lambda _: a.ConverseRequest(conversation_id=TALK, text="hello", user_id=PERSON)),
    # From here on the stranger makes things of the same names: they are its own.
    f"{_C}/PutItems": Case("write", lambda _: put("strange")),
    f"{_C}/RecordEvents": Case("write", lambda _: event()),
    f"{_I}/CreateAgent": Case("write", lambda _: new_agent()),
    f"{_E}/CreateDeployment": Case("admin", lambda _: e.CreateDeploymentRequest(name=KNN, engine="item-knn")),
}


def rpcs() -> Iterator[str]:
    """Every RPC, as "Service/Method"."""
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from (f"{service.name}/{method.name}" for method in service.methods)


def method_of(rpc: str) -> MethodDescriptor:
    """What protobuf says of an RPC."""
    service, _, name = rpc.partition("/")
    services = {name: one for file in FILES for name, one in file.DESCRIPTOR.services_by_name.items()}
    method: MethodDescriptor = services[service].methods_by_name[name]
    return method


class Caller:
    """Calls any RPC with a token."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self._channel = channel
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def wait_until_known(self) -> None:
        """A server that runs hears of a new token within a moment. Asks for a method that no tenant is needed for."""
        end = time.monotonic() + 20.0
        while self._status("/footlight.v1.EngineService/Nothing") == "UNAUTHENTICATED":
            assert time.monotonic() < end, "the server does not hear of the token"
            time.sleep(0.01)

    def _status(self, path: str) -> str:
        ask: Any = self._channel.unary_unary(path)
        try:
            ask(b"", metadata=self._metadata, timeout=60)
        except grpc.RpcError as refused:
            found: Any = refused
            return str(found.code().name)
        return "OK"

    def call(self, rpc: str, request: Message | list[Message]) -> tuple[str, list[Any]]:
        """The status and the messages that came."""
        method = method_of(rpc)
        shape = ("stream" if method.client_streaming else "unary", "stream" if method.server_streaming else "unary")
        make = getattr(self._channel, "_".join(shape))
        path = f"/{method.containing_service.full_name}/{method.name}"
        ask = make(path, lambda message: message.SerializeToString(), GetMessageClass(method.output_type).FromString)
        sent = iter(request) if isinstance(request, list) else request
        try:
            answer = ask(sent, metadata=self._metadata, timeout=60)
            return "OK", list(answer) if method.server_streaming else [answer]
        except grpc.RpcError as refused:
            found: Any = refused
            return found.code().name, [found.details()]
