"""TLS of the HTTP port: whose certificate it shows, when a new one is in force, and whom it lets in."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from footlight_server.access.authority import authority_in, issue_client, issue_server
from footlight_server.config import ServerConfig, TlsFiles
from footlight_server.door import CannotStart, check_exposure
from footlight_server.web.encryption import Encryption


def make_certs(folder: Path) -> TlsFiles:
    """An authority, a certificate for localhost and one for a client."""
    folder.mkdir(exist_ok=True)
    authority, _ = authority_in(folder, "own")
    authority.write(folder, "ca")
    issue_client(authority, "shop", 1).write(folder, "shop")
    certificate, key = issue_server(authority, ["localhost"], 1).write(folder, "server")
    return TlsFiles(str(certificate), str(key))


def caller(folder: Path, name: str = "") -> ssl.SSLContext:
    """Who trusts the authority, and shows a certificate where one is named."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}-key.pem")
    return context


def shown(door: ssl.SSLContext, caller: ssl.SSLContext) -> int:
    """Shake hands, without a network; the serial number of the certificate that the caller was shown."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [caller.wrap_bio(back, there, server_hostname="localhost"), door.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = ends[0].getpeercert(binary_form=True)
    assert certificate is not None
    return x509.load_der_x509_certificate(certificate).serial_number


def serial_of(folder: Path) -> int:
    return x509.load_pem_x509_certificate((folder / "server.pem").read_bytes()).serial_number


def test_a_new_certificate_is_in_force_from_the_next_connection_on(tmp_path: Path) -> None:
    door = Encryption(make_certs(tmp_path)).context
    first = shown(door, caller(tmp_path))
    make_certs(tmp_path)
    assert first != shown(door, caller(tmp_path)) == serial_of(tmp_path)


def test_files_that_cannot_serve_leave_the_last_good_ones_in_force(tmp_path: Path) -> None:
    files = make_certs(tmp_path)
    door = Encryption(files).context
    first = shown(door, caller(tmp_path))
    make_certs(tmp_path / "other")
    os.replace(tmp_path / "other" / "server-key.pem", files.key)
    assert shown(door, caller(tmp_path)) == first


def test_only_clients_of_the_authority_are_let_in(tmp_path: Path) -> None:
    files = make_certs(tmp_path)
    door = Encryption(TlsFiles(files.certificate, files.key, str(tmp_path / "ca.pem"))).context
    assert shown(door, caller(tmp_path, "shop")) == serial_of(tmp_path)
    with pytest.raises(ssl.SSLError, match="peer did not return a certificate"):
        shown(door, caller(tmp_path))


@pytest.mark.parametrize("plain", [True, False])
def test_others_reach_the_port_only_by_tls(tmp_path: Path, plain: bool) -> None:
    config = ServerConfig(
        tmp_path, web_listen="0.0.0.0:0", tls=make_certs(tmp_path), require_token=True, web_plaintext=plain
    )
    if not plain:
        return check_exposure(config)
    with pytest.raises(CannotStart, match=r"others reach 0\.0\.0\.0: it needs TLS \(--tls-cert and --tls-key\)\."):
        check_exposure(config)
