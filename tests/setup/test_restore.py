"""`responder restore`: what it puts back, what it keeps, and what it refuses."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from responder.store.backup import back_up
from tests.commands import Said, Typist
from tests.setup.test_backup import configured, incidents_in
from tests.store_parts import alert, delivery, store_on

SOON = {"timeout": 0.01}
"""So long a connection waits for a lock in a test."""


def filled(file: Path, incidents: int) -> None:
    with closing(store_on(file)) as store:
        store.start()
        for number in range(incidents):
            store.accept(delivery(alert(f"g{number}", shop=str(number))))


def restored(type_command: Typist, file: Path, copy: Path) -> Said:
    config = configured(file.parent, f"sqlite:///{file}")
    return type_command("restore", "--config", config, copy)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "responder.db"
    filled(found, 3)
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    found = tmp_path / "copy.db"
    filled(tmp_path / "other.db", 1)
    back_up(tmp_path / "other.db", found)
    return found


def test_a_copy_takes_the_place_and_what_was_there_is_kept(
    file: Path, copy: Path, type_command: Typist
) -> None:
    said = restored(type_command, file, copy)
    assert (said.status, said.complaints) == (0, [])
    (kept,) = file.parent.glob("responder.db.replaced-*")
    assert str(kept) in said.out
    assert (incidents_in(file), incidents_in(kept), incidents_in(copy)) == (1, 3, 1)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.glob("*unfinished*")) == []
    filled(file, 1)


def test_what_was_replaced_can_be_restored_in_turn(
    file: Path, copy: Path, type_command: Typist
) -> None:
    restored(type_command, file, copy)
    (kept,) = file.parent.glob("responder.db.replaced-*")
    moved = kept.rename(file.parent / "kept.db")
    assert restored(type_command, file, moved).status == 0
    assert incidents_in(file) == 3


def test_a_journal_of_a_killed_service_goes_with_the_file_that_it_belongs_to(
    file: Path, copy: Path, type_command: Typist
) -> None:
    left = file.parent / "left.db"
    with closing(store_on(file)) as store:
        store.start()
        store.accept(delivery(alert("late", shop="late")))
        for part in ("", "-wal"):
            Path(f"{left}{part}").write_bytes(Path(f"{file}{part}").read_bytes())
    assert restored(type_command, left, copy).status == 0
    (kept,) = file.parent.glob("left.db.replaced-*")
    assert (incidents_in(left), incidents_in(kept)) == (1, 4)
    assert not Path(f"{left}-wal").exists()


def test_it_refuses_while_the_journal_cannot_be_written_into_the_file(
    file: Path, copy: Path, type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k | SOON))
    left = file.parent / "left.db"
    with closing(store_on(file)) as store:
        store.start()
        store.accept(delivery(alert("late", shop="late")))
        for part in ("", "-wal"):
            Path(f"{left}{part}").write_bytes(Path(f"{file}{part}").read_bytes())
    with closing(connect(left, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM incidents").fetchall()
        said = restored(type_command, left, copy)
    assert said.status == 1
    assert f"the journal of {left} cannot be written into it" in said.err
    assert list(file.parent.glob("left.db.replaced-*")) == []
    assert list(file.parent.glob("*unfinished*")) == []
    assert incidents_in(left) == 4


def test_a_damaged_file_is_replaced_and_kept(
    file: Path, copy: Path, type_command: Typist
) -> None:
    file.write_text("no database" * 1000)
    assert restored(type_command, file, copy).status == 0
    (kept,) = file.parent.glob("responder.db.replaced-*Z")
    assert kept.read_text() == "no database" * 1000
    assert incidents_in(file) == 1


def test_where_nothing_was_nothing_is_kept(
    tmp_path: Path, copy: Path, type_command: Typist
) -> None:
    said = restored(type_command, tmp_path / "new.db", copy)
    assert said.status == 0
    assert incidents_in(tmp_path / "new.db") == 1
    assert list(tmp_path.glob("*.replaced-*")) == []


def test_it_refuses_while_the_file_is_served(
    file: Path, copy: Path, type_command: Typist
) -> None:
    with closing(store_on(file)) as store:
        store.start()
        said = restored(type_command, file, copy)
        assert store.writable()
    assert said.status == 1
    assert f"process {os.getpid()}: stop it first" in said.err
    assert incidents_in(file) == 3


def text(path: Path) -> str:
    path.write_text("no database" * 1000)
    return "no sound database"


def strange(path: Path) -> str:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE cooking (recipe)")
    return "no database of Responder"


def newer(path: Path) -> str:
    filled(path, 1)
    with closing(sqlite3.connect(path)) as found, found:
        found.execute("UPDATE alembic_version SET version_num = '9999'")
    return "newer Responder"


def missing(path: Path) -> str:
    return "does not exist"


@pytest.mark.parametrize("make", [text, strange, newer, missing])
def test_a_copy_that_cannot_serve_changes_nothing(
    file: Path, type_command: Typist, make: object
) -> None:
    assert callable(make)
    why = make(file.parent / "bad.db")
    before = file.read_bytes()
    said = restored(type_command, file, file.parent / "bad.db")
    assert (said.status, len(said.complaints)) == (1, 1)
    assert why in said.err
    assert file.read_bytes() == before
    assert list(file.parent.glob("responder.db.replaced-*")) == []


def test_the_storage_is_not_restored_from_itself(
    file: Path, type_command: Typist
) -> None:
    said = restored(type_command, file, file)
    assert (said.status, incidents_in(file)) == (1, 3)
    assert "is the storage itself" in said.err


@pytest.mark.parametrize("part", ["", "-wal", "-shm", ".lock"])
def test_no_backup_is_written_where_a_database_is_served(
    file: Path, copy: Path, type_command: Typist, part: str
) -> None:
    config = configured(file.parent, f"sqlite:///{file}")
    with closing(store_on(file.parent / "third.db")) as store:
        store.start()
        for name in ("responder.db", "third.db"):
            said = type_command("backup", "--config", config, file.parent / name)
            assert said.status == 1
        assert store.writable()
    Path(f"{file.parent / 'free.db'}{part}").touch()
    said = type_command("backup", "--config", config, file.parent / "free.db")
    assert said.status == 1


@pytest.mark.parametrize("umask", [0, 0o022])
def test_the_database_and_all_beside_it_are_for_their_owner_alone(
    tmp_path: Path, type_command: Typist, umask: int
) -> None:
    file, before = tmp_path / "responder.db", os.umask(umask)
    try:
        with closing(store_on(file)) as store:
            store.start()
            store.accept(delivery())
            back_up(file, tmp_path / "responder.db.copy")
            beside = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.glob("resp*")}
        assert restored(type_command, file, tmp_path / "responder.db.copy").status == 0
    finally:
        os.umask(before)
    names = ("", "-wal", "-shm", ".lock", ".copy")
    assert beside == {f"responder.db{name}": 0o600 for name in names}
    assert file.stat().st_mode & 0o777 == 0o600


def test_files_that_others_could_read_are_closed_to_them_at_the_start(
    file: Path,
) -> None:
    for path in (file, Path(f"{file}.lock")):
        path.chmod(0o644)
    with closing(store_on(file)) as store:
        store.start()
        modes = {p.stat().st_mode & 0o777 for p in file.parent.glob("responder.db*")}
    assert modes == {0o600}
