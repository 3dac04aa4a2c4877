"""A web hook, against a server of the test's own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest
from footlight_courier.suites import Hook, WebhookSuite, at_work
from footlight_courier.webhook import Webhook, WebhookOptions


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with at_work() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_sent(hook: Hook) -> None:
    hook.bodies.clear()


class TestWebhook(WebhookSuite):
    """Against a server of its own."""


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
