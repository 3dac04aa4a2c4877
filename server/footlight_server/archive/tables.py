"""A new database: its tables as the backup knew them, then as this version knows them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, make_url

import footlight_server.log.migrations
from footlight_server.archive.layout import BackupManifest
from footlight_server.archive.rows import is_empty
from footlight_server.archive.snapshot import begin_as_told, engine_of, revision_of
from footlight_server.errors import FailedPrecondition


def new_database(url: str) -> Engine:
    """An engine for a database that is to be filled.

    A file of SQLite keeps no journal while it is: it is thrown away when anything fails.
    """
    parsed = make_url(url)
    engine = engine_of(parsed)
    if parsed.get_backend_name() == "sqlite":
        begin_as_told(engine, "journal_mode=OFF", "synchronous=OFF", "foreign_keys=ON", "secure_delete=ON")
    return engine


def prepare_tables(connection: Connection, manifest: BackupManifest) -> None:
    """Make the tables as they were when the backup was made.

    Raises
    ------
    FailedPrecondition
        When the database is not empty.
    """
    found = revision_of(connection)
    if found is None:
        upgrade(connection, manifest.schema_revision)
    elif found != manifest.schema_revision:
        raise FailedPrecondition("the database has tables already: give the restore an empty database", "NOT_EMPTY")
    for facts in manifest.tables:
        if not is_empty(connection, facts.name):
            raise FailedPrecondition(f"the database is not empty: it has {facts.name}", "NOT_EMPTY")


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision, within the caller's transaction."""
    config = Config()
    folder = Path(footlight_server.log.migrations.__path__[0])
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
