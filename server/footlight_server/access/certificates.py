"""The server's certificates, read anew when their files change.

A door asks at every new connection. A new file that cannot serve leaves the last good ones in force; connections that are
open stay as they are.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc

from footlight_server.config import TlsFiles
from footlight_server.door import CannotStart

if TYPE_CHECKING:  # imported where it is used: a server without TLS does not need it
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)

Form = TypeVar("Form")
_Marks = tuple[tuple[int, int, int], ...]


class UnfitCertificates(ValueError):
    """The files cannot serve; the message says why."""


class Certificates(Generic[Form]):
    """What is in force, and what the files looked like when they were read last."""

    def __init__(self, files: TlsFiles, form: Callable[[TlsFiles], Form]) -> None:
        """Read the files. ``form`` makes of them what a door is opened with; it may raise OSError and ValueError.

        Raises
        ------
        CannotStart
            When they cannot serve.
        """
        self._files = files
        self._form = form
        self._lock = threading.Lock()
        try:
            self._seen = self._marks()
            self.first = self._read()
        except (OSError, ValueError) as fault:
            raise CannotStart(f"the certificates cannot be used: {fault}") from fault

    def renewed(self) -> Form | None:
        """What is made of them, where they have changed and can serve; None where that in force stays so."""
        with self._lock:  # gRPC asks from several threads
            try:
                marks = self._marks()
            except OSError:
                return None  # one is being replaced: the next connection looks again
            return None if marks == self._seen else self._replaced(marks)

    def _replaced(self, marks: _Marks) -> Form | None:
        try:
            read = self._read()
            if self._marks() != marks:
                return None  # they are being written now
        except (OSError, ValueError) as fault:
            log.error("new certificates are not used, the ones before serve on: %s", fault)
            self._seen = marks
            return None
        self._seen = marks
        log.info("new certificates are in force")
        return read

    def _marks(self) -> _Marks:
        found = (path.stat() for path in _paths(self._files))
        return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in found)

    def _read(self) -> Form:
        certificate, key, *authority = (path.read_bytes() for path in _paths(self._files))
        check_pair(certificate, key)
        if authority:
            _chain("the client authority", authority[0])
        return self._form(self._files)


def credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """What a port of gRPC is opened with.

    Raises
    ------
    CannotStart
        When the files cannot serve.
    """
    certificates = Certificates(files, _grpc_form)
    renewed: Any = certificates.renewed  # None says that nothing has changed, which grpc's types do not know
    return grpc.dynamic_ssl_server_credentials(certificates.first, renewed, bool(files.client_authority))


def _grpc_form(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    certificate, key, *authority = (path.read_bytes() for path in _paths(files))
    return grpc.ssl_server_certificate_configuration([(key, certificate)], authority[0] if authority else None)


def _paths(files: TlsFiles) -> list[Path]:
    return [Path(path) for path in (files.certificate, files.key, files.client_authority) if path]


def check_pair(certificate: bytes, key: bytes) -> None:
    """Raise UnfitCertificates where a certificate and a key, both in PEM, cannot serve together now."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    leaf = _chain("the certificate", certificate)[0]
    try:
        public = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError) as fault:
        raise UnfitCertificates("the key cannot be read: it must be PEM without a password") from fault
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if leaf.public_key().public_bytes(*form) != public.public_bytes(*form):
        raise UnfitCertificates("the key is not the certificate's")
    if not leaf.not_valid_before_utc <= datetime.now(UTC) < leaf.not_valid_after_utc:
        raise UnfitCertificates(
            f"the certificate is good from {leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}, which is not now"
        )


def _chain(what: str, pem: bytes) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError as fault:
        raise UnfitCertificates(f"{what} cannot be read: it must be PEM") from fault
