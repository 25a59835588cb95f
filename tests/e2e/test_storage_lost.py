"""The database file taken from under a running process: no 202 goes with it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests

from responder.store.backup import back_up
from tests.e2e.service import until
from tests.e2e.test_process import Process, process, said_at_the_end
from tests.e2e.test_storage_faults import UNHEARD, deliver, is_spooled

__all__ = ["process"]

BROKEN = 70


def delete(file: Path, copy: Path) -> None:
    file.unlink()


def delete_all(file: Path, copy: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        if path.is_file():
            path.unlink()


def replace(file: Path, copy: Path) -> None:
    os.replace(copy, file)


def overwrite(file: Path, copy: Path) -> None:
    shutil.copyfile(copy, file)


LOSSES = pytest.mark.parametrize("lose", [delete, delete_all, replace, overwrite])
Lose = Callable[[Path, Path], None]


def stop(serving: subprocess.Popen[str]) -> None:
    serving.terminate()
    assert serving.wait(60) == 0


def with_an_old_copy(process: Process) -> subprocess.Popen[str]:
    """Serving, with a copy of the database of an earlier run beside it."""
    stop(process.start_ready())
    back_up(process.folder / "responder.db", process.folder / "copy.db")
    return process.start_ready()


def deliveries(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (number,) = database.execute("SELECT count(*) FROM deliveries").fetchone()
    return int(number)


@LOSSES
def test_no_202_is_given_for_what_goes_into_a_file_that_is_gone(
    process: Process, lose: Lose
) -> None:
    serving = with_an_old_copy(process)
    file = process.folder / "responder.db"
    lose(file, process.folder / "copy.db")
    kept = 0
    for _ in range(3):
        try:
            answer = deliver(process.url, UNHEARD)
        except requests.ConnectionError:
            break  # It has ended meanwhile.
        assert answer.status_code == 503 or is_spooled(answer)
        kept += answer.status_code == 202
    assert kept
    said = said_at_the_end(serving)
    assert serving.returncode == BROKEN
    assert '"database lost"' in said
    assert "while it was in use" in said

    process.start_ready()
    until(lambda: not list((process.folder / "responder.db.spool").glob("*")))
    assert deliveries(file) == kept


@pytest.mark.parametrize("lose", [delete, delete_all, replace])
def test_what_the_lost_file_held_is_saved_beside_it(
    process: Process, lose: Lose
) -> None:
    serving = with_an_old_copy(process)
    assert not is_spooled(deliver(process.url, UNHEARD))
    lose(process.folder / "responder.db", process.folder / "copy.db")
    said_at_the_end(serving)
    (saved,) = process.folder.glob("responder.db.replaced-*Z")
    assert deliveries(saved) == 1
    assert saved.stat().st_mode & 0o777 == 0o600


def test_without_its_journal_beside_it_the_file_still_keeps_everything(
    process: Process,
) -> None:
    serving = process.start_ready()
    assert not is_spooled(deliver(process.url, UNHEARD))
    (process.folder / "responder.db-wal").unlink()
    said_at_the_end(serving)
    assert serving.returncode == BROKEN
    assert deliveries(process.folder / "responder.db") == 1


def test_without_its_lock_file_it_ends_and_takes_the_lock_anew(
    process: Process,
) -> None:
    serving = process.start_ready()
    (process.folder / "responder.db.lock").unlink()
    said_at_the_end(serving)
    assert serving.returncode == BROKEN
    process.start_ready()


def test_an_alert_that_meets_a_lost_file_is_answered_after_the_restart(
    process: Process,
) -> None:
    serving = process.start_ready()
    (process.folder / "responder.db").unlink()
    process.factory.start_chaos("fail")
    labels = {"alertname": "Order errors", "responder": "jwt-pizza"}
    assert is_spooled(deliver(process.url, labels))
    said_at_the_end(serving)
    process.start_ready()
    until(lambda: len(process.incidents()) == 1)
    assert process.incidents()[0]["rule"] == "pizza-factory"


def test_a_checkpoint_by_another_program_is_no_loss(process: Process) -> None:
    serving = process.start_ready()
    file = process.folder / "responder.db"
    for mode in ("PASSIVE", "TRUNCATE"):
        assert not is_spooled(deliver(process.url, UNHEARD))
        with closing(sqlite3.connect(file)) as other:
            other.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    assert not is_spooled(deliver(process.url, UNHEARD))
    assert serving.poll() is None
