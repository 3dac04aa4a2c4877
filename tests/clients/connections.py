"""Who is trusted and who is let in: `clients/conformance/connections.json`, against servers with certificates and tokens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.clients import stage
from tests.clients.cases import CASES, Json, Outcome, filled
from tests.e2e.conftest import Server
from typer.testing import CliRunner

from footlight import Client, Tls
from footlight.cli.app import build

SCRIPT = CASES.with_name("connections.json")
NEVER_MS = 1000
"""How long a client tries where it must not come through; elsewhere it has all the time of a case."""
UNKNOWN = "flt_0123456789ab_" + "x" * 43
"""What a token looks like that nobody made."""


def connection_cases(known: Mapping[str, str]) -> list[Json]:
    """The cases with the addresses, tokens and files of these servers."""
    cases = filled(json.loads(SCRIPT.read_text(encoding="utf-8"))["cases"], known)
    for case in cases:
        if "DEADLINE_EXCEEDED" in case["expect"]:
            case["timeout_ms"] = NEVER_MS
    found: list[Json] = cases
    return found


def unexpected_connections(outcomes: Iterable[Outcome], known: Mapping[str, str]) -> list[str]:
    """Where a client came through that must not, or did not that must, or showed a token in an error."""
    found = {one.name: one for one in outcomes}
    wrong = []
    for case in connection_cases(known):
        outcome = found.get(case["name"], Outcome(case["name"], "nothing"))
        if outcome.status not in case["expect"] or outcome.reason != case.get("reason", ""):
            wrong.append(f"{case['name']}: {outcome.status} {outcome.reason} came: {outcome.message}")
        if "token" in case and case["token"].strip() in outcome.message:
            wrong.append(f"{case['name']}: the message shows the token: {outcome.message}")
    return wrong


@contextmanager
def guarded(folder: Path, plain: Server) -> Iterator[dict[str, str]]:
    """A server that speaks TLS and wants tokens, one that wants certificates as well, and what the cases call them."""
    ours, strange = folder / "certs", folder / "strangers"
    for certs in (ours, strange):
        footlight("certs", certs, "--client", "shop")
    speaks = ("--tls-cert", str(ours / "server.pem"), "--tls-key", str(ours / "server-key.pem"), "--require-token")
    with ThreadPoolExecutor(2) as pool:
        asks = (*speaks, "--tls-client-ca", str(ours / "ca.pem"))
        starting = [pool.submit(Server, folder / name, *words) for name, words in (("tls", speaks), ("mutual", asks))]
        tls, mutual = [one.result() for one in starting]
    full = token(tls, "read", "write", "act", "train")
    stage.teach_hills(Client(tls.address, token=full, tls=Tls.from_files(ours / "ca.pem")))
    yield {
        "tls": tls.address,
        "mutual": mutual.address,
        "plain": plain.address,
        "tls_by_another_name": f"0.0.0.0:{tls.port}",
        "plain_by_another_name": f"0.0.0.0:{plain.port}",
        "token": token(tls, "read"),
        "full_token": full,
        "mutual_token": token(mutual, "read"),
        "unknown": UNKNOWN,
        "ca": str(ours / "ca.pem"),
        "key": str(ours / "shop-key.pem"),
        "certificate": str(ours / "shop.pem"),
        "strange_ca": str(strange / "ca.pem"),
        "strange_key": str(strange / "shop-key.pem"),
        "strange_certificate": str(strange / "shop.pem"),
    }
    for server in (tls, mutual):
        server.kill()


def footlight(*words: str | Path) -> str:
    """What a command prints."""
    made = CliRunner().invoke(build(), list(map(str, words)))
    assert made.exit_code == 0, made.output
    return made.stdout.strip()


def token(server: Server, *scopes: str) -> str:
    """A new token that may do so much."""
    words = [word for scope in scopes for word in ("--scope", scope)]
    return footlight("tokens", "create", "shop", *words, "--data-dir", server.data_dir)
