"""How a server is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from footlight_plugins.loader import LoaderConfig


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

    @property
    def database_url(self) -> str:
        """The database in force."""
        return self.database or f"sqlite:///{self.data_dir / 'footlight.db'}"
