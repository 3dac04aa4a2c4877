"""A small server that speaks the wire: it keeps items, event ids and corpora, and answers the rest by rule.

It notes every request, and fails a method in the way that a test asks for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from footlight import AsyncClient, Client
from footlight.v1 import catalog_pb2 as catalog
from footlight.v1 import (
    catalog_pb2_grpc,
    engine_pb2_grpc,
    generation_pb2_grpc,
    interaction_pb2_grpc,
    recommendation_pb2_grpc,
)
from footlight.v1 import engine_pb2 as engine
from footlight.v1 import generation_pb2 as generation
from footlight.v1 import interaction_pb2 as interaction
from footlight.v1 import recommendation_pb2 as recommendation

ASSET = bytes(range(256)) * 10


class Fault:
    """An error that a test asks for: a code, a message and the details of google.rpc."""

    def __init__(self, code: grpc.StatusCode, message: str = "asked for", *details: Message) -> None:
        self.code, self.message, self.details = code, message, details

    def abort(self, context: Any) -> None:
        packed = []
        for detail in self.details:
            packed.append(Packed())
            packed[-1].Pack(detail)
        status = Status(code=self.code.value[0], message=self.message, details=packed)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(self.code, self.message)


class Notes(grpc.ServerInterceptor):
    """Notes the calls of a method, and raises the faults that are asked for, one a call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.metadata: dict[str, str] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        method = details.method.rpartition("/")[2]
        self.calls.append(method)
        self.metadata = dict(details.invocation_metadata)
        handler = continuation(details)
        if not self.faults[method]:
            return handler
        fault = self.faults[method].pop(0)
        return grpc.unary_unary_rpc_method_handler(
            lambda _, context: fault.abort(context), handler.request_deserializer, handler.response_serializer
        )


class CatalogDouble(catalog_pb2_grpc.CatalogServiceServicer):
    def __init__(self) -> None:
        self.items: dict[str, catalog.Item] = {}
        self.events: dict[str, catalog.Event] = {}

    def PutItems(self, request: catalog.PutItemsRequest, context: Any) -> catalog.PutItemsResponse:
        created = sum(item.item_id not in self.items for item in request.items)
        self.items.update((item.item_id, item) for item in request.items)
        return catalog.PutItemsResponse(created_count=created, updated_count=len(request.items) - created)

    def GetItem(self, request: catalog.GetItemRequest, context: Any) -> catalog.GetItemResponse:
        return catalog.GetItemResponse(item=self._item(request.item_id, context))

    def BatchGetItems(self, request: catalog.BatchGetItemsRequest, context: Any) -> catalog.BatchGetItemsResponse:
        return catalog.BatchGetItemsResponse(items=[self._item(item_id, context) for item_id in request.item_ids])

    def ListItems(self, request: catalog.ListItemsRequest, context: Any) -> catalog.ListItemsResponse:
        """Three items a page, so that few items make many pages."""
        at = int(request.page_token or 0)
        page = list(self.items.values())[at : at + 3]
        return catalog.ListItemsResponse(items=page, next_page_token=str(at + 3) if at + 3 < len(self.items) else "")

    def DeleteItem(self, request: catalog.DeleteItemRequest, context: Any) -> catalog.DeleteItemResponse:
        del self.items[self._item(request.item_id, context).item_id]
        return catalog.DeleteItemResponse()

    def RecordEvents(self, request: catalog.RecordEventsRequest, context: Any) -> catalog.RecordEventsResponse:
        for index, event in enumerate(request.events):
            if event.HasField("value") and event.value > 1_000:
                invalid(f"events[{index}].value", "expected at most 1,000").abort(context)
        new = [event for event in request.events if event.event_id not in self.events]
        self.events.update((event.event_id, event) for event in new)
        return catalog.RecordEventsResponse(
            recorded_count=len(new), duplicate_count=len(request.events) - len(new), log_position=len(self.events)
        )

    def ForgetUser(self, request: catalog.ForgetUserRequest, context: Any) -> catalog.ForgetUserResponse:
        return catalog.ForgetUserResponse(event_count=7, decision_count=2, erasure_epoch=1)

    def ExportUser(self, request: catalog.ExportUserRequest, context: Any) -> Iterator[catalog.ExportUserResponse]:
        for kind in ("people", "events"):
            record = catalog.PersonalRecord(kind=kind)
            record.fields.update({"user_id": request.user_id})
            yield catalog.ExportUserResponse(records=[record])

    def _item(self, item_id: str, context: Any) -> catalog.Item:
        if item_id not in self.items:
            unknown("item", item_id).abort(context)
        return self.items[item_id]


