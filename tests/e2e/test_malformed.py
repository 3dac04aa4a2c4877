"""Malformed input, over the bare wire: the code, the reason and the field, and nothing written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from tests.e2e.malformed_cases import (
    LONG,
    STREAMS,
    Case,
    agent_log_cases,
    asset_cases,
    bad_ids,
    talk_cases,
    wish_cases,
)
from tests.soak.fuzzing import methods

from footlight import InvalidArgument, NotFound
from footlight.v1 import assistant_pb2_grpc as assistant_stubs
from footlight.v1 import catalog_pb2 as catalog
from footlight.v1 import catalog_pb2_grpc as catalog_stubs
from footlight.v1 import engine_pb2 as engine
from footlight.v1 import engine_pb2_grpc as engine_stubs
from footlight.v1 import generation_pb2 as generation
from footlight.v1 import generation_pb2_grpc as generation_stubs
from footlight.v1 import interaction_pb2 as interaction
from footlight.v1 import interaction_pb2_grpc as interaction_stubs
from footlight.v1 import recommendation_pb2 as recommendation
from footlight.v1 import recommendation_pb2_grpc as recommendation_stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Refusal, Server

STUBS: dict[str, Any] = {
    "Assistant": assistant_stubs.AssistantServiceStub,
    "Catalog": catalog_stubs.CatalogServiceStub,
    "Engine": engine_stubs.EngineServiceStub,
    "Generation": generation_stubs.GenerationServiceStub,
    "Interaction": interaction_stubs.InteractionServiceStub,
    "Recommendation": recommendation_stubs.RecommendationServiceStub,
}
Check = Callable[[Callable[[], object]], "Refusal"]


def options(**values: Any) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def event(**changes: Any) -> catalog.Event:
    sound: dict[str, Any] = {"event_id": "m-e", "user_id": "m-u", "item_id": "a00", "kind": catalog.EVENT_KIND_PLAY}
    return catalog.Event(**sound | changes)


def events(*more: catalog.Event) -> catalog.RecordEventsRequest:
    """A request whose first event is sound."""
    return catalog.RecordEventsRequest(events=[event(event_id="m-sound"), *more])


def items(*more: catalog.Item) -> catalog.PutItemsRequest:
    return catalog.PutItemsRequest(items=[catalog.Item(item_id="m-sound"), *more])


def value(number: int) -> interaction.Value:
    return interaction.Value(discrete=number)


def act(**changes: Any) -> interaction.ActRequest:
    sound: dict[str, Any] = {"agent_id": "malformed", "session_id": "s", "observation": value(0)}
    return interaction.ActRequest(**sound | changes)


def end(**changes: Any) -> interaction.EndSessionRequest:
    sound: dict[str, Any] = {"agent_id": "malformed", "session_id": "open", "reason": interaction.END_REASON_TERMINATED}
    return interaction.EndSessionRequest(**sound | changes)


def create(**changes: Any) -> interaction.CreateAgentRequest:
    sound: dict[str, Any] = {"agent_id": "never", "observation_space": space(3), "action_space": space(3)}
    return interaction.CreateAgentRequest(**sound | changes)


def space(n: int) -> interaction.Space:
    return interaction.Space(discrete=interaction.DiscreteSpace(n=n))


def reward(**changes: Any) -> interaction.RewardRequest:
    sound: dict[str, Any] = {"reward_id": "r", "decision_id": "a-0-1", "value": 1.0}
    return interaction.RewardRequest(rewards=[interaction.RewardEvent(**sound | changes)])


def recommend(**changes: Any) -> recommendation.RecommendRequest:
    sound: dict[str, Any] = {"user_id": "a-01"}
    return recommendation.RecommendRequest(**sound | changes)


def catalogue_cases() -> Iterator[Case]:
    for label, bad in bad_ids():
        yield Case("Catalog.PutItems", items(catalog.Item(item_id=bad)), "items[1].item_id", label=label)
        yield Case("Catalog.GetItem", catalog.GetItemRequest(item_id=bad), "item_id", label=label)
        yield Case("Catalog.DeleteItem", catalog.DeleteItemRequest(item_id=bad), "item_id", label=label)
        yield Case("Catalog.ForgetUser", catalog.ForgetUserRequest(user_id=bad), "user_id", label=label)
        yield Case("Catalog.ExportUser", catalog.ExportUserRequest(user_id=bad), "user_id", label=label)
        for name in ("event_id", "user_id", "item_id"):
            yield Case("Catalog.RecordEvents", events(event(**{name: bad})), f"events[1].{name}", label=label)
    for number in (math.nan, math.inf, -math.inf, 1000.5):
        bad_rating = event(kind=catalog.EVENT_KIND_RATING, value=number)
        yield Case("Catalog.RecordEvents", events(bad_rating), "events[1].value", label=f"{number}")
    yield Case("Catalog.RecordEvents", events(event(kind=catalog.EVENT_KIND_RATING)), "events[1].value", label="none")
    yield Case("Catalog.RecordEvents", events(event(kind=0)), "events[1].kind")
    yield Case("Catalog.RecordEvents", events(event(kind=99)), "events[1].kind", label="unknown")
    yield Case("Catalog.RecordEvents", events(event(), event()), "events[2].event_id", label="twice")
    yield Case("Catalog.RecordEvents", catalog.RecordEventsRequest(), "events", label="none")
    yield Case("Catalog.RecordEvents", events(event(event_time=Timestamp(nanos=-1))), "events[1].event_time.nanos")
    yield Case("Catalog.RecordEvents", events(event(event_time=Timestamp(seconds=-1))), "events[1].event_time")
    yield Case("Catalog.RecordEvents", events(event(event_time=Timestamp(seconds=2**60))), "events[1].event_time")
    yield Case("Catalog.RecordEvents", events(event(item_id="no-such")), "no-such", "NOT_FOUND")
    yield Case("Catalog.PutItems", catalog.PutItemsRequest(), "items", label="none")
    yield Case("Catalog.PutItems", items(catalog.Item(item_id="m-sound")), "items[1].item_id", label="twice")
    yield Case("Catalog.PutItems", items(catalog.Item(item_id="x", title="t" * 1025)), "items[1].title")
    yield Case("Catalog.PutItems", items(catalog.Item(item_id="x", kind="k" * 65)), "items[1].kind")
    yield Case("Catalog.PutItems", items(catalog.Item(item_id="x", tags=["a", "a"])), "items[1].tags[1]")
    nan = items(catalog.Item(item_id="x", attributes=options(year=math.nan)))
    yield Case("Catalog.PutItems", nan, "items[1].attributes", label="nan")
    vast = items(catalog.Item(item_id="x", attributes=options(text="t" * 17_000)))
    yield Case("Catalog.PutItems", vast, "items[1].attributes", label="vast")
    yield Case("Catalog.GetItem", catalog.GetItemRequest(item_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Catalog.DeleteItem", catalog.DeleteItemRequest(item_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Catalog.BatchGetItems", catalog.BatchGetItemsRequest(), "item_ids")
    two = catalog.BatchGetItemsRequest(item_ids=["a00", "no-such"])
    yield Case("Catalog.BatchGetItems", two, "no-such", "NOT_FOUND")


def page_cases() -> Iterator[Case]:
    lists: tuple[tuple[str, Any], ...] = (
        ("Catalog.ListItems", catalog.ListItemsRequest),
        ("Engine.ListTrainings", engine.ListTrainingsRequest),
        ("Generation.ListCorpora", generation.ListCorporaRequest),
        ("Interaction.ListAgents", interaction.ListAgentsRequest),
    )
    for rpc, request in lists:
        yield Case(rpc, request(page_size=-1), "page_size", label="negative")
        yield Case(rpc, request(page_size=1001), "page_size", label="large")
        for token in ("nonsense", "bm9uc2Vuc2U", "W10", "é", "W251bGxd"):
            yield Case(rpc, request(page_token=token), "page_token", label=token)


def recommend_cases() -> Iterator[Case]:
    similar, batch = recommendation.ListSimilarItemsRequest, recommendation.BatchRecommendRequest
    for label, bad in bad_ids():
        yield Case("Recommendation.Recommend", recommend(user_id=bad), "user_id", label=label)
        yield Case("Recommendation.ListSimilarItems", similar(item_id=bad), "item_id", label=label)
        yield Case("Recommendation.BatchRecommend", batch(user_ids=["a", bad]), "user_ids[1]", label=label)
    for count in (-1, 1001, 2**31 - 1, -(2**31)):
        yield Case("Recommendation.Recommend", recommend(count=count), "count", label=f"{count}")
        yield Case("Recommendation.ListSimilarItems", similar(item_id="a00", count=count), "count", label=f"{count}")
        yield Case("Recommendation.BatchRecommend", batch(user_ids=["a"], count=count), "count", label=f"{count}")
    yield Case("Recommendation.BatchRecommend", batch(), "user_ids")
    yield Case("Recommendation.BatchRecommend", batch(user_ids=["a"] * 1001, count=1000), "count", label="too much")
    yield Case("Recommendation.Recommend", recommend(exclude_item_ids=["a"] * 10_001), "exclude_item_ids")
    yield Case("Recommendation.Recommend", recommend(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case("Recommendation.Recommend", recommend(deployment="q-learning"), "deployment", label="verb")
    yield Case("Recommendation.Recommend", recommend(deployment="x" * 1_000_000), "deployment", label="vast")
    yield Case("Recommendation.ListSimilarItems", similar(item_id="no-such"), "no-such", "NOT_FOUND")


def act_cases() -> Iterator[Case]:
    nan = interaction.Outcome(reward=math.nan)
    for label, bad in bad_ids():
        yield Case("Interaction.CreateAgent", create(agent_id=bad), "agent_id", label=label)
        yield Case("Interaction.GetAgent", interaction.GetAgentRequest(agent_id=bad), "agent_id", label=label)
        yield Case("Interaction.Act", act(agent_id=bad), "agent_id", label=label)
        yield Case("Interaction.Act", act(session_id=bad), "session_id", label=label)
        yield Case("Interaction.EndSession", end(session_id=bad), "session_id", label=label)
        yield Case("Interaction.Reward", reward(reward_id=bad), "rewards[0].reward_id", label=label)
    yield Case("Interaction.Act", act(request_id=LONG), "request_id")
    yield Case("Interaction.Act", act(agent_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Interaction.GetAgent", interaction.GetAgentRequest(agent_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Interaction.EndSession", end(agent_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Interaction.EndSession", end(session_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Interaction.Act", act(observation=None), "observation", label="none")
    yield Case("Interaction.Act", act(observation=value(-1)), "observation.discrete", label="negative")
    yield Case("Interaction.Act", act(observation=value(3)), "observation.discrete", label="beyond")
    yield Case("Interaction.Act", act(action_mask=[True]), "action_mask", label="short")
    yield Case("Interaction.Act", act(action_mask=[False] * 2), "action_mask", label="all false")
    yield Case("Interaction.Act", act(outcome=nan), "outcome.reward", label="nan")
    first = act(session_id="new", outcome=interaction.Outcome(reward=1))
    yield Case("Interaction.Act", first, "", "FAILED_PRECONDITION", "NO_OPEN_DECISION")
    yield Case("Interaction.EndSession", end(reason=0), "reason")
    yield Case("Interaction.EndSession", end(reason=9), "reason", label="unknown")
    yield Case("Interaction.EndSession", end(reason=interaction.END_REASON_TRUNCATED), "final_observation")
    yield Case("Interaction.EndSession", end(final_observation=value(7)), "final_observation.discrete")
    yield Case("Interaction.EndSession", end(outcome=interaction.Outcome(reward=math.inf)), "outcome.reward")
    batch = interaction.BatchActRequest
    yield Case("Interaction.BatchAct", batch(agent_id="malformed"), "acts", label="none")
    yield Case("Interaction.BatchAct", batch(agent_id="malformed", acts=[act(), act()]), "acts", label="twice")
    yield Case("Interaction.BatchAct", batch(agent_id="malformed", ends=[end(), end()]), "ends", label="twice")
    wrong = [act(session_id="one"), act(session_id="two", observation=value(9))]
    yield Case("Interaction.BatchAct", batch(agent_id="malformed", acts=wrong), "acts[1].observation.discrete")
    for number in (math.nan, math.inf):
        yield Case("Interaction.Reward", reward(value=number), "rewards[0].value", label=f"{number}")
    yield Case("Interaction.Reward", interaction.RewardRequest(), "rewards")
    box = interaction.Value(box=interaction.Numbers(values=[0.5]))
    yield Case("Interaction.Act", act(observation=box), "observation", label="another kind")
    offered = [interaction.Candidate(features=[1.0])]
    yield Case("Interaction.Act", act(candidates=offered), "candidates")
    yield Case("Interaction.Act", act(baseline_action=value(2)), "baseline_action.discrete")
    masked = act(action_mask=[True, False], baseline_action=value(1))
    yield Case("Interaction.Act", masked, "baseline_action", label="masked")
    yield Case("Interaction.Act", act(user_id=LONG), "user_id")
    out_of_order = act(session_id="open", step=5)
    yield Case("Interaction.Act", out_of_order, "is 1, not 5", "FAILED_PRECONDITION", "STEP_OUT_OF_ORDER")
    yield from other_act_cases()


def other_act_cases() -> Iterator[Case]:
    logged, log = interaction.LoggedAction, interaction.LogActionRequest
    for label, one, path in (
        ("action", logged(act=act(session_id="l"), action=value(2)), "actions[0].action.discrete"),
        ("none", logged(act=act(session_id="l")), "actions[0].action"),
        ("masked", logged(act=act(session_id="l", action_mask=[True, False]), action=value(1)), "actions[0].action"),
        ("chance", logged(act=act(session_id="l"), action=value(1), propensity=1.5), "actions[0].propensity"),
        ("nan", logged(act=act(session_id="l"), action=value(1), propensity=math.nan), "actions[0].propensity"),
    ):
        yield Case("Interaction.LogAction", log(agent_id="malformed", actions=[one]), path, label=label)
    yield Case("Interaction.LogAction", log(agent_id="malformed"), "actions", label="empty")
    yield Case("Interaction.Activate", interaction.ActivateRequest(), "decision_ids")
    yield Case("Interaction.SetMode", interaction.SetModeRequest(agent_id="malformed"), "mode")
    asked = interaction.GetPolicyRequest(agent_id="malformed", situations=[act(observation=value(9))])
    yield Case("Interaction.GetPolicy", asked, "situations[0].observation.discrete")
    evaluate = interaction.EvaluatePolicyRequest
    yield Case("Interaction.EvaluatePolicy", evaluate(agent_id="malformed", confidence=1.0), "confidence")
    yield Case("Interaction.EvaluatePolicy", evaluate(agent_id="malformed", max_weight=-1.0), "max_weight")
    yield Case("Interaction.SnapshotAgent", interaction.SnapshotAgentRequest(agent_id="malformed"), "name")
    back = interaction.RollbackAgentRequest
    yield Case("Interaction.RollbackAgent", back(agent_id="malformed"), "target")
    far = back(agent_id="malformed", position=10**6)
    yield Case("Interaction.RollbackAgent", far, "", "FAILED_PRECONDITION", "NO_SUCH_POSITION")
    unknown = back(agent_id="malformed", snapshot="no-such")
    yield Case("Interaction.RollbackAgent", unknown, "no-such", "NOT_FOUND")


def agent_cases() -> Iterator[Case]:
    yield Case("Interaction.CreateAgent", create(agent_id="malformed"), "malformed", "ALREADY_EXISTS")
    yield Case("Interaction.CreateAgent", create(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case("Interaction.CreateAgent", create(deployment="popular"), "deployment")
    yield Case("Interaction.CreateAgent", create(observation_space=None), "observation_space")
    yield Case("Interaction.CreateAgent", create(action_space=interaction.Space()), "action_space")
    yield Case("Interaction.CreateAgent", create(observation_space=space(0)), "observation_space.discrete.n")
    yield Case("Interaction.CreateAgent", create(action_space=space(10_001)), "action_space.discrete.n")
    box = interaction.Space(box=interaction.BoxSpace(shape=[2]))
    yield Case("Interaction.CreateAgent", create(observation_space=box), "observation_space", label="box for a table")
    yield Case("Interaction.CreateAgent", create(action_space=box), "action_space.box", label="actions in a box")
    wrong = interaction.Space(box=interaction.BoxSpace(shape=[2], low=[1.0], high=[0.0]))
    linear = {"deployment": "linucb", "observation_space": wrong}
    yield Case("Interaction.CreateAgent", create(**linear), "observation_space.box.high")
    negative = interaction.RewardPolicy(min_value=1.0, max_value=0.0)
    yield Case("Interaction.CreateAgent", create(reward_policy=negative), "reward_policy.max_value")
    yield Case("Interaction.CreateAgent", create(baseline_exploration=2.0), "baseline_exploration")
    yield Case("Interaction.CreateAgent", create(deployments=["popular"]), "deployments")
    yield Case("Interaction.CreateAgent", create(seed=-1), "seed")
    yield Case("Interaction.CreateAgent", create(options=options(no_such=1)), "options.no_such")
    yield Case("Interaction.CreateAgent", create(options=options(learning_rate="fast")), "options.learning_rate")
    yield Case("Interaction.CreateAgent", create(options=options(learning_rate=2)), "options.learning_rate")
    nan = create(options=options(learning_rate=math.nan))
    yield Case("Interaction.CreateAgent", nan, "options.learning_rate", label="nan")


def engine_cases() -> Iterator[Case]:
    deploy, train = engine.CreateDeploymentRequest, engine.StartTrainingRequest
    yield Case("Engine.CreateDeployment", deploy(name="", engine="popular"), "name")
    yield Case("Engine.CreateDeployment", deploy(name="x"), "engine")
    yield Case("Engine.CreateDeployment", deploy(name="x", engine="no-such"), "no-such", "NOT_FOUND")
    yield Case("Engine.CreateDeployment", deploy(name="popular", engine="popular"), "popular", "ALREADY_EXISTS")
    for wrong in ({"k": "many"}, {"k": 0}, {"k": 1.5}, {"k": True}, {"k": None}, {"k": [1]}):
        request = deploy(name="x", engine="item-knn", options=options(**wrong))
        yield Case("Engine.CreateDeployment", request, "options.k", label=f"{wrong}")
    vast = deploy(name="x", engine="item-knn", options=options(**{"n" * 100_000: 1}))
    yield Case("Engine.CreateDeployment", vast, "options.nnn", label="vast")
    yield Case("Engine.DeleteDeployment", engine.DeleteDeploymentRequest(), "name")
    yield Case("Engine.DeleteDeployment", engine.DeleteDeploymentRequest(name="no-such"), "no-such", "NOT_FOUND")
    back = engine.RollbackDeploymentRequest
    yield Case("Engine.RollbackDeployment", back(deployment="popular"), "target")
    yield Case("Engine.RollbackDeployment", back(position=1), "deployment")
    yield Case("Engine.RollbackDeployment", back(deployment="no-such", position=1), "no-such", "NOT_FOUND")
    yield Case("Engine.RollbackDeployment", back(deployment="popular", position=-1), "position", label="negative")
    yield Case("Engine.RollbackDeployment", back(deployment="popular", position=10**9), "position", label="large")
    late = back(deployment="popular", time=Timestamp(seconds=1 << 40))
    yield Case("Engine.RollbackDeployment", late, "time", label="time")
    yield Case(
        "Engine.RollbackDeployment",
        back(deployment="q-learning", position=0),
        "",
        "FAILED_PRECONDITION",
        "NOT_SUPPORTED",
    )
    yield Case("Engine.FollowLog", engine.FollowLogRequest(), "deployment")
    yield Case("Engine.FollowLog", engine.FollowLogRequest(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case(
        "Engine.FollowLog", engine.FollowLogRequest(deployment="mlp-gan"), "", "FAILED_PRECONDITION", "NOT_SUPPORTED"
    )
    yield Case("Engine.StartTraining", train(), "deployment")
    yield Case("Engine.StartTraining", train(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case("Engine.StartTraining", train(deployment="item-knn", seed=-1), "seed")
    yield Case("Engine.StartTraining", train(deployment="item-knn", corpus_id="c"), "corpus_id")
    yield Case("Engine.StartTraining", train(deployment="item-knn", options=options(no_such=1)), "options.no_such")
    yield Case("Engine.StartTraining", train(deployment="mlp-gan"), "corpus_id", label="none")
    yield Case("Engine.StartTraining", train(deployment="mlp-gan", corpus_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Engine.StartTraining", train(deployment="q-learning"), "", "FAILED_PRECONDITION")
    for rpc in ("WatchTraining", "CancelTraining"):
        request_type: Any = getattr(engine, f"{rpc}Request")
        yield Case(f"Engine.{rpc}", request_type(), "training_id")
        yield Case(f"Engine.{rpc}", request_type(training_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Engine.ListTrainings", engine.ListTrainingsRequest(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case("Engine.ListModels", engine.ListModelsRequest(), "deployment")
    yield Case("Engine.ListModels", engine.ListModelsRequest(deployment="no-such"), "no-such", "NOT_FOUND")
    activate = engine.ActivateModelRequest
    yield Case("Engine.ActivateModel", activate(deployment="no-such", version=1), "no-such", "NOT_FOUND")
    yield Case("Engine.ActivateModel", activate(deployment="item-knn", version=99), "item-knn/99", "NOT_FOUND")
    yield Case("Engine.ActivateModel", activate(deployment="item-knn", version=-1), "item-knn/-1", "NOT_FOUND")


def generate_cases() -> Iterator[Case]:
    make = generation.GenerateRequest
    yield Case("Generation.Generate", make(deployment="no-such"), "no-such", "NOT_FOUND")
    yield Case("Generation.Generate", make(deployment="popular"), "deployment")
    yield Case("Generation.Generate", make(count=-1), "count")
    yield Case("Generation.Generate", make(count=1001), "count", label="large")
    yield Case("Generation.Generate", make(seed=-1), "seed")
    yield Case("Generation.Generate", make(deployment="mlp-gan"), "", "FAILED_PRECONDITION", "NO_MODEL")
    yield Case("Generation.GetAsset", generation.GetAssetRequest(), "asset_id")
    yield Case("Generation.GetAsset", generation.GetAssetRequest(asset_id="no-such"), "no-such", "NOT_FOUND")
    yield Case("Generation.DeleteCorpus", generation.DeleteCorpusRequest(), "corpus_id")
    yield Case("Generation.DeleteCorpus", generation.DeleteCorpusRequest(corpus_id="no-such"), "no-such", "NOT_FOUND")


CASES = [
    *catalogue_cases(),
    *page_cases(),
    *recommend_cases(),
    *act_cases(),
    *agent_cases(),
    *engine_cases(),
    *generate_cases(),
    *talk_cases(),
    *wish_cases(),
    *asset_cases(),
    *agent_log_cases(),
]
ASK_NOTHING = {"ListEngines", "ListPlugins", "ListDeployments"}
"""The RPCs whose request has no field."""


def called(server: Server, case: Case) -> Callable[[], object]:
    service, _, method = case.rpc.partition(".")
    call = getattr(STUBS[service](server.channel), method)
    if method == "Interact":
        return lambda: list(call(iter([case.request])))
    if method in STREAMS:
        return lambda: list(call(case.request))
    return lambda: call(case.request)


@pytest.fixture(scope="session")  # once for a server that is made once, however the tests are dealt out
def strict(house: Server) -> Server:
    """The house with an agent of 3 observations and 2 actions that has an open session."""
    house.client.create_agent("malformed", 3, 2, seed=0)
    house.client.act("malformed", "open", 0)
    return house


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rpc}-{case.names[:40]}-{case.label}")
def test_malformed_requests_are_refused(strict: Server, refused: Check, case: Case) -> None:
    refusal = refused(called(strict, case))
    assert (refusal.code, refusal.info.domain) == (case.code, "footlight"), refusal.message
    assert refusal.info.reason == (case.reason or case.code)
    if case.code == "INVALID_ARGUMENT":
        (field,) = refusal.fields
        assert field.startswith(case.names) if case.label == "vast" else field == case.names, refusal.message
    else:
        assert (
            refusal.info.metadata["name"] == case.names if case.code == "NOT_FOUND" else case.names in refusal.message
        )


def test_every_rpc_is_in_the_table() -> None:
    covered = {case.rpc.partition(".")[2] for case in CASES} | {"UploadCorpus"} | ASK_NOTHING
    assert {method.name for method in methods()} - covered == set()


def test_nothing_was_written_by_all_that(strict: Server, films: list[Any]) -> None:
    """Mostly runs after the table: neither the sound items and events beside the bad ones, nor steps, nor agents."""
    assert [item.item_id for item in strict.client.items()] == [film.item_id for film in films]
    assert strict.client.forget_user("m-u").events == 0
    assert [agent.agent_id for agent in strict.client.agents()] == ["malformed"]
    assert [one.session_id for one in strict.client.agent_decisions("malformed")] == ["open"]


def upload(server: Server, *parts: generation.UploadCorpusRequest) -> Callable[[], object]:
    stub = generation_stubs.GenerationServiceStub(server.channel)
    return lambda: stub.UploadCorpus(iter(parts))


def header(name: str = "c") -> generation.UploadCorpusRequest:
    return generation.UploadCorpusRequest(header=generation.CorpusHeader(name=name))


def file(path: str, size: int, sha256: bytes = b"") -> generation.UploadCorpusRequest:
    return generation.UploadCorpusRequest(file=generation.CorpusFile(path=path, size_bytes=size, sha256=sha256))


def chunk(data: bytes) -> generation.UploadCorpusRequest:
    return generation.UploadCorpusRequest(chunk=data)


UPLOADS = {
    "nothing": [],
    "no header": [file("a", 1), chunk(b"x")],
    "two headers": [header(), header()],
    "empty name": [header(""), file("a", 1), chunk(b"x")],
    "no file": [header()],
    "cut short": [header(), file("a", 2), chunk(b"x")],
    "too much": [header(), file("a", 1), chunk(b"xy")],
    "chunk before file": [header(), chunk(b"x")],
    "wrong checksum": [header(), file("a", 1, b"0" * 32), chunk(b"x")],
    "short checksum": [header(), file("a", 1, b"0"), chunk(b"x")],
    "climbing path": [header(), file("../a", 1), chunk(b"x")],
    "absolute path": [header(), file("/a", 1), chunk(b"x")],
    "same path twice": [header(), file("a", 1), chunk(b"x"), file("a", 1), chunk(b"y")],
    "empty file": [header(), file("a", 0)],
    "empty message": [header(), generation.UploadCorpusRequest()],
    "negative size": [header(), file("a", -1)],
    "large chunk": [header(), file("a", 2_000_000), chunk(b"x" * 2_000_000)],
}


@pytest.mark.parametrize("parts", UPLOADS.values(), ids=UPLOADS.keys())
def test_malformed_uploads_are_refused_and_leave_nothing(
    scratch: Server, refused: Check, parts: list[generation.UploadCorpusRequest]
) -> None:
    refusal = refused(upload(scratch, *parts))
    assert (refusal.code, refusal.info.reason) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT") and refusal.fields
    assert not list(scratch.client.corpora())


def test_the_client_raises_the_same_with_the_field(house: Server) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        house.client.recommend("a-01", 1001)
    assert refusal.value.field == "count" and "between 1 and 1,000" in str(refusal.value)


def test_the_client_names_what_is_unknown(house: Server) -> None:
    with pytest.raises(NotFound) as refusal:
        house.client.recommend("a-01", deployment="no-such")
    assert (refusal.value.resource, refusal.value.name) == ("deployment", "no-such")
