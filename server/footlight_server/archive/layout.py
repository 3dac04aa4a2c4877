"""What a backup looks like inside: a tar file that is written and read from its beginning to its end.

manifest.json                            first: what it is, and of which moment
tables/<table>/<number>.jsonl.gz         rows, one JSON array a line, in the order of the manifest's columns
models/<key>/<version>/<file>            model versions as they lie on disk
tenants/<tenant>/models/...              those of the other tenants, likewise
corpora/blobs/<sha256>                   files of corpora, by the SHA-256 of their bytes
assets/blobs/<sha256>                    bytes of assets, likewise
keys/<file>                              the server's own keys, where they were asked for
SHA256SUMS                               last: the checksum of every other member, as `sha256sum -c` reads it
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from footlight_server.errors import FailedPrecondition

FORMAT = 2
"""1 had no keys; a backup without keys is written as 1, so that older versions read it."""
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
PART_ROWS = 20_000
"""Rows of one member: a part is in memory whole, the table never."""

FILES = re.compile(
    r"(?:tenants/[a-z][a-z0-9-]*/)?models/[\w.-]+/[0-9]+/[\w][\w.-]*|(?:corpora|assets)/blobs/[0-9a-f]{64}"
    r"|keys/\w[\w.-]*"
)
"""The members that are files of the data directory. Nothing else is ever written there."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how far it is and how far it goes: rows of a table, or bytes of files."""


def quiet(what: str, done: int, total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table of a backup."""

    name: str
    columns: tuple[str, ...]
    binary: tuple[str, ...]
    """The columns that hold bytes, which are written in base64."""
    rows: int


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """Where one tenant's log was."""

    log_position: int
    erasure_epoch: int
    origin: str
    """Names the log that it is: see `erasures.origin_of`."""


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup says about itself."""

    create_time: int
    """Microseconds since 1970."""
    schema_revision: str
    tenants: Mapping[str, TenantFacts]
    tables: tuple[TableFacts, ...]
    """In an order in which no row comes before one that it refers to."""
    file_bytes: int
    """About how many bytes of models, corpora and assets follow; for the progress bar."""
    format: int = FORMAT

    def to_json(self) -> bytes:
        """The manifest as its member."""
        return json.dumps(asdict(self), indent=1).encode()

    @staticmethod
    def from_json(data: bytes) -> BackupManifest:
        """The manifest that `to_json` wrote.

        Raises
        ------
        FailedPrecondition
            When a newer Footlight wrote it.
        ValueError, KeyError, TypeError
            When it is damaged.
        """
        facts = json.loads(data)
        if facts["format"] > FORMAT:
            raise FailedPrecondition(
                f"a newer Footlight made this backup: its format is {facts['format']}, this version knows {FORMAT}",
                "BACKUP_TOO_NEW",
            )
        tables = tuple(_table(table) for table in facts.pop("tables"))
        tenants = {name: TenantFacts(**tenant) for name, tenant in facts.pop("tenants").items()}
        return BackupManifest(tenants=tenants, tables=tables, **facts)


def _table(facts: Mapping[str, Any]) -> TableFacts:
    return TableFacts(facts["name"], tuple(facts["columns"]), tuple(facts["binary"]), facts["rows"])