class RecommendationDouble(recommendation_pb2_grpc.RecommendationServiceServicer):
    def __init__(self) -> None:
        self.batch_sizes: list[int] = []

    def Recommend(self, request: recommendation.RecommendRequest, context: Any) -> recommendation.RecommendResponse:
        return self._answer(request.user_id, request.count, request.reason_count)

    def BatchRecommend(
        self, request: recommendation.BatchRecommendRequest, context: Any
    ) -> recommendation.BatchRecommendResponse:
        self.batch_sizes.append(len(request.user_ids))
        return recommendation.BatchRecommendResponse(
            results=[self._answer(user_id, request.count, request.reason_count) for user_id in request.user_ids]
        )

    def PredictRatings(self, request: Any, context: Any) -> recommendation.PredictRatingsResponse:
        return recommendation.PredictRatingsResponse(deployment="knn-baseline", ratings=[3.5 for _ in request.item_ids])

    def GetDecision(self, request: Any, context: Any) -> recommendation.GetDecisionResponse:
        asked = recommendation.RecommendRequest(
            user_id="ada", count=1, filter=recommendation.ItemFilter(kinds=["film"])
        )
        same = recommendation.Recomputation(outcome=recommendation.RECOMPUTATION_OUTCOME_SAME)
        return recommendation.GetDecisionResponse(
            request=asked,
            response=self._answer("ada", 1, 0),
            answered_by="item-knn",
            recomputation=same if request.recompute else None,
        )

    def ListSimilarItems(self, request: Any, context: Any) -> recommendation.ListSimilarItemsResponse:
        line = recommendation.RecommendedItem(item_id="m2", score=0.5)
        return recommendation.ListSimilarItemsResponse(deployment="item-knn", items=[line])

    def _answer(self, user_id: str, count: int, most: int) -> recommendation.RecommendResponse:
        reasons = [
            recommendation.Reason(kind=recommendation.REASON_KIND_BECAUSE_OF_ITEM, item_id="m2", share=0.5),
            recommendation.Reason(kind=recommendation.REASON_KIND_POPULAR, people_count=1200),
        ]
        lines = [recommendation.RecommendedItem(item_id="m1", score=0.9, reasons=reasons[:most])] * min(count, 1)
        return recommendation.RecommendResponse(
            decision_id=f"d-{user_id}", deployment="item-knn", log_position=5, fallback=user_id == "nobody", items=lines
        )


