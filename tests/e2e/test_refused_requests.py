"""What Recommend refuses of what a request can say, over the bare wire: INVALID_ARGUMENT with the field, or NOT_FOUND."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.timestamp_pb2 import Timestamp

from footlight.v1 import catalog_pb2 as catalog
from footlight.v1 import catalog_pb2_grpc as catalog_stubs
from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Refusal, Server

Check = Callable[[Callable[[], object]], "Refusal"]


class Case(NamedTuple):
    """A request and the field that is named."""

    rpc: str
    request: Message
    field: str


def recommend(**changes: Any) -> pb.RecommendRequest:
    sound: dict[str, Any] = {"user_id": "a-01"}
    return pb.RecommendRequest(**sound | changes)


def visit(*history: pb.HistoryItem, **changes: Any) -> pb.RecommendRequest:
    return recommend(user_id="", history=history, **changes)


def where(**test: Any) -> pb.ItemFilter:
    """A filter on the year, which every item has as a number."""
    return pb.ItemFilter(where=[pb.AttributePredicate(**{"name": "year"} | test)])


def span(**bounds: Any) -> pb.ItemFilter:
    return where(range=pb.NumberRange(**bounds))


def one(value: Any) -> Value:
    return json_format.ParseDict(value, Value())


def among(*values: Any) -> pb.ItemFilter:
    return where(any_of=ListValue(values=map(one, values)))


def both(*ranges: pb.NumberRange) -> pb.ItemFilter:
    return pb.ItemFilter(where=[pb.AttributePredicate(name="year", range=each) for each in ranges])


FILTERS: list[tuple[str, pb.ItemFilter]] = [
    ("where[0].name", where(name="yaer", equals=one(1980))),
    ("where[0].name", where(name="", equals=one(1980))),
    ("where[0]", where()),
    ("where[0].equals", where(equals=one("1980"))),
    ("where[0].equals", where(equals=one(True))),
    ("where[0].equals", where(equals=one(None))),
    ("where[0].equals", where(equals=one([1980]))),
    ("where[0].equals", where(equals=Value(number_value=math.nan))),
    ("where[0].any_of", among()),
    ("where[0].any_of", among(*range(101))),
    ("where[0].any_of[1]", among(1980, "1981")),
    ("where[0].any_of", among("1980", "1981")),
    ("where[0].range", span(min=1990, max=1980)),
    ("where[0].range", span(min=1990, max=1990, exclude_max=True)),
    ("where[0].range", span()),
    ("where[0].range", span(min=math.nan)),
    ("where[0].range", span(min=math.inf)),
    ("where[1].range", both(pb.NumberRange(min=1990), pb.NumberRange(max=1980))),
    ("where", both(*[pb.NumberRange(min=1)] * 33)),
    ("kinds[0]", pb.ItemFilter(kinds=[""])),
    ("tags_all[1]", pb.ItemFilter(tags_all=["action", "x" * 65])),
    ("tags_any", pb.ItemFilter(tags_any=[str(n) for n in range(65)])),
    ("tags_none[0]", pb.ItemFilter(tags_all=["action"], tags_none=["action"])),
    ("available_at", pb.ItemFilter(available_at=Timestamp(seconds=-1))),
    ("available_at.nanos", pb.ItemFilter(available_at=Timestamp(nanos=-1))),
]

HISTORIES: list[tuple[str, list[pb.HistoryItem]]] = [
    ("history", [pb.HistoryItem(item_id="a00")] * 1_001),
    ("history[1].item_id", [pb.HistoryItem(item_id="a00"), pb.HistoryItem(item_id="")]),
    ("history[0].value", [pb.HistoryItem(item_id="a00", value=math.inf)]),
    ("history[0].value", [pb.HistoryItem(item_id="a00", value=1000.5)]),
    ("history[1].time", [pb.HistoryItem(item_id="a00", time=Timestamp(seconds=1)), pb.HistoryItem(item_id="a01")]),
    ("history[0].time", [pb.HistoryItem(item_id="a00", time=Timestamp(seconds=-5))]),
]


def cases() -> Iterator[Case]:
    batch, similar, predict = pb.BatchRecommendRequest, pb.ListSimilarItemsRequest, pb.PredictRatingsRequest
    for field, bad in FILTERS:
        yield Case("Recommend", recommend(filter=bad), f"filter.{field}")
        yield Case("BatchRecommend", batch(user_ids=["a-01"], filter=bad), f"filter.{field}")
        yield Case("ListSimilarItems", similar(item_id="a00", filter=bad), f"filter.{field}")
    for number in (-0.1, 1.1, math.nan, math.inf):
        yield Case("Recommend", recommend(diversity=number), "diversity")
        yield Case("BatchRecommend", batch(user_ids=["a"], diversity=number), "diversity")
    for seed in (-1, 2**62 + 1):
        yield Case("Recommend", recommend(seed=seed), "seed")
        yield Case("BatchRecommend", batch(user_ids=["a"], seed=seed), "seed")
    for field, history in HISTORIES:
        yield Case("Recommend", visit(*history), field)
    yield Case("Recommend", recommend(history=[pb.HistoryItem(item_id="a00")]), "history")
    yield Case("Recommend", visit(), "user_id")
    yield Case("Recommend", visit(pb.HistoryItem(item_id="a00"), count=1_001), "count")
    yield Case("Recommend", recommend(session_start_time=Timestamp(seconds=-1)), "session_start_time")
    yield Case(
        "Recommend", visit(pb.HistoryItem(item_id="a00"), session_start_time=Timestamp(seconds=1)), "session_start_time"
    )
    yield Case("BatchRecommend", batch(user_ids=["a"], exclude_item_ids=["a"] * 10_001), "exclude_item_ids")
    yield Case("ListSimilarItems", similar(item_id="a00", exclude_item_ids=["a"] * 10_001), "exclude_item_ids")
    yield Case("PredictRatings", predict(user_id="", item_ids=["a00"]), "user_id")
    yield Case("PredictRatings", predict(user_id="a"), "item_ids")
    yield Case("PredictRatings", predict(user_id="a", item_ids=["a00", ""]), "item_ids[1]")
    yield Case("GetDecision", pb.GetDecisionRequest(), "decision_id")


@pytest.mark.parametrize("case", [*cases()], ids=lambda case: f"{case.rpc}-{case.field}")
def test_requests_that_can_mean_nothing_are_refused(house: Server, refused: Check, case: Case) -> None:
    call = getattr(stubs.RecommendationServiceStub(house.channel), case.rpc)
    refusal = refused(lambda: call(case.request))
    assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", [case.field]), refusal.message


@pytest.mark.parametrize(
    ("field", "start", "end"),
    [("available_from", Timestamp(seconds=-1), None), ("available_until", Timestamp(seconds=9), Timestamp(seconds=9))],
)
def test_windows_that_hold_no_time_are_refused(
    house: Server, refused: Check, field: str, start: Timestamp, end: Timestamp | None
) -> None:
    item = catalog.Item(item_id="m-x", available_from=start, available_until=end)
    put = catalog_stubs.CatalogServiceStub(house.channel).PutItems
    assert refused(lambda: put(catalog.PutItemsRequest(items=[item]))).fields == [f"items[0].{field}"]


@pytest.mark.parametrize(
    ("rpc", "request_"),
    [
        ("PredictRatings", pb.PredictRatingsRequest(user_id="a", item_ids=["no-such"])),
        ("GetDecision", pb.GetDecisionRequest(decision_id="no-such")),
        ("GetDecision", pb.GetDecisionRequest(decision_id="r-0123456789abcdef-7")),
    ],
)
def test_what_is_not_there_is_named(house: Server, refused: Check, rpc: str, request_: Message) -> None:
    refusal = refused(lambda: getattr(stubs.RecommendationServiceStub(house.channel), rpc)(request_))
    assert refusal.code == "NOT_FOUND" and refusal.info.metadata["name"] in str(request_)


def test_an_unknown_attribute_is_answered_with_the_one_that_was_meant(house: Server, refused: Check) -> None:
    recommend_ = stubs.RecommendationServiceStub(house.channel).Recommend
    refusal = refused(lambda: recommend_(recommend(filter=where(name="yaer", equals=one(1980)))))
    assert "there is 'year'" in refusal.message


def test_an_engine_that_cannot_predict_says_which_can(house: Server, refused: Check) -> None:
    predict = stubs.RecommendationServiceStub(house.channel).PredictRatings
    refusal = refused(lambda: predict(pb.PredictRatingsRequest(user_id="a", item_ids=["a00"], deployment="popular")))
    assert (refusal.code, refusal.info.reason) == ("FAILED_PRECONDITION", "NOT_SUPPORTED")
    assert "engine 'popular' cannot predict ratings; " in refusal.message
