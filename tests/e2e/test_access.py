"""Tokens on a running server: made, revoked, expired, too fast, and never written anywhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from footlight import Client, ResourceExhausted, Unauthenticated
from footlight.v1 import catalog_pb2, catalog_pb2_grpc, interaction_pb2, interaction_pb2_grpc

if TYPE_CHECKING:
    from tests.e2e.conftest import MakeToken, Refusal, Server, Start

Check = Callable[[Callable[[], object]], "Refusal"]
SECONDS = 20.0


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, start_server: Callable[..., Server]) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("guarded")
    log = ("--access-log", str(data_dir / "access.jsonl"))
    server = start_server(data_dir, "--require-token", "--verbose", *log)
    yield server
    server.kill()


def until_refused(client: Client) -> Unauthenticated:
    """The error of the first call that is refused."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            client.plugins()
        except Unauthenticated as error:
            return error
        time.sleep(0.01)
    raise AssertionError("the calls went on to be answered")


def until_answered(client: Client) -> None:
    """Return once a call is answered: a server hears of a new token within a moment."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            client.plugins()
            return
        except Unauthenticated:
            if time.monotonic() > end:
                raise
        time.sleep(0.01)


def token_id(token: str) -> str:
    return token.split("_")[1]


def test_a_running_server_hears_of_a_token_and_of_its_end(
    guarded: Server, make_token: MakeToken, run_cli: Callable[..., object]
) -> None:
    token = make_token(guarded, "default", "read")
    with Client(guarded.address, token=token) as client:
        until_answered(client)
        run_cli("tokens", "revoke", token_id(token), "--data-dir", guarded.data_dir)
        assert until_refused(client).reason == "TOKEN_INVALID"


def test_a_token_expires(guarded: Server, make_token: MakeToken) -> None:
    with Client(guarded.address, token=make_token(guarded, "default", "read", days=1e-5)) as client:
        assert until_refused(client).reason in ("TOKEN_EXPIRED", "TOKEN_INVALID")


def test_a_stream_ends_with_its_token(
    guarded: Server, make_token: MakeToken, run_cli: Callable[..., object], refused: Check
) -> None:
    token = make_token(guarded, "default", "write", "act", "read")
    with Client(guarded.address, token=token) as client:
        until_answered(client)
        client.create_agent("streaming", 2, 2, seed=1)

    def steps() -> Iterator[interaction_pb2.InteractRequest]:
        for number in range(1_000):
            observation = interaction_pb2.Value(discrete=0)
            act = interaction_pb2.ActRequest(agent_id="streaming", session_id=f"s-{number}", observation=observation)
            yield interaction_pb2.InteractRequest(act=act)
            if number == 0:
                run_cli("tokens", "revoke", token_id(token), "--data-dir", guarded.data_dir)
            time.sleep(0.02)

    stub = interaction_pb2_grpc.InteractionServiceStub(guarded.channel)
    metadata = (("authorization", f"Bearer {token}"),)
    assert refused(lambda: list(stub.Interact(steps(), metadata=metadata))).code == "UNAUTHENTICATED"


def test_a_token_that_calls_too_fast_is_told_when_to_come_back(guarded: Server, make_token: MakeToken) -> None:
    with Client(guarded.address, token=make_token(guarded, "default", "read", rate=0.01)) as client:
        until_answered(client)
        with pytest.raises(ResourceExhausted) as refusal:
            client.plugins()
    assert refusal.value.reason == "RATE_LIMITED"
    assert refusal.value.retry_after is not None and 0 < refusal.value.retry_after <= 100


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic QWxhZGRpbg==", "bearer x", "Bearer x y"])
def test_what_is_no_token_opens_nothing(guarded: Server, refused: Check, header: str) -> None:
    stub = catalog_pb2_grpc.CatalogServiceStub(guarded.channel)
    request = catalog_pb2.ListItemsRequest()
    assert refused(lambda: stub.ListItems(request, metadata=(("authorization", header),))).code == "UNAUTHENTICATED"


def test_two_tokens_at_once_open_nothing(guarded: Server, make_token: MakeToken, refused: Check) -> None:
    both = tuple(("authorization", f"Bearer {make_token(guarded, 'default', 'read')}") for _ in range(2))
    stub = catalog_pb2_grpc.CatalogServiceStub(guarded.channel)
    assert refused(lambda: stub.ListItems(catalog_pb2.ListItemsRequest(), metadata=both)).code == "UNAUTHENTICATED"


def test_a_message_that_unpacks_to_more_than_the_limit_is_refused(
    guarded: Server, make_token: MakeToken, refused: Check
) -> None:
    metadata = (("authorization", f"Bearer {make_token(guarded, 'default', 'read')}"),)
    request = catalog_pb2.GetItemRequest(item_id="x" * (32 << 20))
    with grpc.insecure_channel(guarded.address, options=[("grpc.max_send_message_length", -1)]) as channel:
        get = catalog_pb2_grpc.CatalogServiceStub(channel).GetItem
        refusal = refused(lambda: get(request, metadata=metadata, compression=grpc.Compression.Gzip))
    assert refusal.code == "RESOURCE_EXHAUSTED"


def test_the_token_is_in_no_file(guarded: Server, make_token: MakeToken) -> None:
    token = make_token(guarded, "default", "read")
    with Client(guarded.address, token=token) as client:
        until_answered(client)
    secret = token.split("_", 2)[2].encode()
    files = [path for path in guarded.data_dir.rglob("*") if path.is_file()]
    assert files and [path for path in files if secret in path.read_bytes()] == []


def test_reflection_is_off_where_tokens_are_required(guarded: Server, refused: Check) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    stub = reflection_pb2_grpc.ServerReflectionStub(guarded.channel)
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    assert refused(lambda: list(stub.ServerReflectionInfo(asked))).code in ("UNIMPLEMENTED", "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((), "TLS (--tls-cert and --tls-key) and authentication"),
        (("--require-token",), "TLS (--tls-cert and --tls-key)."),
    ],
)
def test_an_address_that_others_reach_is_refused(
    run_cli: Callable[..., object], tmp_path: Path, arguments: tuple[str, ...], advice: str
) -> None:
    result = run_cli("serve", "--data-dir", tmp_path / "d", "--listen", "0.0.0.0:0", *arguments)
    assert result.returncode == 3 and advice in result.stderr  # type: ignore[attr-defined]
    assert not (tmp_path / "d").exists()


def test_an_address_that_others_reach_may_be_opened_knowingly(server_factory: Start) -> None:
    server = server_factory("--insecure-allow-remote", "--listen", "0.0.0.0:0")
    with Client(f"127.0.0.1:{server.port}") as client:
        assert client.ready()


def line_of(server: Server, request_id: str) -> dict[str, str]:
    """The line of the access log of a call, once it is there."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        lines = map(json.loads, (server.data_dir / "access.jsonl").read_text().splitlines())
        if found := [line for line in lines if line["request_id"] == request_id]:
            return dict(found[0])
        time.sleep(0.02)
    raise AssertionError(f"there is no line of {request_id}")


def test_who_is_turned_away_at_the_door_has_a_line(guarded: Server, make_token: MakeToken, refused: Check) -> None:
    token = make_token(guarded, "default", "read", rate=0.01)
    with Client(guarded.address, token=token) as client:
        until_answered(client)  # the one call of its second
    ask = catalog_pb2_grpc.CatalogServiceStub(guarded.channel).ListItems
    shown = {"nobody": (), "hasty": (("authorization", f"Bearer {token}"),)}
    for name, metadata in shown.items():
        refused(lambda n=name, m=metadata: ask(catalog_pb2.ListItemsRequest(), metadata=(("x-request-id", n), *m)))  # type: ignore[misc]
    lines = {name: line_of(guarded, name) for name in shown}
    codes = {name: line["code"] for name, line in lines.items()}
    assert codes == {"nobody": "UNAUTHENTICATED", "hasty": "RESOURCE_EXHAUSTED"}
    assert lines["nobody"]["peer"] == lines["hasty"]["peer"] != "127.0.0.1"
