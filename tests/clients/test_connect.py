"""The HTTP port answers as gRPC does, and says what is wrong with a request that is no call."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from tests.clients import agreement, connect_runner, wire_runner
from tests.clients.cases import Json, Outcome, played
from tests.clients.connect_runner import enveloped, envelopes, post, refusal

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

RECOMMEND = "/footlight.v1.RecommendationService/Recommend"
JSON = {"Content-Type": "application/json"}


def refused(server: Server, body: bytes, path: str = RECOMMEND, headers: Mapping[str, str] = JSON) -> Outcome:
    status, _, answer = post(server.web + path, body, headers)
    assert status >= 400
    return refusal(json.loads(answer))


@pytest.mark.parametrize("codec", ["json", "proto"])
def test_connect_agrees_with_the_wire(server: Server, reference: Mapping[str, Outcome], codec: str) -> None:
    run, elsewhere = f"run-{codec}", wire_runner.ask(server.channel)
    ask = connect_runner.Connect(server.web, codec).ask(elsewhere)
    outcomes = {one.name: one for one in played(run, ask)}
    assert agreement.unexpected(outcomes, run) == []
    assert agreement.disagreements(reference, outcomes, ("run-wire", run)) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"usr": "ada"}, "usr"),
        ({"count": "many"}, "count"),
        ({"filter": {"where": [{"nam": "year"}]}}, "filter.where[0].nam"),
        ({"filter": {"kinds": 3}}, "filter.kinds"),
        ({"user_id": "ada", "count": 5000}, "count"),
    ],
)
def test_a_wrong_field_is_named(server: Server, body: Json, field: str) -> None:
    outcome = refused(server, json.dumps(body).encode())
    assert (outcome.status, outcome.reason, outcome.field) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", field)


@pytest.mark.parametrize("body", [b"nonsense", b"\xff\xfe", b"[" * 10_000, b'"text"', b"3"])
def test_what_is_no_json_of_a_request_is_refused(server: Server, body: bytes) -> None:
    assert refused(server, body).status == "INVALID_ARGUMENT"


def test_bytes_that_are_no_message_are_refused(server: Server) -> None:
    assert refused(server, b"\xff\xff", headers={"Content-Type": "application/proto"}).status == "INVALID_ARGUMENT"


@pytest.mark.parametrize("body", [b"", b"\0\0\0", b"\0\0\0\0\x09{}", enveloped(b"{}") * 2])
def test_a_stream_is_asked_for_by_exactly_one_message(server: Server, body: bytes) -> None:
    path = server.web + "/footlight.v1.GenerationService/Generate"
    status, _, answer = post(path, body, {"Content-Type": "application/connect+json"})
    ((_, end),) = envelopes(answer)
    assert status == 200 and json.loads(end)["error"]["code"] == "invalid_argument"


def test_calls_that_take_a_stream_are_referred_to_grpc(server: Server) -> None:
    path = server.web + "/footlight.v1.InteractionService/Interact"
    _, _, answer = post(path, enveloped(b"{}"), {"Content-Type": "application/connect+json"})
    ((_, end),) = envelopes(answer)
    assert json.loads(end)["error"]["code"] == "unimplemented"


def test_an_unknown_call_is_not_found(server: Server) -> None:
    status, _, answer = post(server.web + "/footlight.v1.RecommendationService/Recomend", b"{}", JSON)
    assert status == 404 and json.loads(answer)["code"] == "unimplemented"


def test_another_content_type_is_told_which_there_are(server: Server) -> None:
    status, headers, _ = post(server.web + RECOMMEND, b"{}", {"Content-Type": "text/plain"})
    assert status == 415 and headers["accept-post"] == "application/json, application/proto"


def test_a_body_that_is_too_long_is_refused(server: Server) -> None:
    assert refused(server, b" " * ((16 << 20) + 1)).status == "RESOURCE_EXHAUSTED"


def test_a_deadline_that_has_passed_is_told(server: Server) -> None:
    headers = JSON | {"Connect-Timeout-Ms": "0"}
    assert refused(server, b'{"user_id": "ada"}', headers=headers).status == "DEADLINE_EXCEEDED"
    assert refused(server, b"{}", headers=JSON | {"Connect-Timeout-Ms": "soon"}).status == "INVALID_ARGUMENT"


def test_a_page_of_the_list_may_call_and_read(server: Server, page_origin: str) -> None:
    _, headers, _ = post(server.web + RECOMMEND, b'{"user_id": "ada"}', JSON | {"Origin": page_origin})
    assert headers["access-control-allow-origin"] == page_origin and headers["vary"] == "Origin"


def test_a_page_that_is_not_on_the_list_may_not_call(server: Server) -> None:
    status, headers, answer = post(server.web + RECOMMEND, b"{}", JSON | {"Origin": "http://elsewhere.example"})
    assert status == 403 and "--web-origin" in json.loads(answer)["message"]
    assert "access-control-allow-origin" not in headers


def test_a_caller_that_goes_away_in_mid_request_disturbs_nobody(server: Server) -> None:
    host, port = server.web.removeprefix("http://").split(":")
    for said in (b"", b"GET", b"POST " + RECOMMEND.encode() + b" HTTP/1.1\r\nContent-Length: 9\r\n\r\n{", b"\0" * 100):
        with socket.create_connection((host, int(port))) as line:
            line.sendall(said)
    status, _, _ = post(server.web + RECOMMEND, b'{"user_id": "ada"}', JSON)
    assert status == 200
