"""A web hook, against a server of the test's own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from footlight_courier import register_parts
from footlight_courier.webhook import Webhook, WebhookOptions

from footlight_plugins.testing import EventListenerSuite


class Hook(HTTPServer):
    """Keeps what it is sent, and answers with the statuses that it was given, then with 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class _Take(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _told_where(hook: Hook) -> None:
    hook.bodies.clear()
    TestWebhook.options = {"url": hook.url}


class TestWebhook(EventListenerSuite):
    spec = register_parts()[1]


def test_events_come_as_json_in_their_order(hook: Hook) -> None:
    happened = TestWebhook().happened()
    Webhook(WebhookOptions(url=hook.url)).hear(happened)
    events = json.loads(hook.bodies[0][1])["events"]
    assert [one["position"] for one in events] == [one.position for one in happened]
    assert events[0]["user_id"] == happened[0].user_id


def test_it_tries_again_where_that_may_help(hook: Hook) -> None:
    hook.statuses += [503, 429]
    Webhook(WebhookOptions(url=hook.url, backoff_seconds=0.01)).forget(3)
    assert [json.loads(body) for _, body in hook.bodies] == [{"forget": 3}] * 3


@pytest.mark.parametrize(("statuses", "tried"), [([503] * 3, 3), ([400], 1)])
def test_it_says_so_when_nobody_takes_it(hook: Hook, statuses: list[int], tried: int) -> None:
    hook.statuses += statuses
    with pytest.raises(RuntimeError, match=str(statuses[0])):
        Webhook(WebhookOptions(url=hook.url, backoff_seconds=0.01)).forget(3)
    assert len(hook.bodies) == tried


def test_the_body_is_signed_with_the_secret(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "between us")
    Webhook(WebhookOptions(url=hook.url, secret_variable="HOOK_SECRET")).forget(3)
    headers, body = hook.bodies[0]
    assert headers["Footlight-Signature"] == "sha256=" + hmac.new(b"between us", body, hashlib.sha256).hexdigest()


def test_a_secret_that_is_not_there_is_noticed() -> None:
    with pytest.raises(ValueError, match="NO_SUCH_SECRET"):
        Webhook(WebhookOptions(secret_variable="NO_SUCH_SECRET"))
