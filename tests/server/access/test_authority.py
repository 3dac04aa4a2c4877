"""Certificates for a start: what they vouch for, and that an authority is kept."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from footlight_server.access.authority import authority_in, issue_client, issue_server


def test_an_authority_that_is_there_is_kept(tmp_path: Path) -> None:
    first, new = authority_in(tmp_path, "one")
    again, newer = authority_in(tmp_path, "two")
    assert (new, newer) == (True, False) and again.certificate == first.certificate


@pytest.mark.parametrize("host", [x509.DNSName("films.example"), x509.IPAddress(ip_address("::1"))])
def test_a_server_is_vouched_for_by_name_and_by_address(tmp_path: Path, host: x509.GeneralName) -> None:
    authority, _ = authority_in(tmp_path, "own")
    made = issue_server(authority, ["films.example", "::1"], 30)
    verifier = PolicyBuilder().store(Store([authority.certificate])).build_server_verifier(host)  # type: ignore[arg-type]
    assert verifier.verify(made.certificate, [])[0] == made.certificate


def test_a_client_is_vouched_for_as_a_client(tmp_path: Path) -> None:
    authority, _ = authority_in(tmp_path, "own")
    usage = issue_client(authority, "shop", 30).certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_nothing_outlives_its_authority(tmp_path: Path) -> None:
    authority, _ = authority_in(tmp_path, "own")
    made = issue_server(authority, ["localhost"], 100_000)
    assert made.certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc
    assert issue_server(authority, ["localhost"], 1).certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(2)


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    authority_in(tmp_path, "own")[0].write(tmp_path, "again")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*-key.pem")}
    assert set(modes.values()) == {0o600}


def test_files_that_are_no_authority_are_not_replaced(tmp_path: Path) -> None:
    authority_in(tmp_path, "own")
    (tmp_path / "ca-key.pem").write_text("nonsense")
    with pytest.raises(ValueError, match=r"key|PEM|deserialize"):
        authority_in(tmp_path, "own")
