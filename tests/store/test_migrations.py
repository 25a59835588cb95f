"""The schema: made, recognised, brought up to date, refused; by several at once."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from responder.store import BadStorage
from responder.store import database as schema
from responder.store.tables import metadata
from tests.conftest import Place
from tests.store_parts import delivery, open_incident, store_on

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "tests" / "samples" / "first-schema.sql"
MIGRATIONS = ROOT / "responder" / "store" / "migrations"


def configured(conn: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    return config


def engine_on(place: Place) -> sa.Engine:
    url = place.url.replace("postgresql:", "postgresql+psycopg:")
    return sa.create_engine(url, poolclass=sa.NullPool)


def migrated_to(place: Place, revision: str) -> None:
    """The database as that revision's Responder left it."""
    with engine_on(place).begin() as conn:
        command.upgrade(configured(conn), revision)


def differences(place: Place) -> list[object]:
    """What lacks in the database, or is too much, by the tables."""
    with engine_on(place).connect() as conn:
        options = {"compare_type": True, "include_name": _is_ours}
        found = MigrationContext.configure(conn, opts=options)
        return list(compare_metadata(found, metadata))


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "table" or name in metadata.tables


def revision_of(place: Place) -> str | None:
    with engine_on(place).connect() as conn:
        return schema.revision(conn)


def test_the_newest_revision_is_the_one_that_the_tables_describe() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_a_new_database_is_made_at_the_newest_revision(place: Place) -> None:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()

    assert revision_of(place) == schema.HEAD
    assert not differences(place)


def test_the_migrations_lead_to_the_same_tables(place: Place) -> None:
    migrated_to(place, schema.HEAD)

    assert not differences(place)


def test_an_old_database_is_brought_up_to_date_and_keeps_its_rows(
    place: Place,
) -> None:
    migrated_to(place, "0001")
    with engine_on(place).begin() as conn:
        told = "INSERT INTO factories (name, floor_at) VALUES ('f.example', 7)"
        conn.execute(sa.text(told))

    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        lease, _ = open_incident(store)
        with store.engine.connect() as conn:
            kept = conn.execute(sa.text("SELECT name, floor_at FROM factories")).all()

    assert lease
    assert kept == [("f.example", 7)]
    assert revision_of(place) == schema.HEAD
    assert not differences(place)


def test_the_first_versions_file_is_recognised_without_a_revision(
    tmp_path: Path,
) -> None:
    file = tmp_path / "responder.db"
    with closing(sqlite3.connect(file)) as first:
        first.executescript(FIRST.read_text("utf-8"))
        first.execute("PRAGMA user_version = 1")

    with closing(store_on(file)) as store:
        store.start()
        assert store.accept(delivery()).leases

    with closing(sqlite3.connect(file)) as after:
        (number,) = after.execute("PRAGMA user_version").fetchone()
        (revision,) = after.execute("SELECT * FROM alembic_version").fetchone()
    assert (number, revision) == (int(schema.HEAD), schema.HEAD)


def test_the_first_revision_is_what_the_first_version_made(tmp_path: Path) -> None:
    made, migrated = tmp_path / "made.db", tmp_path / "migrated.db"
    with closing(sqlite3.connect(made)) as first:
        first.executescript(FIRST.read_text("utf-8"))
    with file_engine(migrated).begin() as conn:
        command.upgrade(configured(conn), "0001")

    assert shape(made) == shape(migrated)


def file_engine(file: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)


def shape(file: Path) -> dict[str, object]:
    """Columns, keys and indexes of every table, `log_lines` and Alembic's aside."""
    found: dict[str, object] = {}
    tables = sa.inspect(file_engine(file))
    for table in sorted(set(tables.get_table_names()) & set(metadata.tables)):
        columns = [
            (c["name"], str(c["type"]), c["nullable"])
            for c in tables.get_columns(table)
        ]
        found[table] = (
            columns,
            tables.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (str(i["name"]), i["column_names"], i["unique"])
                for i in tables.get_indexes(table)
            ),
        )
    return found


def test_a_database_of_a_newer_responder_is_refused_by_name(place: Place) -> None:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
    with engine_on(place).begin() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9001'"))

    store = store_on(place.url, place.clock)
    with pytest.raises(BadStorage) as refused:
        store.start()

    assert "newer Responder (schema 9001" in str(refused.value)
    assert revision_of(place) == "9001"


@pytest.mark.parametrize("revision", [None, "0001"])
def test_three_that_start_at_once_make_or_migrate_it_once(
    postgres_place: Place, revision: str | None
) -> None:
    if revision:
        migrated_to(postgres_place, revision)
    stores = [store_on(postgres_place.url, postgres_place.clock) for _ in range(3)]

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda store: store.start(), stores))
    opened = [store.accept(delivery()).verdicts[0].incident for store in stores]
    for store in stores:
        store.close()

    assert len(set(opened)) == 1
    assert revision_of(postgres_place) == schema.HEAD
    assert not differences(postgres_place)


def test_alembic_is_imported_only_for_an_old_database(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.store_parts import store_on\n"
        "store = store_on(Path(sys.argv[1])); store.start(); store.close()\n"
        "store = store_on(Path(sys.argv[1])); store.start(); store.close()\n"
        "print('alembic' in sys.modules)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "responder.db")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout

    assert told.strip() == "False"
