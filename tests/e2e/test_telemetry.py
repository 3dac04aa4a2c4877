"""What an operator sees: health by gRPC and HTTP, metrics, a line a call."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Shelf, Start

TRACE = "0af7651916cd43dd8448eb211c80319c"
PATIENCE_SECONDS = 30.0


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.02)


def http(server: Server, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(server.metrics + path, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def samples(server: Server, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have the labels."""
    found = [
        sample.value
        for family in text_string_to_metric_families(http(server, "/metrics")[1])
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


def serving(server: Server, service: str = "") -> bool:
    stub = health_pb2_grpc.HealthStub(server.channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (server.data_dir / "access.jsonl").read_text().splitlines()]


def line_of(server: Server, request_id: str) -> dict[str, Any]:
    wait_until(lambda: any(line["request_id"] == request_id for line in lines(server)))
    return next(line for line in lines(server) if line["request_id"] == request_id)


@pytest.fixture(scope="module")
def watched(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server on the trained data that tells everything it does."""
    from tests.e2e.conftest import Server

    data_dir = tmp_path_factory.mktemp("watched") / "data"
    shelf.copy(trained_data, data_dir)
    options = ("--metrics-listen", "127.0.0.1:0", "--access-log", str(data_dir / "access.jsonl"))
    server = Server(data_dir, *shelf.arguments(data_dir), *options, "--require", "item-knn", "--require", "user-knn")
    yield server
    server.kill()


def recommend(server: Server, *metadata: tuple[str, str], user_id: str = "a-01") -> dict[str, str]:
    """Ask by the bare wire; answers the trailing metadata, of a refusal as well."""
    call = stubs.RecommendationServiceStub(server.channel).Recommend
    done: Any
    try:
        _, done = call.with_call(pb.RecommendRequest(user_id=user_id, deployment="item-knn"), metadata=metadata)
    except grpc.RpcError as refusal:
        done = refusal
    return {key: value for key, value in done.trailing_metadata() if isinstance(value, str)}


def test_a_required_deployment_is_woken_and_then_the_server_is_ready(watched: Server) -> None:
    wait_until(lambda: http(watched, "/readyz")[0] == 200)
    followed = http(watched, "/metrics")[1]
    assert 'footlight_deployment_lag_events{deployment="user-knn"}' in followed and serving(watched)


def test_a_server_that_lacks_a_required_deployment_serves_and_says_what_is_missing(server_factory: Start) -> None:
    server = server_factory("--metrics-listen", "127.0.0.1:0", "--require", "item-knn", "--require", "no-such")
    status, text = http(server, "/readyz")
    assert status == 503 and "'item-knn' cannot answer" in text and "'no-such' is not there" in text
    assert not serving(server) and http(server, "/livez")[0] == 200
    assert list(server.client.engines())
    assert "no deployment 'no-such': the server is not ready" in server.log
    assert "'item-knn' has no model yet: the server is not ready" in server.log


def test_only_the_service_of_a_cold_deployment_is_not_serving(server_factory: Start) -> None:
    server = server_factory("--require", "mlp-gan")
    states = {name: serving(server, f"footlight.v1.{name}") for name in ("GenerationService", "CatalogService")}
    assert states == {"GenerationService": False, "CatalogService": True}


def test_calls_are_counted_by_method_and_code(watched: Server) -> None:
    counted = "rpc_server_call_duration_seconds_count"
    method = {"rpc_method": "footlight.v1.RecommendationService/Recommend", "rpc_system_name": "grpc"}
    before = [samples(watched, counted, **method, rpc_response_status_code=code) for code in ("OK", "INVALID_ARGUMENT")]
    recommend(watched)
    recommend(watched, user_id="")
    after = [samples(watched, counted, **method, rpc_response_status_code=code) for code in ("OK", "INVALID_ARGUMENT")]
    assert after == [count + 1 for count in before]


def test_the_work_of_an_engine_is_timed_apart_from_its_queue(watched: Server) -> None:
    recommend(watched)
    assert samples(watched, "footlight_engine_execute_seconds_sum", deployment="item-knn") > 0
    assert samples(watched, "footlight_engine_queue_seconds_count", deployment="item-knn") > 0


def test_the_metrics_name_nobody(watched: Server) -> None:
    recommend(watched, user_id="a-07")
    assert "a-07" not in http(watched, "/metrics")[1]


def test_the_callers_request_id_comes_back_and_is_in_the_line(watched: Server) -> None:
    trailing = recommend(watched, ("x-request-id", "mine-1"), ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"))
    line = line_of(watched, "mine-1")
    assert trailing["x-request-id"] == "mine-1"
    assert (line["method"], line["code"]) == ("footlight.v1.RecommendationService/Recommend", "OK")
    assert line["trace_id"] == TRACE and line["decision_id"] and line["duration_ms"] >= line["execute_ms"] > 0


def test_a_refusal_has_its_request_id_too(watched: Server) -> None:
    assert recommend(watched, ("x-request-id", "mine-2"), user_id="")["x-request-id"] == "mine-2"
    assert line_of(watched, "mine-2")["code"] == "INVALID_ARGUMENT"


def turned_away(server: Server, path: str, body: bytes, *metadata: tuple[str, str]) -> tuple[str, str]:
    """The status of a call that must be refused, and the request id that came back."""
    call: Any = server.channel.unary_unary(path)
    with pytest.raises(grpc.RpcError) as refused:
        call(body, metadata=metadata)
    found: Any = refused.value
    return found.code().name, dict(found.trailing_metadata()).get("x-request-id", "")


def test_a_method_that_nobody_knows_has_a_line(watched: Server) -> None:
    path = '/footlight.v1.CatalogService/"Nothing"'
    assert turned_away(watched, path, b"", ("x-request-id", "mine-3")) == ("UNIMPLEMENTED", "mine-3")
    line = line_of(watched, "mine-3")
    assert (line["method"], line["code"], len(line["peer"])) == (path[1:], "UNIMPLEMENTED", 16)
    assert samples(watched, "rpc_server_call_duration_seconds_count", rpc_method="_OTHER") >= 1


def test_a_message_that_is_too_long_has_a_line(watched: Server) -> None:
    path, long = "/footlight.v1.CatalogService/GetItem", bytes(17 << 20)
    assert turned_away(watched, path, long, ("x-request-id", "mine-4"))[0] == "RESOURCE_EXHAUSTED"
    assert line_of(watched, "mine-4")["code"] == "UNREAD"


def test_who_sends_no_request_id_gets_one_with_a_refusal_alone(watched: Server) -> None:
    made = recommend(watched, user_id="")["x-request-id"]
    assert line_of(watched, made)["request_id"] == made
    assert "x-request-id" not in recommend(watched)


def test_people_are_in_the_lines_under_a_pseudonym(watched: Server) -> None:
    calls = (("a-01", "first"), ("a-01", "again"), ("a-02", "other"))
    made = [recommend(watched, ("x-request-id", name), user_id=user)["x-request-id"] for user, name in calls]
    users = [line_of(watched, name)["user"] for name in made]
    assert users[0] == users[1] != users[2] and "a-01" not in (watched.data_dir / "access.jsonl").read_text()


def test_a_file_that_was_moved_away_is_made_anew(watched: Server) -> None:
    log = watched.data_dir / "access.jsonl"
    log.rename(log.with_suffix(".old"))
    recommend(watched)
    wait_until(log.exists)
    assert log.with_suffix(".old").read_text().endswith("}\n")


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is POSIX")
def test_a_server_that_drains_is_not_ready_and_still_answers(server_factory: Start) -> None:
    server = server_factory("--metrics-listen", "127.0.0.1:0", "--drain-seconds", "60")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: http(server, "/readyz")[0] == 503)
    assert not serving(server) and list(server.client.engines())
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE_SECONDS) == 130
