"""`responder backup` on a storage that is served, that is not, and that is no file."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from responder.store.backup import BackupFailed, back_up
from tests.commands import Typist
from tests.store_parts import alert, delivery, store_on


def configured(folder: Path, url: str) -> Path:
    config = folder / "responder.yaml"
    text = (
        f'storage: {{url: "{url}"}}\n'
        "rules:\n"
        "  - name: any\n"
        "    match: []\n"
        "    checks: [{name: a, query: '{a=\"b\"}', window: 1m, threshold: 1}]\n"
    )
    config.write_text(text)
    return config


def incidents_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (number,) = copy.execute("SELECT count(*) FROM incidents").fetchone()
    return int(number)


def test_a_served_file_is_copied_while_it_is_written_to(
    tmp_path: Path, type_command: Typist
) -> None:
    file, copy = tmp_path / "responder.db", tmp_path / "copy.db"
    config = configured(tmp_path, f"sqlite:///{file}")
    stop, written = threading.Event(), threading.Event()
    with closing(store_on(file)) as store:
        store.start()
        store.accept(delivery())

        def write() -> None:
            for number in range(100_000):
                store.accept(delivery(alert(f"g{number}", shop=str(number))))
                written.set()
                if stop.is_set():
                    return

        writer = threading.Thread(target=write)
        writer.start()
        assert written.wait(10)
        try:
            said = type_command("backup", "--config", config, copy)
        finally:
            stop.set()
            writer.join()
    assert (said.status, said.complaints) == (0, [])
    assert said.out.startswith(f"{copy}: ")
    assert incidents_in(copy) >= 2
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in tmp_path.glob("copy*")) == ["copy.db"]


def test_a_copy_is_itself_a_storage(tmp_path: Path) -> None:
    file, copy = tmp_path / "responder.db", tmp_path / "copy.db"
    with closing(store_on(file)) as store:
        store.start()
        lease = store.accept(delivery()).leases[0]
    back_up(file, copy)
    with closing(store_on(copy)) as store:
        store.start()
        assert store.timeline(lease.incident)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    file, copy = tmp_path / "responder.db", tmp_path / "copy.db"
    with closing(store_on(file)) as store:
        store.start()
    copy.write_text("precious")
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(file, copy)
    assert copy.read_text() == "precious"


def test_a_file_that_is_no_database_leaves_no_copy(tmp_path: Path) -> None:
    file, copy = tmp_path / "responder.db", tmp_path / "copy.db"
    file.write_text("no database" * 1000)
    with pytest.raises(BackupFailed, match="cannot be copied"):
        back_up(file, copy)
    assert list(tmp_path.glob("copy*")) == []


def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, type_command: Typist
) -> None:
    config = configured(tmp_path, f"sqlite:///{tmp_path / 'none.db'}")
    said = type_command("backup", "--config", config, tmp_path / "copy.db")
    assert (said.status, len(said.complaints)) == (1, 1)
    assert "none.db does not exist" in said.err
    (tmp_path / "none.db").touch()
    said = type_command("backup", "--config", config, tmp_path / "no" / "copy.db")
    assert (said.status, len(said.complaints)) == (1, 1)
    assert "cannot be written" in said.err


def test_postgres_is_refused_with_the_tool_that_does_it(
    tmp_path: Path, type_command: Typist
) -> None:
    config = configured(tmp_path, "postgresql+psycopg://db.example.net/responder")
    said = type_command("backup", "--config", config, tmp_path / "copy.db")
    assert said.status == 1
    assert "pg_dump" in said.err
    assert "db.example.net" not in said.complaints[0]