class GenerationDouble(generation_pb2_grpc.GenerationServiceServicer):
    """Corpora by name, with their files; assets whose bytes come in pieces."""

    def __init__(self) -> None:
        self.corpora: dict[str, dict[str, bytes]] = {}
        self.asset = ASSET

    def UploadCorpus(self, requests: Any, context: Any) -> generation.UploadCorpusResponse:
        name, files, sizes = next(requests).header.name, dict[str, bytes](), dict[str, int]()
        for message in requests:
            if message.HasField("file"):
                path, sizes[message.file.path] = message.file.path, message.file.size_bytes
            files[path] = files.get(path, b"") + message.chunk
        if sizes != {path: len(data) for path, data in files.items()}:
            invalid("file", "the stream ended early").abort(context)
        self.corpora[name] = files
        return generation.UploadCorpusResponse(corpus=self._corpus(name))

    def ListCorpora(self, request: generation.ListCorporaRequest, context: Any) -> generation.ListCorporaResponse:
        return generation.ListCorporaResponse(corpora=[self._corpus(name) for name in self.corpora])

    def DeleteCorpus(self, request: generation.DeleteCorpusRequest, context: Any) -> generation.DeleteCorpusResponse:
        del self.corpora[request.corpus_id.removeprefix("c-")]
        return generation.DeleteCorpusResponse()

    def Generate(self, request: generation.GenerateRequest, context: Any) -> Iterator[generation.GenerateResponse]:
        started = generation.GenerationStarted(
            decision_id="d1", deployment="gan", seed=request.seed, count=request.count
        )
        yield generation.GenerateResponse(started=started)
        for index in range(request.count):
            yield generation.GenerateResponse(asset=self._asset(request.seed + index))
            for at in range(0, len(self.asset), 1000):
                yield generation.GenerateResponse(data=self.asset[at : at + 1000])
            yield generation.GenerateResponse(progress=generation.GenerationProgress(done_count=index + 1))

    def GetAsset(self, request: generation.GetAssetRequest, context: Any) -> Iterator[generation.GetAssetResponse]:
        yield generation.GetAssetResponse(asset=self._asset(3))
        yield generation.GetAssetResponse(data=self.asset)

    def PublishAsset(self, request: generation.PublishAssetRequest, context: Any) -> generation.PublishAssetResponse:
        return generation.PublishAssetResponse(item_id=request.item_id or request.asset_id, created=True)

    def VerifyAsset(self, request: generation.VerifyAssetRequest, context: Any) -> generation.VerifyAssetResponse:
        known = request.data == self.asset
        return generation.VerifyAssetResponse(
            asset=self._asset(3) if known else None,
            found_by=["sha256"] if known else [],
            unchanged=known,
            signature=generation.SignatureCheck(state=generation.SIGNATURE_STATE_TRUSTED, signer="Ada"),
            watermark=generation.WatermarkCheck(state=generation.WATERMARK_STATE_FOUND, wrong_bits=1),
            labelled=True,
        )

    def TraceContent(self, request: generation.TraceContentRequest, context: Any) -> generation.TraceContentResponse:
        nearest = generation.Originality(nearest_path="a.png", distance=0.5, limit=0.1)
        return generation.TraceContentResponse(
            exact=[generation.CorpusMatch(corpus_id="c-1", path="a.png")],
            near=[generation.NearMatch(deployment="gan", corpus_id="c-1", nearest=nearest)],
            assets=[generation.AssetMatch(asset_id="a1", distance=2.0)],
        )

    def _corpus(self, name: str) -> generation.Corpus:
        files = self.corpora[name]
        return generation.Corpus(
            corpus_id=f"c-{name}", name=name, file_count=len(files), size_bytes=sum(map(len, files.values()))
        )

    def _asset(self, seed: int) -> generation.Asset:
        return generation.Asset(
            asset_id=f"a{seed}",
            deployment="gan",
            model_version=2,
            seed=seed,
            media_type="application/x-npy",
            size_bytes=len(ASSET),
            sha256=sha256(ASSET).digest(),
        )


