"""The server as a process: starting, stopping, health, reflection."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from footlight import Asset
from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

SERVICES = [
    f"footlight.v1.{name}Service" for name in ("Catalog", "Engine", "Generation", "Interaction", "Recommendation")
]
CANNOT_START = 3

Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_a_second_server_on_the_same_data_is_refused(house: Server, run_cli: Cli) -> None:
    second = run_cli("serve", "--data-dir", house.data_dir, "--listen", "127.0.0.1:0")
    assert second.returncode == CANNOT_START and "another server uses the data directory" in second.stderr
    assert house.client.ready() and len(house.client.recommend("a-03", 3)) == 3


def test_a_second_server_on_the_same_port_is_refused(house: Server, run_cli: Cli, tmp_path: Path) -> None:
    second = run_cli("serve", "--data-dir", tmp_path / "other", "--listen", house.address)
    assert second.returncode == CANNOT_START and f"cannot listen on {house.address}" in second.stderr
    assert house.client.ready()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--listen", "nonsense", "HOST:PORT"),
        ("--listen", "127.0.0.1:99999", "HOST:PORT"),
        ("--durability", "perhaps", "'normal' or 'full'"),
        ("--plugins-dir", "/no/such/folder", "/no/such/folder"),
        ("--database", "nonsense://x", "nonsense"),
        ("--data-dir", "/proc/nowhere", "cannot be used"),
        ("--ready-file", "/no/such/folder/ready", "/no/such/folder"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    run_cli: Cli, tmp_path: Path, option: str, value: str, message: str
) -> None:
    basis = {"--data-dir": str(tmp_path / "data"), "--listen": "127.0.0.1:0"} | {option: value}
    outcome = run_cli("serve", *(word for pair in basis.items() for word in pair))
    assert outcome.returncode == CANNOT_START and message in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_strict_plugins_refuse_to_start_beside_a_bad_one(run_cli: Cli, tmp_path: Path, plugins_dir: Path) -> None:
    words = ("serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", "--plugins-dir", plugins_dir)
    outcome = run_cli(*words, "--strict-plugins")
    assert outcome.returncode == CANNOT_START and "plug-in 'raises' is failed" in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_cleanly(server_factory: Start, number: signal.Signals) -> None:
    server = server_factory()
    assert server.stop(number) == 0
    assert "Traceback" not in server.log


def test_calls_in_flight_finish_when_the_server_is_stopped(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir))
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    server.client.train("patient", {"steps": 1}, corpus_id=corpus.corpus_id)
    assets: list[Asset] = []
    reading = threading.Thread(target=lambda: assets.extend(server.client.generate(300, deployment="patient")))
    reading.start()
    while not any((server.data_dir / "assets").rglob("*")):
        time.sleep(0.005)
    server.process.send_signal(signal.SIGTERM)
    reading.join()
    assert len(assets) == 300 and server.process.wait() == 0


def test_health_is_told_for_the_server_and_each_service(house: Server) -> None:
    stub = health_pb2_grpc.HealthStub(house.channel)
    answers = [stub.Check(health_pb2.HealthCheckRequest(service=name)).status for name in ("", *SERVICES)]
    assert set(answers) == {health_pb2.HealthCheckResponse.SERVING}


def test_health_of_an_unknown_service_is_not_found(house: Server) -> None:
    stub = health_pb2_grpc.HealthStub(house.channel)
    with pytest.raises(grpc.RpcError) as refusal:
        stub.Check(health_pb2.HealthCheckRequest(service="no.such"))
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_services(house: Server) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(house.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]))
    listed = {service.name for service in answer.list_services_response.service}
    assert set(SERVICES) | {"grpc.health.v1.Health"} <= listed


def test_an_unknown_method_is_unimplemented(house: Server) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = house.channel.unary_unary("/footlight.v1.CatalogService/NoSuch")
    with pytest.raises(grpc.RpcError) as refusal:
        call(b"")
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_bytes_that_are_no_request_are_refused(house: Server) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = house.channel.unary_unary("/footlight.v1.CatalogService/GetItem")
    with pytest.raises(grpc.RpcError):
        call(b"\xff\xff\xff")
    assert house.client.ready()


def test_a_call_whose_time_is_up_ends_and_others_are_answered_meanwhile(house: Server) -> None:
    batch = pb.BatchRecommendRequest(user_ids=["a-03"] * 10_000, deployment="user-knn", count=100)
    call = stubs.RecommendationServiceStub(house.channel).BatchRecommend.future(batch, timeout=0.3)
    assert len(house.client.recommend("a-04", 3)) == 3
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED and house.client.ready()


def test_the_server_loads_no_torch_before_it_is_needed(server_factory: Start) -> None:
    server = server_factory()
    server.client.recommend("anybody")
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libtorch" not in maps
