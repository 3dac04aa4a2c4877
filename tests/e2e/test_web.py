"""The HTTP port as part of the server: how it is asked for, shared and left out."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from footlight.cli.app import build

if TYPE_CHECKING:
    from tests.e2e.conftest import MakeToken, Server, Start

RunCli = Callable[..., subprocess.CompletedProcess[str]]
Answer = tuple[int, Mapping[str, str], Any]
SECONDS = 20.0


class Guarded:
    """A server that speaks TLS on both ports and wants tokens."""

    def __init__(self, folder: Path, start: Callable[..., Server], make_token: MakeToken) -> None:
        certs = folder / "certs"
        assert CliRunner().invoke(build(), ["certs", str(certs)]).exit_code == 0
        pair = ("--tls-cert", str(certs / "server.pem"), "--tls-key", str(certs / "server-key.pem"))
        doors = ("--web-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0")
        self.server = start(folder / "data", *pair, *doors, "--require-token")
        self._make_token = make_token
        self.authority = certs / "ca.pem"

    def token(self, *scopes: str, **options: object) -> str:
        """A token that the server has heard of."""
        token = self._make_token(self.server, "default", *scopes, **options)
        end = time.monotonic() + SECONDS
        while self.call("EngineService/ListPlugins", token)[0] == 401:
            assert time.monotonic() < end, "the server does not hear of the token"
            time.sleep(0.01)
        return token

    def call(self, method: str, token: str = "") -> Answer:
        """Status, headers and answer of an empty request over HTTPS."""
        url = self.server.web.replace("http://", "https://")
        request = urllib.request.Request(f"{url}/footlight.v1.{method}", b"{}", {"Content-Type": "application/json"})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        trusting = ssl.create_default_context(cafile=str(self.authority))
        try:
            with urllib.request.urlopen(request, timeout=SECONDS, context=trusting) as answer:
                return answer.status, dict(answer.headers), json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, dict(refused.headers), json.load(refused)

    def metrics(self) -> str:
        with urllib.request.urlopen(f"{self.server.metrics}/metrics", timeout=SECONDS) as answer:
            text: str = answer.read().decode()
            return text


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, start_server: Callable[..., Server], make_token: MakeToken
) -> Iterator[Guarded]:
    made = Guarded(tmp_path_factory.mktemp("guarded"), start_server, make_token)
    yield made
    made.server.kill()


def reason(answer: Any) -> str:
    told: str = answer["details"][0]["debug"]["reason"]
    return told


def test_who_has_a_token_is_answered_by_tls(guarded: Guarded) -> None:
    status, _, answer = guarded.call("CatalogService/ListItems", guarded.token("read"))
    assert (status, answer) == (200, {})


def test_the_http_port_asks_for_the_same_tokens(guarded: Guarded) -> None:
    status, _, answer = guarded.call("CatalogService/ListItems")
    assert (status, reason(answer)) == (401, "TOKEN_MISSING")
    status, _, answer = guarded.call("CatalogService/ListItems", guarded.token("act"))
    assert (status, reason(answer)) == (403, "SCOPE_MISSING")


def test_a_call_above_its_rate_is_told_when_to_come_back(guarded: Guarded) -> None:
    token = guarded.token("read", rate=0.1)
    answers = [guarded.call("CatalogService/ListItems", token) for _ in range(3)]
    status, headers, answer = answers[-1]
    assert (status, reason(answer)) == (429, "RATE_LIMITED") and int(headers["retry-after"]) >= 1


def test_calls_over_http_are_counted_with_the_others(guarded: Guarded) -> None:
    guarded.call("RecommendationService/GetDecision", guarded.token("read"))
    counted = [line for line in guarded.metrics().splitlines() if "RecommendationService/GetDecision" in line]
    assert any('rpc_response_status_code="INVALID_ARGUMENT"' in line for line in counted)


def test_certificates_may_be_for_the_grpc_port_alone(server_factory: Start, guarded: Guarded) -> None:
    certs = guarded.authority.parent
    pair = ("--tls-cert", str(certs / "server.pem"), "--tls-key", str(certs / "server-key.pem"))
    server = server_factory(*pair, "--web-listen", "127.0.0.1:0", "--web-plaintext")
    request = urllib.request.Request(f"{server.web}/footlight.v1.CatalogService/ListItems", b"{}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("origin", ["*", "https://*.example.org", "play.example.org", "https://example.org/page"])
def test_an_origin_that_is_none_keeps_the_server_from_starting(run_cli: RunCli, tmp_path: Path, origin: str) -> None:
    door = ("--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0", "--web-origin", origin)
    done = run_cli("serve", "--data-dir", tmp_path, *door)
    assert done.returncode == 3 and "--web-origin must read" in done.stderr


def test_several_processes_share_the_http_port(server_factory: Start) -> None:
    server = server_factory("--processes", "2", "--web-listen", "127.0.0.1:0")
    for _ in range(8):
        request = urllib.request.Request(f"{server.web}/footlight.v1.CatalogService/ListItems", b"{}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
    assert server.stop() == 0


def test_a_server_without_the_port_loads_nothing_of_it() -> None:
    code = "import sys, footlight_server.app; print('uvicorn' in sys.modules, 'footlight_server.web' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