class EngineDouble(engine_pb2_grpc.EngineServiceServicer):
    """Its trainings go through `states`, and the stream breaks off after every `break_after` messages."""

    def __init__(self) -> None:
        self.last: engine.StartTrainingRequest | None = None
        self.final = engine.TRAINING_STATE_SUCCEEDED
        self.break_after = 100
        self.watched = 0

    def ListEngines(self, request: engine.ListEnginesRequest, context: Any) -> engine.ListEnginesResponse:
        knn = engine.Engine(
            name="item-knn", verb=engine.VERB_RECOMMEND, update_class=engine.UPDATE_CLASS_CERTIFIED, can_forget=True
        )
        return engine.ListEnginesResponse(engines=[knn])

    def ListPlugins(self, request: engine.ListPluginsRequest, context: Any) -> engine.ListPluginsResponse:
        broken = engine.Plugin(name="broken", state=engine.PLUGIN_STATE_FAILED, reason="ImportError: no such module")
        newer = engine.Plugin(name="newer", state=99)  # type: ignore[arg-type]  # a state that this client does not know
        return engine.ListPluginsResponse(plugins=[broken, newer])

    def ListModels(self, request: engine.ListModelsRequest, context: Any) -> engine.ListModelsResponse:
        return engine.ListModelsResponse(models=[engine.Model(deployment=request.deployment, version=2, active=True)])

    def ActivateModel(self, request: engine.ActivateModelRequest, context: Any) -> engine.ActivateModelResponse:
        return engine.ActivateModelResponse(model=engine.Model(deployment=request.deployment, version=request.version))

    def ListDeployments(self, request: engine.ListDeploymentsRequest, context: Any) -> engine.ListDeploymentsResponse:
        return engine.ListDeploymentsResponse(deployments=[engine.Deployment(name="gan", engine="gan")])

    def CreateDeployment(self, request: Any, context: Any) -> engine.CreateDeploymentResponse:
        made = engine.Deployment(name=request.name, engine=request.engine, options=request.options)
        return engine.CreateDeploymentResponse(deployment=made)

    def DeleteDeployment(self, request: Any, context: Any) -> engine.DeleteDeploymentResponse:
        return engine.DeleteDeploymentResponse()

    def RollbackDeployment(self, request: Any, context: Any) -> engine.RollbackDeploymentResponse:
        held = engine.Deployment(name=request.deployment, log_position=request.position, log_lag=2)
        held.pinned_position = request.position or request.time.seconds
        return engine.RollbackDeploymentResponse(deployment=held)

    def FollowLog(self, request: engine.FollowLogRequest, context: Any) -> engine.FollowLogResponse:
        return engine.FollowLogResponse(deployment=engine.Deployment(name=request.deployment, log_position=9))

    def ListTrainings(self, request: engine.ListTrainingsRequest, context: Any) -> engine.ListTrainingsResponse:
        return engine.ListTrainingsResponse(trainings=[self._training(engine.TRAINING_STATE_RUNNING, 0.5)])

    def CancelTraining(self, request: engine.CancelTrainingRequest, context: Any) -> engine.CancelTrainingResponse:
        return engine.CancelTrainingResponse(training=self._training(engine.TRAINING_STATE_CANCELLED, 0.5))

    def StartTraining(self, request: engine.StartTrainingRequest, context: Any) -> engine.StartTrainingResponse:
        self.last = request
        return engine.StartTrainingResponse(training=self._training(engine.TRAINING_STATE_QUEUED, 0.0))

    def WatchTraining(
        self, request: engine.WatchTrainingRequest, context: Any
    ) -> Iterator[engine.WatchTrainingResponse]:
        for _ in range(self.break_after):
            self.watched += 1
            state = engine.TRAINING_STATE_RUNNING if self.watched < 3 else self.final
            yield engine.WatchTrainingResponse(training=self._training(state, min(self.watched / 3, 1.0)))
            if self.watched >= 3:
                return
        Fault(grpc.StatusCode.UNAVAILABLE, "the server stops").abort(context)

    def _training(self, state: engine.TrainingState.ValueType, fraction: float) -> engine.Training:
        failed = state == engine.TRAINING_STATE_FAILED
        return engine.Training(
            training_id="t1",
            deployment="gan",
            state=state,
            fraction=fraction,
            metrics={"loss": 0.5},
            remaining=Duration(seconds=90, nanos=500_000_000),
            error="the loss is NaN" if failed else "",
            model_version=4,
            seed=11,
        )


