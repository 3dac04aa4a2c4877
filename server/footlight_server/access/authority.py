"""A certificate authority of one's own, for a start: it vouches for servers and for clients."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

CA_DAYS = 3_650
"""How long an authority is good for."""
EARLIER = timedelta(minutes=5)
"""A certificate is good from a little before it was made: clocks differ."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write NAME.pem and NAME-key.pem; the key can be read by its owner only."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        _write(key, self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        _write(certificate, self.certificate.public_bytes(Encoding.PEM), 0o644)
        return certificate, key


def authority_in(folder: Path, name: str) -> tuple[Pair, bool]:
    """The authority whose files are in the folder, or a new one; and whether it is new.

    Raises
    ------
    ValueError
        When the files are there and cannot be read as an authority that is good now.
    """
    certificate, key = folder / "ca.pem", folder / "ca-key.pem"
    if not certificate.exists() and not key.exists():
        made = _new_authority(name)
        made.write(folder, "ca")
        return made, True
    found = load_pem_private_key(key.read_bytes(), None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key} is not a key that this command made")
    authority = Pair(x509.load_pem_x509_certificate(certificate.read_bytes()), found)
    if authority.certificate.public_key() != found.public_key():
        raise ValueError(f"{key} is not the key of {certificate}")
    if datetime.now(UTC) >= authority.certificate.not_valid_after_utc:
        raise ValueError(f"{certificate} has expired: move it away, and all certificates are made anew")
    return authority, False


def issue_server(authority: Pair, hosts: Sequence[str], days: int) -> Pair:
    """A certificate for a server that is reached under these names and addresses."""
    names = x509.SubjectAlternativeName([_host(host) for host in hosts])
    return _issue(authority, hosts[0], days, (ExtendedKeyUsageOID.SERVER_AUTH, names))


def issue_client(authority: Pair, name: str, days: int) -> Pair:
    """A certificate for a client."""
    return _issue(authority, name, days, (ExtendedKeyUsageOID.CLIENT_AUTH, None))


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _issue(
    authority: Pair, name: str, days: int, purpose: tuple[ObjectIdentifier, x509.SubjectAlternativeName | None]
) -> Pair:
    key, (usage, names) = ec.generate_private_key(ec.SECP256R1()), purpose
    end = min(datetime.now(UTC) + timedelta(days=days), authority.certificate.not_valid_after_utc)
    issuer = authority.key.public_key()
    builder = (
        _builder(name, key, authority.certificate.subject, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _new_authority(name: str) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, key, _named(name), datetime.now(UTC) + timedelta(days=CA_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def _builder(name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - EARLIER)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    """Replace a file as a whole: a server may be reading it."""
    temporary = path.with_name(f".{path.name}.new-{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
