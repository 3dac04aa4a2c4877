"""What a server has to itself before it starts: its data directory and its address."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from footlight_server.config import ServerConfig


class CannotStart(Exception):
    """The server cannot start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DataLock:
    """A hold on a data directory, for as long as a process lives that has the descriptor."""

    descriptor: int
    first: bool = True
    """Whether no other server was there when it was taken: what a crash has left behind may be cleaned up."""

    def release(self) -> None:
        """Let go."""
        os.close(self.descriptor)


def lock_data_dir(data_dir: Path, shared: bool = False) -> DataLock:
    """Take the data directory for this process: alone, or ``shared`` with servers that share it too.

    Raises
    ------
    CannotStart
        When a server has it that does not share it, or it cannot be written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise CannotStart(f"the data directory {data_dir} cannot be used: {fault.strerror}") from fault
    alone = _locks(descriptor, fcntl.LOCK_EX)
    if (alone and not shared) or (shared and _locks(descriptor, fcntl.LOCK_SH)):
        return DataLock(descriptor, first=alone)
    os.close(descriptor)
    how = "; several servers can use it when each is started with --shared" if not shared else ", and does not share it"
    raise CannotStart(f"another server uses the data directory {data_dir}{how}: stop it, or choose another --data-dir")


def _locks(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_address(listen: str, option: str = "--listen") -> tuple[str, int]:
    """Host and port; refuses what cannot be listened on, before anything is opened.

    Raises
    ------
    CannotStart
        When it does not read ``host:port``.
    """
    host, _, port = listen.rpartition(":")
    if not (host and port.isdecimal() and int(port) <= 65_535):
        raise CannotStart(f"{option} must read HOST:PORT with a port from 0 to 65535, not {listen!r}")
    return host, int(port)


def check_origins(origins: Iterable[str]) -> frozenset[str]:
    """The origins as browsers name them: scheme, host and port, in lower case.

    Raises
    ------
    CannotStart
        When one is none; there is no sign for all of them.
    """
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if scheme.lower() not in ("http", "https") or not host or "/" in host or "*" in host:
            raise CannotStart(f"--web-origin must read http://HOST[:PORT] or https://HOST[:PORT], not {origin!r}")
    return frozenset(map(str.lower, origins))


def check_exposure(config: ServerConfig) -> None:
    """Refuse to answer strangers in plain text, or without asking who they are.

    Raises
    ------
    CannotStart
        When others reach the address, and it lacks TLS or callers are not asked who they are.
    """
    host, _ = check_address(config.listen)
    _check_reach(host, config, bool(config.tls.certificate))
    if config.web_listen:
        web_host, _ = check_address(config.web_listen, "--web-listen")
        _check_reach(web_host, config, config.web_speaks_tls)


def _check_reach(host: str, config: ServerConfig, speaks_tls: bool) -> None:
    lacks = [] if speaks_tls else ["TLS (--tls-cert and --tls-key)"]
    if not (config.require_token or config.tls.client_authority):
        lacks.append("authentication (--require-token, or --tls-client-ca)")
    if lacks and not config.insecure_allow_remote and not _only_here(host):
        what = " and ".join(lacks)
        raise CannotStart(f"others reach {host}: it needs {what}. To do without, say --insecure-allow-remote")


def _only_here(host: str) -> bool:
    """Whether nobody outside of this machine reaches the host. Of what cannot be resolved that is not known."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None)
    except OSError:
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def taken(listen: str) -> CannotStart:
    """The error of an address that somebody else listens on."""
    return CannotStart(f"cannot listen on {listen}: another server may be running there, or there is no such host")


def reserve_port(listen: str) -> tuple[socket.socket, int]:
    """Find out whether the address is free, and keep its port for several processes that will share it.

    Shared ports would let a second server start unnoticed and take half of the calls, so the address is first bound
    without sharing. The socket never listens, so it takes no calls itself.

    Raises
    ------
    CannotStart
        When somebody else listens there, or there is no such host.
    """
    host, port = check_address(listen)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
        kept = socket.socket(family, kind, protocol)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(address)
    except OSError as fault:
        raise taken(listen) from fault
    return kept, int(kept.getsockname()[1])
