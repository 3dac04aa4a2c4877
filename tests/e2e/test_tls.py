"""TLS on a running server: certificates that are replaced, bad ones that are not taken, and who is let in."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from typer.testing import CliRunner

from footlight import Client, Tls
from footlight.cli.app import build

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

ROTATIONS = 5
SECONDS = 30.0


def make_certs(folder: Path, *words: str) -> None:
    made = CliRunner().invoke(build(), ["certs", str(folder), "--client", "shop", *words])
    assert made.exit_code == 0, made.output


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    make_certs(tmp_path / "certs")
    return tmp_path / "certs"


@pytest.fixture
def start_with(tmp_path: Path, start_server: Callable[..., Server]) -> Iterator[Callable[..., Server]]:
    """Starts a server with the certificates of a folder, and further arguments."""
    started = []

    def start(certs: Path, *arguments: str) -> Server:
        pair = ("--tls-cert", str(certs / "server.pem"), "--tls-key", str(certs / "server-key.pem"))
        started.append(start_server(tmp_path / "data", *pair, *arguments))
        return started[-1]

    yield start
    for server in started:
        server.kill()


def serial(server: Server) -> int:
    """The serial number of the certificate that a new connection is shown."""
    pem = ssl.get_server_certificate(("127.0.0.1", server.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def serial_of(certs: Path) -> int:
    return x509.load_pem_x509_certificate((certs / "server.pem").read_bytes()).serial_number


def client_of(server: Server, certs: Path, name: str = "") -> Client:
    own = (certs / f"{name}-key.pem", certs / f"{name}.pem") if name else (None, None)
    return Client(server.address, tls=Tls.from_files(certs / "ca.pem", *own), timeout=SECONDS, retry_seconds=0)


class Knocking:
    """Opens connections, one after the other, until it is told to stop; each makes one call."""

    def __init__(self, server: Server, certs: Path) -> None:
        self._server, self._certs = server, certs
        self._stop = threading.Event()
        self.answered = 0
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._knock) for _ in range(2)]

    def __enter__(self) -> Knocking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _knock(self) -> None:
        while not self._stop.is_set():
            try:
                with client_of(self._server, self._certs) as client:
                    client.plugins()
                self.answered += 1
            except Exception as failure:
                self.failures.append(repr(failure))

    def wait(self, more: int = 5) -> None:
        """Until so many further connections were answered."""
        goal, end = self.answered + more, time.monotonic() + SECONDS
        while self.answered < goal and time.monotonic() < end and not self.failures:
            time.sleep(0.01)


def test_certificates_are_replaced_under_load_without_a_failed_handshake(
    certs: Path, start_with: Callable[..., Server]
) -> None:
    server = start_with(certs)
    shown = [serial(server)]
    with Knocking(server, certs) as knocking:
        for _ in range(ROTATIONS):
            make_certs(certs)
            knocking.wait()
            shown.append(serial(server))
    assert knocking.failures == []
    assert shown[-1] == serial_of(certs) and len(set(shown)) == ROTATIONS + 1


@pytest.mark.parametrize("damage", ["nonsense", "key of another", "expired", "gone"])
def test_files_that_cannot_serve_leave_the_last_good_ones_in_force(
    certs: Path, tmp_path: Path, start_with: Callable[..., Server], damage: str
) -> None:
    server = start_with(certs)
    good = serial(server)
    _damage(certs, tmp_path / "other", damage)
    with client_of(server, certs) as client:
        assert client.ready()
    assert serial(server) == good
    (certs / "server-key.pem").touch()
    make_certs(certs)
    assert serial(server) == serial_of(certs) != good


def _damage(certs: Path, other: Path, how: str) -> None:
    make_certs(other)
    match how:
        case "nonsense":
            (certs / "server.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n")
        case "key of another":
            os.replace(other / "server-key.pem", certs / "server-key.pem")
        case "expired":
            _expire(certs)
        case "gone":
            (certs / "server.pem").unlink()


def _expire(certs: Path) -> None:
    """A certificate of the same authority whose time is over."""
    from datetime import UTC, datetime, timedelta

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    from footlight_server.access.authority import authority_in

    authority, _ = authority_in(certs, "")
    pair = x509.load_pem_x509_certificate((certs / "server.pem").read_bytes())
    past = datetime.now(UTC) - timedelta(days=2)
    made = (
        x509.CertificateBuilder()
        .subject_name(pair.subject)
        .issuer_name(pair.issuer)
        .public_key(pair.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(past)
        .not_valid_after(past + timedelta(days=1))
        .sign(authority.key, hashes.SHA256())
    )
    (certs / "server.pem").write_bytes(made.public_bytes(Encoding.PEM))


def test_only_clients_of_the_authority_are_let_in(
    certs: Path, tmp_path: Path, start_with: Callable[..., Server]
) -> None:
    server = start_with(certs, "--tls-client-ca", str(certs / "ca.pem"))
    make_certs(tmp_path / "strangers")
    own = (tmp_path / "strangers" / "shop-key.pem", tmp_path / "strangers" / "shop.pem")
    stranger = Client(server.address, tls=Tls.from_files(certs / "ca.pem", *own), retry_seconds=0)
    with client_of(server, certs, "shop") as known, client_of(server, certs) as nameless, stranger:
        assert (known.ready(), nameless.ready(), stranger.ready()) == (True, False, False)


def test_a_server_does_not_start_with_a_key_of_another(
    certs: Path, tmp_path: Path, run_cli: Callable[..., object]
) -> None:
    make_certs(tmp_path / "other")
    pair = ("--tls-cert", certs / "server.pem", "--tls-key", tmp_path / "other" / "server-key.pem")
    result = run_cli("serve", "--data-dir", tmp_path / "data", *pair)
    assert result.returncode == 3 and "the key is not the certificate's" in result.stderr  # type: ignore[attr-defined]