class UnusedInteraction(interaction_pb2_grpc.InteractionServiceServicer):
    """What no test of the client calls."""

    def _unused(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    Interact: Any = _unused
    EvaluatePolicy = ListDecisions = RollbackAgent = _unused
    ListSnapshots = SnapshotAgent = GetPolicy = SetMode = _unused


class InteractionDouble(UnusedInteraction):
    def __init__(self) -> None:
        self.agents: dict[str, interaction.Agent] = {}
        self.acts: list[interaction.ActRequest] = []
        self.ends: list[interaction.EndSessionRequest] = []

    def CreateAgent(self, request: interaction.CreateAgentRequest, context: Any) -> interaction.CreateAgentResponse:
        agent = interaction.Agent(
            agent_id=request.agent_id,
            deployment="q-learning",
            observation_space=request.observation_space,
            action_space=request.action_space,
            options=request.options,
            seed=request.seed,
        )
        self.agents[agent.agent_id] = agent
        return interaction.CreateAgentResponse(agent=agent)

    def GetAgent(self, request: interaction.GetAgentRequest, context: Any) -> interaction.GetAgentResponse:
        return interaction.GetAgentResponse(agent=self.agents[request.agent_id])

    def ListAgents(self, request: interaction.ListAgentsRequest, context: Any) -> interaction.ListAgentsResponse:
        return interaction.ListAgentsResponse(agents=self.agents.values())

    def Act(self, request: interaction.ActRequest, context: Any) -> interaction.ActResponse:
        self.acts.append(request)
        action, learned = interaction.Value(discrete=1), len(self.acts) - 1
        return interaction.ActResponse(
            decision_id="d1", action=action, propensity=0.75, distribution=[0.25, 0.75], learned_steps=learned, seed=9
        )

    def BatchAct(self, request: interaction.BatchActRequest, context: Any) -> interaction.BatchActResponse:
        return interaction.BatchActResponse(
            acts=[self.Act(act, context) for act in request.acts],
            ends=[self.EndSession(end, context) for end in request.ends],
        )

    def Reward(self, request: interaction.RewardRequest, context: Any) -> interaction.RewardResponse:
        late, recorded = interaction.REWARD_STATUS_LATE, interaction.REWARD_STATUS_RECORDED
        return interaction.RewardResponse(
            statuses=[late if reward.value < 0 else recorded for reward in request.rewards]
        )

    def LogAction(self, request: interaction.LogActionRequest, context: Any) -> interaction.LogActionResponse:
        return interaction.LogActionResponse(acts=[self.Act(action.act, context) for action in request.actions])

    def Activate(self, request: interaction.ActivateRequest, context: Any) -> interaction.ActivateResponse:
        return interaction.ActivateResponse(statuses=[interaction.REWARD_STATUS_RECORDED] * len(request.decision_ids))

    def EndSession(self, request: interaction.EndSessionRequest, context: Any) -> interaction.EndSessionResponse:
        self.ends.append(request)
        return interaction.EndSessionResponse(decision_count=3, total_reward=request.outcome.reward)


class Double:
    """The parts of the server, and where it listens."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.catalog = CatalogDouble()
        self.recommendation = RecommendationDouble()
        self.generation = GenerationDouble()
        self.engine = EngineDouble()
        self.interaction = InteractionDouble()
        self.health = health.HealthServicer()
        self.server = grpc.server(ThreadPoolExecutor(4), interceptors=[self.notes])
        self._register()
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"

    def fail(self, method: str, fault: Fault, times: int = 1) -> None:
        self.notes.faults[method] += [fault] * times

    def serve(self, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse
        self.health.set("", status.SERVING if serving else status.NOT_SERVING)

    def _register(self) -> None:
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(self.catalog, self.server)
        recommendation_pb2_grpc.add_RecommendationServiceServicer_to_server(self.recommendation, self.server)
        generation_pb2_grpc.add_GenerationServiceServicer_to_server(self.generation, self.server)
        engine_pb2_grpc.add_EngineServiceServicer_to_server(self.engine, self.server)
        interaction_pb2_grpc.add_InteractionServiceServicer_to_server(self.interaction, self.server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)


def invalid(field: str, description: str) -> Fault:
    """INVALID_ARGUMENT as the server says it."""
    violation = BadRequest.FieldViolation(field=field, description=description)
    info = ErrorInfo(reason="INVALID_ARGUMENT", domain="footlight", metadata={"field": field})
    details = (info, BadRequest(field_violations=[violation]))
    return Fault(grpc.StatusCode.INVALID_ARGUMENT, f"{field}: {description}", *details)


def unknown(resource: str, name: str) -> Fault:
    """NOT_FOUND as the server says it."""
    info = ErrorInfo(reason="NOT_FOUND", domain="footlight", metadata={"resource": resource, "name": name})
    return Fault(grpc.StatusCode.NOT_FOUND, f"no {resource} named {name!r}", info)


@pytest.fixture
def double() -> Iterator[Double]:
    double = Double()
    double.server.start()
    yield double
    double.server.stop(None).wait()


@pytest.fixture
def client(double: Double) -> Iterator[Client]:
    with Client(double.address, timeout=10.0) as client:
        yield client


@pytest.fixture
async def async_client(double: Double) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(double.address, timeout=10.0) as client:
        yield client


@pytest.fixture
def fault() -> type[Fault]:
    """Makes errors for `double.fail`."""
    return Fault
