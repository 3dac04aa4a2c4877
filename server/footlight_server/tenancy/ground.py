"""What all tenants of a server stand on: one configuration, one database with one writer, the same plug-ins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from google.protobuf.descriptor import ServiceDescriptor

from footlight_plugins.loader import Plugins
from footlight_server.config import ServerConfig
from footlight_server.corpora.blobs import Blobs
from footlight_server.dispatch.asking import TENANT, Policy
from footlight_server.dispatch.demotions import Demotions
from footlight_server.errors import InvalidArgument
from footlight_server.isolation.placement import Cells
from footlight_server.log.database import Database
from footlight_server.log.heads import HeadWatch
from footlight_server.log.writer import Writer
from footlight_server.marking.choice import Stages
from footlight_server.marking.marking import Marking

FOLDER = "tenants"
"""Of the data directory: each tenant but the first has a folder in it."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Ground:
    """Shared by all tenants, and made before the first of them."""

    config: ServerConfig
    plugins: Plugins
    stages: Stages
    cells: Cells
    database: Database
    writer: Writer
    heads: HeadWatch
    policy: Policy
    marking: Marking
    demotions: Demotions
    corpus_blobs: Blobs
    """A file of a corpus is kept once, whichever tenants have it; no tenant can tell."""
    mark_erasures: Callable[[], object]
    observe: Callable[[object, ServiceDescriptor], None]
    """Lets a service that is guarded be seen: counted, timed and noted."""

    def config_of(self, tenant: str) -> ServerConfig:
        """The configuration with the tenant's own folder as data directory, and the one database."""
        folder = folder_of(self.config.data_dir, tenant)
        return replace(self.config, data_dir=folder, database=self.config.database_url)


def folder_of(data_dir: Path, tenant: str) -> Path:
    """Where a tenant's models and jobs lie. The first tenant's lie in the data directory itself, as ever."""
    return data_dir if tenant == TENANT else data_dir / FOLDER / tenant


def folders(data_dir: Path) -> list[Path]:
    """The folders of all tenants that ever were at work here."""
    return [data_dir, *sorted(data_dir.glob(f"{FOLDER}/*"))]


def check_tenant(field: str, name: str) -> str:
    """The name of a tenant, which becomes that of a folder; or InvalidArgument."""
    if not _NAME.fullmatch(name):
        raise InvalidArgument(field, "must be lower-case letters, digits and hyphens, a letter first, at most 63")
    return name
