"""Where the server is, what is tried again, and whether it is ready."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest

import footlight
from footlight import AsyncClient, Client, Tls
from footlight._client.connection import Connection, target_of


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("localhost:7007", "localhost:7007"),
        ("example.org", "example.org:7007"),
        ("[::1]:80", "[::1]:80"),
        ("[::1]", "[::1]:7007"),
        ("my_host-1.lan:65535", "my_host-1.lan:65535"),
        ("unix:/run/footlight.sock", "unix:/run/footlight.sock"),
    ],
)
def test_addresses_get_the_usual_port(address: str, target: str) -> None:
    assert target_of(address) == target


@pytest.mark.parametrize(
    "address",
    [
        *("http://localhost:7007", "localhost:7007/", " ", ":7007", "localhost:", "::1", "a b:1", "localhost:7007\n"),
        *("localhost:0", "localhost:65536", "localhost:-1", "localhost:port"),
    ],
)
def test_addresses_that_cannot_be_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        Client(address)


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTLIGHT_ADDRESS", "example.org:9")
    assert Client().address == "example.org:9"


def test_a_client_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout"):
        Client(timeout=0)


def test_a_call_may_take_what_it_says_or_what_the_client_says() -> None:
    connection = Connection.of("x", 30.0, None, None)
    assert [connection.deadline(5.0), connection.deadline(None), connection.deadline(math.inf)] == [5.0, 30.0, None]


def test_a_wait_that_no_clock_holds_is_no_limit() -> None:
    connection = Connection.of("x", 30.0, None, None)
    assert connection.deadline(1e30) is None


def test_a_wait_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout: expected seconds, got nan"):
        Connection.of("x", 30.0, None, None).deadline(math.nan)


def test_a_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"a token")
    tls = Tls.from_files(tmp_path / "ca.pem")
    with Client("localhost", tls=tls) as client, pytest.raises(ValueError, match=r"tls\.roots: expected PEM"):
        client.engines()


def test_the_token_travels_with_every_call(double: Any) -> None:
    with Client(double.address, token="secret") as client:
        client.engines()
    assert double.notes.metadata["authorization"] == "Bearer secret"


def test_the_token_comes_from_the_environment(double: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTLIGHT_TOKEN", "secret\n")
    with Client(double.address) as client, Client(double.address, token="") as nobody:
        client.engines()
        assert double.notes.metadata["authorization"] == "Bearer secret"
        nobody.engines()
        assert "authorization" not in double.notes.metadata


@pytest.mark.parametrize("address", ["example.org", "10.0.0.1:7007", "[2001:db8::1]:7007", "127.0.0.1.example.org"])
def test_a_token_is_not_sent_to_another_machine_in_plain_text(address: str) -> None:
    with pytest.raises(ValueError, match=r"expected TLS") as refusal:
        Client(address, token="secret")
    assert "secret" not in str(refusal.value)
    Client(address, token="secret", tls=False).close()


@pytest.mark.parametrize("token", ["two words", "naïve", "line\nbreak"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValueError, match="token") as refusal:
        Client("localhost", token=token)
    assert token not in str(refusal.value)


def test_certificates_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_bytes(b"an authority")
    monkeypatch.setenv("FOOTLIGHT_TLS_CA", str(tmp_path / "ca.pem"))
    assert Connection.of("x", 30.0, None, None).tls == Tls(b"an authority")
    assert Connection.of("x", 30.0, None, False).tls is None


def test_a_key_without_its_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"a key")
    with pytest.raises(ValueError, match="together"):
        Tls.from_files(private_key=tmp_path / "key.pem")


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_a_server_that_is_away_for_a_moment_is_tried_again(
    client: Client, double: Any, fault: Any, code: grpc.StatusCode
) -> None:
    double.fail("ListEngines", fault(code), times=2)
    assert [engine.name for engine in client.engines()] == ["item-knn"]


def test_other_errors_are_not_tried_again(client: Client, double: Any, fault: Any) -> None:
    double.fail("ListEngines", fault(grpc.StatusCode.INTERNAL))
    with pytest.raises(footlight.InternalError):
        client.engines()
    assert double.notes.calls == ["ListEngines"]


def test_a_training_is_not_started_twice(client: Client, double: Any, fault: Any) -> None:
    double.fail("StartTraining", fault(grpc.StatusCode.UNAVAILABLE))
    with pytest.raises(footlight.Unavailable):
        client.start_training("gan")
    assert double.notes.calls == ["StartTraining"]


def test_a_closed_client_cannot_be_used(client: Client) -> None:
    client.engines()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.engines()


def test_a_server_is_ready_when_it_says_so(client: Client, double: Any) -> None:
    double.serve(False)
    before = client.ready()
    double.serve(True)
    assert (before, client.ready()) == (False, True)


def test_no_server_is_not_ready() -> None:
    with Client("127.0.0.1:1") as client:
        assert not client.ready()


def test_waiting_ends_when_the_server_serves(client: Client, double: Any) -> None:
    double.serve(False)
    threading.Timer(0.1, double.serve, [True]).start()
    client.wait_until_ready(10.0)
    assert client.ready()


def test_waiting_for_nobody_ends_in_unavailable() -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(footlight.Unavailable, match=r"within 0\.2 s"):
        client.wait_until_ready(0.2)


async def test_the_async_client_waits_as_well(async_client: AsyncClient, double: Any) -> None:
    double.serve(False)
    before = await async_client.ready()
    threading.Timer(0.1, double.serve, [True]).start()
    await async_client.wait_until_ready(10.0)
    assert not before and await async_client.ready()
