"""TLS for the HTTP port: with the certificates of the gRPC port, looked at whenever somebody connects."""

from __future__ import annotations

import ssl

from footlight_server.access.certificates import Certificates
from footlight_server.config import TlsFiles


class Encryption:
    """The certificates as Python's TLS takes them."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files.

        Raises
        ------
        CannotStart
            When they cannot serve.
        """
        self._certificates = Certificates(files, _context)
        self._in_force = self._certificates.first
        self.context = self._in_force
        """What a server listens with."""
        self.context.sni_callback = self._look

    def _look(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str, asked: ssl.SSLContext) -> None:
        """Called in every handshake, by whatever name the server is asked for."""
        self._in_force = self._certificates.renewed() or self._in_force
        connection.context = self._in_force


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    if files.client_authority:
        context.load_verify_locations(files.client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
