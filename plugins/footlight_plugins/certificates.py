"""Certificates in the profile that C2PA asks for: those of a server without any of its own, and of tests of signatures.

Needs the library cryptography, which is imported when it is used.
"""

from __future__ import annotations

import datetime
from typing import Any

AUTHORITY_DAYS, SIGNER_DAYS = 3_650, 365


def certificate(key: Any, issuer_key: Any, issuer: Any, name: str) -> Any:
    """A root where there is no issuer, otherwise a signer, in the profile that C2PA asks for."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    root = issuer is None
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Footlight")]
    )
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)  # clocks differ
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if root else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=AUTHORITY_DAYS if root else SIGNER_DAYS))
        .add_extension(x509.BasicConstraints(root, None), critical=True)
        .add_extension(_usage(root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not root:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        email = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(above, critical=False).add_extension(email, critical=False)
    return builder.sign(issuer_key, None)


def _usage(root: bool) -> Any:
    from cryptography import x509

    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    allowed = {"key_cert_sign", "crl_sign"} if root else {"digital_signature"}
    return x509.KeyUsage(**{name: name in allowed for name in names})


def pem(made: Any) -> bytes:
    """A certificate as text."""
    from cryptography.hazmat.primitives.serialization import Encoding

    text: bytes = made.public_bytes(Encoding.PEM)
    return text


def pem_of_key(key: Any) -> bytes:
    """A private key as PKCS #8."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text
