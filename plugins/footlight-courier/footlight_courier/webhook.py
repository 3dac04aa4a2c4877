"""Events, posted to an address."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import urllib3
from pydantic import Field

from footlight_courier.lines import plain
from footlight_plugins import EventListener, Happening, Options

TRIED_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class WebhookOptions(Options):
    """Where to, and with how much patience."""

    url: str = Field(
        "http://127.0.0.1:8080/events", pattern=r"^https?://", description="The address that is posted to."
    )
    secret_variable: str = Field(
        "", description="The environment variable with the secret that signs; empty: nothing is signed."
    )
    timeout_seconds: float = Field(5.0, ge=0.01, le=300.0, description="How long one try may take.")
    tries: int = Field(3, ge=1, le=20, description="How often it tries, before the server tells it again later.")
    backoff_seconds: float = Field(
        0.2, ge=0.0, le=60.0, description="The wait before the third try; it doubles each time."
    )


class Webhook(EventListener):
    """Posts ``{"events": [...]}``, and ``{"forget": USER}`` when somebody is erased; 2xx says that it was taken.

    What is told again has the same positions and event ids. With a secret the header ``Footlight-Signature`` is
    ``sha256=`` and the HMAC of the body in hex.
    """

    options_type = WebhookOptions

    def __init__(self, options: Options) -> None:
        """Connects with the first post."""
        super().__init__(options)
        assert isinstance(options, WebhookOptions)
        self.url, self.secret = options.url, os.environ.get(options.secret_variable, "").encode()
        if options.secret_variable and not self.secret:
            raise ValueError(f"the environment has no {options.secret_variable}")
        again = urllib3.Retry(
            options.tries - 1,
            allowed_methods=None,
            status_forcelist=TRIED_AGAIN,
            backoff_factor=options.backoff_seconds / 2,
            redirect=False,
            raise_on_status=False,
        )
        self.pool = urllib3.PoolManager(timeout=options.timeout_seconds, retries=again)

    def hear(self, happened: Sequence[Happening]) -> None:
        """Post them."""
        self._post({"events": [plain(one) for one in happened]})

    def forget(self, user: int) -> None:
        """Say that somebody is to be forgotten."""
        self._post({"forget": user})

    def _post(self, what: Mapping[str, Any]) -> None:
        body = json.dumps(what).encode()
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["Footlight-Signature"] = "sha256=" + hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        answer = self.pool.request("POST", self.url, body=body, headers=headers)
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{self.url} answered {answer.status}")
