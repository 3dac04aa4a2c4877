"""Where the server is and how to talk to it: address, TLS, deadlines, retries, keepalive."""

from __future__ import annotations

import json
import math
import os
import re
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc

from footlight.errors import ResourceExhausted

DEFAULT_ADDRESS = "localhost:7007"
DEFAULT_TIMEOUT = 30.0  # seconds
DEFAULT_RETRY = 5.0
"""For so many seconds, about, a call is sent again that no server has taken: a restart takes one to two."""
TRANSFER_TIMEOUT = 600.0  # seconds, for calls that move files or make assets
_LONGEST_WAIT = 1e9  # seconds; gRPC takes much longer ones for none at all
_ADDRESS = re.compile(r"(?:[^\s:/\[\]]+|\[[0-9A-Fa-f:.%\w]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
PACKAGE = "footlight.v1"
HEALTH = "grpc.health.v1.Health"

# A retry of these could do the thing twice, or answer that it is done already.
_NOT_RETRIED = (
    ("CatalogService", "DeleteItem"),
    ("EngineService", "CreateDeployment"),
    ("EngineService", "DeleteDeployment"),
    ("EngineService", "StartTraining"),
    ("GenerationService", "DeleteCorpus"),
    ("InteractionService", "CreateAgent"),
)


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates in PEM: who is trusted, and who we are where the server asks.

    Attributes:
        roots: the authorities that are trusted; None means those of the system.
        private_key: our key, for servers that ask for a certificate.
        certificate_chain: our certificate.
    """

    roots: bytes | None = None
    private_key: bytes | None = None
    certificate_chain: bytes | None = None

    @classmethod
    def from_environment(cls) -> Tls | None:
        """What $FOOTLIGHT_TLS_CA, $FOOTLIGHT_CLIENT_CERT and $FOOTLIGHT_CLIENT_KEY name; None where they name nothing."""
        names = ("FOOTLIGHT_TLS_CA", "FOOTLIGHT_CLIENT_KEY", "FOOTLIGHT_CLIENT_CERT")
        authority, key, certificate = map(os.environ.get, names)
        return cls.from_files(authority, key, certificate) if authority or key or certificate else None

    @classmethod
    def from_files(
        cls,
        roots: str | Path | None = None,
        private_key: str | Path | None = None,
        certificate_chain: str | Path | None = None,
    ) -> Tls:
        """Reads the PEM files that are given. Raises ValueError where a key comes without its certificate."""
        if bool(private_key) != bool(certificate_chain):
            raise ValueError("tls: expected a private key and its certificate together, got one of them")
        return cls(*(Path(path).read_bytes() if path else None for path in (roots, private_key, certificate_chain)))


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything that a client was told, checked."""

    target: str
    timeout: float
    tls: Tls | None
    metadata: tuple[tuple[str, str], ...]
    retry: float = DEFAULT_RETRY

    @classmethod
    def of(
        cls,
        address: str | None,
        timeout: float,
        token: str | None,
        tls: Tls | bool | None,
        retry: float = DEFAULT_RETRY,
    ) -> Connection:
        """Raises ValueError for an address, a timeout or a time of retries that cannot be, and OSError for a file of
        certificates that cannot be read."""
        if not timeout > 0:
            raise ValueError(f"timeout: expected more than 0 seconds, got {timeout}")
        if not 0 <= retry <= 300:
            raise ValueError(f"retry_seconds: expected 0 to 300 seconds, got {retry}")
        token = os.environ.get("FOOTLIGHT_TOKEN") if token is None else token
        metadata = (("authorization", f"Bearer {_sendable(token)}"),) if token else ()
        certificates = Tls.from_environment() if tls is None else Tls() if tls is True else tls or None
        target = target_of(address or os.environ.get("FOOTLIGHT_ADDRESS") or DEFAULT_ADDRESS)
        if token and certificates is None and tls is not False and not _is_here(target):
            raise ValueError(
                f"token: expected TLS on the way to {target}, where others could read it; tls=False sends it all the same"
            )
        return cls(target, timeout, certificates, metadata, retry)

    def deadline(self, timeout: float | None, default: float | None = None) -> float | None:
        """The seconds that a call may take: what the caller says, else the default, else the client's; inf is none."""
        seconds = timeout if timeout is not None else default if default is not None else self.timeout
        if math.isnan(seconds):
            raise ValueError(f"timeout: expected seconds, got {seconds}")
        return None if seconds > _LONGEST_WAIT else seconds

    def credentials(self) -> grpc.ChannelCredentials | None:
        """None means plain text."""
        tls = self.tls
        if tls is None:
            return None
        for name, pem in (("roots", tls.roots), ("private_key", tls.private_key), ("chain", tls.certificate_chain)):
            if pem is not None and b"-----BEGIN " not in pem:
                raise ValueError(f"tls.{name}: expected PEM, which begins with -----BEGIN")
        return grpc.ssl_channel_credentials(tls.roots, tls.private_key, tls.certificate_chain)


def _sendable(token: str) -> str:
    """The token without the newline of the file that it came from. An error must not show it."""
    token = token.strip()
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError("token: expected printable ASCII characters without spaces")
    return token


def _is_here(target: str) -> bool:
    """Whether a target is this machine, as its name tells: 127.example.org is the name of another."""
    host = target.rpartition(":")[0].strip("[]")
    if target.startswith("unix:") or host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def target_of(address: str) -> str:
    """HOST:PORT for gRPC; the port is 7007 where none is given. Raises ValueError for what is none."""
    if address.startswith("unix:"):
        return address
    match = _ADDRESS.fullmatch(address)
    if match is None or not 1 <= int(match["port"] or 7007) <= 65_535:  # gRPC takes port 65,537 for 1
        examples = f"{DEFAULT_ADDRESS} or [::1]:7007"
        raise ValueError(
            f"address: expected HOST:PORT, such as {examples}, and a port from 1 to 65535, got {address!r}"
        )
    return address if match["port"] else f"{address}:7007"


def channel_options(retry: float = DEFAULT_RETRY) -> list[tuple[str, Any]]:
    """Retries, keepalive and limits of a channel. Pings go out only while calls are open, so that no server minds."""
    return [
        ("grpc.service_config", json.dumps(service_config(retry))),
        ("grpc.primary_user_agent", f"footlight-python/{client_version()}"),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.max_receive_message_length", 64 << 20),
        ("grpc.max_send_message_length", 64 << 20),
    ]


def service_config(retry: float) -> dict[str, Any]:
    """Retries for so many seconds, about, and never beyond a call's deadline: after 0.02, 0.08 and 0.32 of them and at the
    end; gRPC allows no more than four, and varies each wait by a fifth.

    Retries of what a server has not taken, and none of the calls that must not happen twice.

    That is UNAVAILABLE, and CANCELLED where it was not we who cancelled: so gRPC's server refuses what reaches it between
    its shutdown and our hearing of it.
    """
    not_retried: list[dict[str, str]] = [{"service": HEALTH}]  # whoever asks that wants to know it now
    not_retried += [{"service": f"{PACKAGE}.{service}", "method": method} for service, method in _NOT_RETRIED]
    if not retry:
        return {"methodConfig": [{"name": [{}]}]}
    policy = {
        "maxAttempts": 5,
        "initialBackoff": f"{0.02 * retry:.3f}s",
        "maxBackoff": f"{0.58 * retry:.3f}s",
        "backoffMultiplier": 4,
        "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
    }
    # An overloaded server answers RESOURCE_EXHAUSTED, which Pushback waits for; so the throttle need not be tight, and many
    # callers together must not use it up while the server starts again.
    return {
        "methodConfig": [{"name": [{}], "retryPolicy": policy}, {"name": not_retried}],
        "retryThrottling": {"maxTokens": 1000, "tokenRatio": 1},
    }


def client_version() -> str:
    """The version of the installed distribution; 0 where the package is used without one."""
    try:
        return version("footlight")
    except PackageNotFoundError:
        return "0"


class Pushback:
    """Lets a call wait as long as a full server asks, within its deadline and at most four times."""

    _TIMES = 4

    def __init__(self, seconds: float | None, retry: float) -> None:
        """`seconds` is what the whole call may take; a `retry` of 0 never waits."""
        self._seconds = seconds
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self._left = self._TIMES if retry else 0

    @property
    def remaining(self) -> float | None:
        """The seconds that are left; None is no limit."""
        return self._seconds if self._left == self._TIMES or self._seconds is None else self._end - time.monotonic()

    def wait(self, full: ResourceExhausted) -> float:
        """The seconds to wait before asking again. Raises `full` where the server said nothing, or there is no time."""
        seconds = full.retry_after
        if not self._left or seconds is None or time.monotonic() + seconds >= self._end:
            raise full
        self._left -= 1
        return seconds


class Patience:
    """How long to wait before watching again, while the server cannot be reached."""

    _WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds

    def __init__(self) -> None:
        self._failures = 0

    def renew(self) -> None:
        """Something came: start counting again."""
        self._failures = 0

    def wait(self, error: Exception) -> float:
        """The seconds to wait before the next try. Raises `error` when there were enough."""
        if self._failures == len(self._WAITS):
            raise error
        self._failures += 1
        return self._WAITS[self._failures - 1]
