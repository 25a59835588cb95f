"""The schema of a database: made where there is none, brought up to date where old.

A new database is made from the tables at once. Alembic is imported only for an old
one: a start seldom needs it, and every start would wait for it.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from responder.store.engine import BadStorage
from responder.store.tables import brakes, metadata
from responder.store.upsert import upsert

FIRST = "0001"
"""What the first version made, which kept no revision in the database."""
HEAD = "0015"
"""The revision that `tables` describes: the newest in `migrations/versions`."""

# Alembic's own table, named as it names it.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), primary_key=True),
)


def prepare(conn: Connection, where: str) -> None:
    """Make or migrate the schema in the caller's transaction.

    The caller keeps others out meanwhile. Raises `BadStorage` for a newer database
    and SQLAlchemyError for what the database refuses; `where` names it.
    """
    found = revision(conn)
    if found is None:
        metadata.create_all(conn)
        _stamp(conn, HEAD)
    elif found != HEAD:
        if not (found.isdecimal() and int(found) < int(HEAD)):
            raise BadStorage(newer(where, found))
        _upgrade(conn, found)
    statement = upsert(conn, brakes).values(id=1, paused=False)
    conn.execute(statement.on_conflict_do_nothing(index_elements=[brakes.c.id]))


def revision(conn: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    tables = inspect(conn)
    if tables.has_table(_version.name):
        told: str | None = conn.execute(select(_version.c.version_num)).scalar()
        if told is not None:
            return told
    return FIRST if tables.has_table("incidents") else None


def newer(where: str, found: str) -> str:
    """The sentence that refuses a database of a newer version."""
    return (
        f"{where} was written by a newer Responder (schema {found}, this one "
        f"knows {HEAD}): start the newer one, or use another database"
    )


def _stamp(conn: Connection, at: str) -> None:
    _version.create(conn, checkfirst=True)
    conn.execute(_version.insert().values(version_num=at))


def _upgrade(conn: Connection, found: str) -> None:
    from alembic import command
    from alembic.config import Config

    if not inspect(conn).has_table(_version.name):
        _stamp(conn, found)
    config = Config()
    place = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(place).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, HEAD)
