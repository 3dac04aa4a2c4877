"""Opening: creation, migration, refusal of what cannot be read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from tests.postgresql import own_cluster

from footlight_server.errors import DataLoss, FailedPrecondition, Unavailable
from footlight_server.log import Database, migrations
from footlight_server.log.schema import METADATA, REVISION

MIGRATIONS = Path(migrations.__file__).parent


def test_what_was_erased_is_vacuumed_once(url: str) -> None:
    database, end = Database.open(url), time.monotonic() + 20
    assert database.vacuum(erased_at=1) is url.startswith("postgresql")
    while database.vacuum(erased_at=1) and time.monotonic() < end:
        time.sleep(0.1)  # the database notes down a little later that it did
    assert not database.vacuum(erased_at=1)
    database.close()


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


@pytest.mark.parametrize("store", ["sqlite"])
def test_readers_that_come_one_after_the_other_share_a_connection(database: Database) -> None:
    def hold(left: int) -> None:
        with database.reading():
            if left:
                hold(left - 1)

    hold(5)  # six connections are there now
    used = set()
    for _ in range(12):
        with database.reading() as connection:
            used.add(id(connection.connection.driver_connection))
    assert len(used) == 1


@pytest.mark.parametrize(
    ("store", "durability", "setting", "value"),
    [
        ("sqlite", "normal", "PRAGMA synchronous", 1),
        ("sqlite", "full", "PRAGMA synchronous", 2),
        ("postgresql", "normal", "SHOW synchronous_commit", "off"),
        ("postgresql", "full", "SHOW synchronous_commit", "on"),
    ],
    indirect=["store"],
)
def test_durability_decides_when_the_disk_is_awaited(url: str, durability: str, setting: str, value: object) -> None:
    database = Database.open(url, durability)
    with database.writing() as connection:
        assert connection.exec_driver_sql(setting).scalar() == value
    database.close()


def test_file_that_is_no_database_is_data_loss(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database" * 100)
    with pytest.raises(DataLoss, match=r"x\.db"):
        Database.open(f"sqlite:///{tmp_path / 'x.db'}")


def test_database_of_a_newer_release_is_refused(database: Database, url: str) -> None:
    with database.writing() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(FailedPrecondition, match="newer"):
        Database.open(url)


@pytest.mark.parametrize(
    ("address", "durability"),
    [
        ("sqlite://", "normal"),
        ("sqlite:///a.db", "double"),
        ("mysql://localhost/a", "normal"),
        ("postgresql+psycopg2://localhost/a", "normal"),
    ],
)
def test_settings_that_make_no_sense_are_refused(address: str, durability: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Database.open(address, durability)


def test_postgresql_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        Database.open(f"postgresql+psycopg://nobody:secret@/none?host={tmp_path}")


def test_password_is_in_no_message(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        Database.open(f"postgresql+psycopg://nobody:secret@/none?host={tmp_path}")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_an_empty_database_is_migrated(store: str) -> None:
    cluster = own_cluster()
    name = cluster.create()
    database = Database.open(cluster.url(name))
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()
    cluster.drop(name)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_many_events_are_found_by_their_ids_through_the_index(database: Database) -> None:
    query = "EXPLAIN QUERY PLAN SELECT kind FROM events WHERE tenant = 't' AND event_id IN "
    with database.reading() as connection:
        plan = connection.exec_driver_sql(query + str(tuple(map(str, range(500))))).all()
    assert "ix_events_event_id" in str(plan)


def test_a_connection_in_use_at_the_end_is_closed_when_it_is_given_back(url: str) -> None:
    database = Database.open(url)
    with database.reading() as connection:
        driver: Any = connection.connection.driver_connection
        database.close()
    with pytest.raises(Exception, match="closed"):
        driver.execute("SELECT 1")
