"""Opening: creation, migration, refusal of what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from footlight_server.errors import DataLoss, FailedPrecondition
from footlight_server.log import Database, migrations
from footlight_server.log.schema import METADATA, REVISION

MIGRATIONS = Path(migrations.__file__).parent


def test_migrations_make_exactly_the_declared_tables(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_declared_revision_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_tenant_leads_every_primary_key() -> None:
    assert {next(iter(table.primary_key.columns)).name for table in METADATA.tables.values()} == {"tenant"}


def test_opening_again_keeps_what_is_there(database: Database, url: str) -> None:
    with database.writing() as connection, connection.begin():
        connection.execute(text("INSERT INTO people VALUES ('t', 0, 'ann')"))
    again = Database.open(url)
    with again.reading() as connection:
        assert connection.execute(text("SELECT user_id FROM people")).scalars().all() == ["ann"]
    again.close()


def test_a_reader_does_not_wait_for_an_open_transaction(database: Database) -> None:
    with database.writing() as writing, writing.begin():
        writing.execute(text("INSERT INTO people VALUES ('t', 0, 'ann')"))
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM people")).scalar() == 0


@pytest.mark.parametrize(("durability", "number"), [("normal", 1), ("full", 2)])
def test_durability_decides_when_the_disk_is_awaited(url: str, durability: str, number: int) -> None:
    database = Database.open(url, durability)
    with database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == number
    database.close()


def test_file_that_is_no_database_is_data_loss(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database" * 100)
    with pytest.raises(DataLoss, match=r"x\.db"):
        Database.open(f"sqlite:///{tmp_path / 'x.db'}")


def test_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    engine.dispose()
    with pytest.raises(FailedPrecondition, match="newer"):
        Database.open(f"sqlite:///{tmp_path / 'x.db'}")


@pytest.mark.parametrize(("url", "durability"), [("sqlite://", "normal"), ("sqlite:///a.db", "double")])
def test_settings_that_make_no_sense_are_refused(url: str, durability: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        Database.open(url, durability)
