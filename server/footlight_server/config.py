"""How a server is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from footlight_plugins.loader import LoaderConfig
from footlight_server.dispatch.limits import Limits
from footlight_server.parts.orders import PartsConfig

WHOLE_PLUGIN = "plugin:"
"""Stands before the name of a plug-in in ``isolate``; no deployment's name has a colon."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the certificates lie, in PEM. They may be replaced while the server runs."""

    certificate: str = ""
    """The server's own, with its chain; empty means plain text."""
    key: str = ""
    client_authority: str = ""
    """Only clients with a certificate of this authority are let in; empty lets in every client."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Everything that `footlight serve` can be told."""

    data_dir: Path
    """Where everything lives: the database, corpora, models, assets."""
    listen: str = "127.0.0.1:7007"
    """``host:port``; port 0 picks a free one."""
    database: str = ""
    """SQLAlchemy URL. Empty means SQLite inside the data directory."""
    durability: str = "normal"
    """``normal`` survives the death of the process, ``full`` a power cut as well."""
    plugins: LoaderConfig = field(default_factory=LoaderConfig)
    grace_seconds: float = 25.0
    """How long calls in flight may go on after a stop was asked for."""
    max_pending: int = 512
    """How many calls may wait for one deployment before further ones are refused."""
    threads: int = 2
    """How many threads a training may use."""
    checkpoint_events: int = 50_000
    """A checkpoint is made when the newest stored state is so many positions behind the log; 0 makes none."""
    checkpoint_minutes: float = 30.0
    """A checkpoint is made of whatever came in, when the newest stored state is so old."""
    engine_seconds: float = 30.0
    """How long one piece of an engine's work may take before it counts as hanging."""
    engine_start_seconds: float = 120.0
    """How long the server waits for an engine to be ready before it serves without it."""
    isolate: tuple[str, ...] = ()
    """The deployments whose engines run in processes of their own, and ``plugin:NAME`` for all that a plug-in offers."""
    isolate_memory: int = 2_048
    """How much memory such a process may take, in MiB."""

    processes: int = 1
    """How many processes answer on the address."""
    shared: bool = False
    """Whether other servers may use the same data directory at the same time."""

    queue_seconds: float = 0.75
    """How many seconds of work may wait for one deployment before further calls are refused."""
    stages: tuple[str, ...] = ()
    """Which asset stages serve where the owner says so: ``watermark=off``, ``label=NAME``."""
    producer: str = "Footlight"
    """Who operates the server, as assets name them."""
    sign_with: tuple[str, str] = ("", "")
    """The files of the owner's certificate chain and key; empty for an authority of the server's own."""
    time_stamping: str = ""
    """The address of a time-stamping authority; empty for none."""
    generator_batch: int = 64
    """At most so many pieces of content are made at once for several callers."""
    agents_at_hand: int = 2_000
    """So many agents of a tenant are kept in memory; others are made anew, from states and logs, when they are asked."""

    parts: PartsConfig = field(default_factory=PartsConfig)
    """Which parts of plug-ins answers pass through."""

    web_listen: str = ""
    """``host:port`` of the HTTP port for browsers; empty for none."""
    web_origins: tuple[str, ...] = ()
    """The origins whose pages may call there."""
    web_plaintext: bool = False
    """Whether it speaks plain HTTP even where there are certificates, to a proxy on this machine."""
    tls: TlsFiles = field(default_factory=TlsFiles)
    """The certificates that the server answers with."""
    require_token: bool = False
    """Whether nobody is let in who shows no token."""
    insecure_allow_remote: bool = False
    """Whether an address that others reach may do without TLS, or without asking who calls."""
    reflection: bool | None = None
    """Whether callers may ask what services there are; None for where no token is required."""

    metrics_listen: str = ""
    """``host:port`` of metrics and health over HTTP; empty for none. Each further process takes the next port."""
    access_log: str = ""
    """The file that gets a line for each call, ``-`` for the standard output; empty for none."""
    require: tuple[str, ...] = ()
    """The deployments without which the server is not ready."""
    retain_days: float = 0.0
    """For how many days events, recorded answers and conversations are kept; 0 for ever."""
    drain_seconds: float = 0.0
    """How long calls are taken after a stop was asked for, so that who balances the load hears of it."""
    conversation_days: float = 30.0
    """How long a conversation is kept after its last turn; 0 keeps it until somebody ends it."""

    @property
    def limits(self) -> Limits:
        """What an engine is allowed."""
        memory = self.isolate_memory << 20
        isolated = frozenset(name for name in self.isolate if not name.startswith(WHOLE_PLUGIN))
        plugins = frozenset(name.removeprefix(WHOLE_PLUGIN) for name in self.isolate if name not in isolated)
        seconds = self.engine_seconds, self.engine_start_seconds
        return Limits(
            self.max_pending,
            *seconds,
            isolated,
            memory,
            self.plugins,
            self.queue_seconds,
            isolated_plugins=plugins,
            generator_batch=self.generator_batch,
            agents_at_hand=self.agents_at_hand,
        )

    @property
    def web_speaks_tls(self) -> bool:
        """Whether the HTTP port answers with the certificates, as gRPC's does."""
        return bool(self.tls.certificate) and not self.web_plaintext

    @property
    def reflects(self) -> bool:
        """Whether callers may ask what services there are."""
        return not self.require_token if self.reflection is None else self.reflection

    @property
    def database_url(self) -> str:
        """The database in force."""
        return self.database or f"sqlite:///{self.data_dir / 'footlight.db'}"
