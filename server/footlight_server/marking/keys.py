"""The server's own keys: one for watermarks, and a certificate authority for signatures unless the owner has a certificate.

They lie in ``keys`` inside the data directory, readable by the owner alone, and are made when the server first needs them.
"""

from __future__ import annotations

import datetime
import logging
import os
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from footlight_plugins.certificates import certificate, pem, pem_of_key
from footlight_plugins.stages import Credentials

log = logging.getLogger(__name__)

WATERMARK_BYTES = 32
RENEW_DAYS = 30
"""A signer's certificate is made anew when it ends sooner."""


class KeysUnavailable(Exception):
    """There are no keys to sign with; the message says why."""


@dataclass(frozen=True, slots=True)
class SigningConfig:
    """What the owner said about signing."""

    chain: str = ""
    """A file with the owner's certificate and those above it, in PEM; empty for an authority of the server's own."""
    private_key: str = ""
    """A file with its PKCS #8 key, in PEM."""
    time_stamping: str = ""
    """The address of a time-stamping authority."""


def watermark_key(folder: Path) -> bytes:
    """The secret that watermarks are written and read with."""
    path = folder / "watermark.key"
    if not path.exists():
        _write_once(path, secrets.token_bytes(WATERMARK_BYTES))
    return path.read_bytes()


def anchors(folder: Path, config: SigningConfig) -> str:
    """The roots that are trusted when a signature is read: the server's own, and the owner's chain."""
    own = folder / "authority.pem"
    texts = [own.read_text()] if own.exists() else []
    if config.chain:
        texts.append(Path(config.chain).read_text())
    return "\n".join(texts)


def credentials(folder: Path, config: SigningConfig) -> Credentials:
    """What to sign with: the owner's certificate, or one of the server's own authority.

    Raises
    ------
    KeysUnavailable
        When a file cannot be read, or what makes certificates is not installed.
    """
    try:
        if config.chain:
            chain, key = Path(config.chain).read_text(), Path(config.private_key).read_text()
            return Credentials(_algorithm(chain), chain, key, config.time_stamping)
        signer, key_file = folder / "signer.pem", folder / "signer.key"
        if not signer.exists() or _days_left(signer.read_text()) < RENEW_DAYS:
            _make_signer(folder)
        return Credentials("ed25519", signer.read_text(), key_file.read_text(), config.time_stamping)
    except ImportError as missing:
        raise KeysUnavailable(
            f"no certificate can be made: {missing}: pip install 'footlight[provenance]'"
        ) from missing
    except (OSError, ValueError) as fault:
        raise KeysUnavailable(f"no certificate to sign with: {fault}") from fault


def _make_signer(folder: Path) -> None:
    """A certificate to sign with, by the server's own authority, which is made when there is none."""
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    root_file, root_key_file = folder / "authority.pem", folder / "authority.key"
    if not root_file.exists():
        root_key = ed25519.Ed25519PrivateKey.generate()
        _write_once(root_key_file, pem_of_key(root_key))
        made = load_pem_private_key(root_key_file.read_bytes(), None)  # another process may have been quicker
        _write_once(root_file, pem(certificate(made, made, None, f"Footlight authority {uuid.uuid4().hex[:8]}")))
        log.info("made a certificate authority of its own: %s", root_file)
    root_key = load_pem_private_key(root_key_file.read_bytes(), None)  # type: ignore[assignment]
    root = load_pem_x509_certificate(root_file.read_bytes())
    key = ed25519.Ed25519PrivateKey.generate()
    leaf = certificate(key, root_key, root, "Footlight signer")
    for name, data in (("signer.key", pem_of_key(key)), ("signer.pem", pem(leaf) + root_file.read_bytes())):
        temporary = folder / f"{name}.{uuid.uuid4().hex}"
        _write_once(temporary, data)
        os.replace(temporary, folder / name)


def _algorithm(chain: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    key = x509.load_pem_x509_certificate(chain.encode()).public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {256: "es256", 384: "es384", 521: "es512"}[key.curve.key_size]
    return "ps256"


def _days_left(chain: str) -> float:
    from cryptography import x509

    end = x509.load_pem_x509_certificate(chain.encode()).not_valid_after_utc
    return (end - datetime.datetime.now(datetime.UTC)).total_seconds() / 86_400


def _write_once(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, whole, unless it is there: of two processes one wins, and both use that."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
