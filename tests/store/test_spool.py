"""Deliveries on real files while the database is away, and how they come back."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from responder.incident.alert import Delivery, Notification
from responder.incident.names import Sender
from responder.incident.ports import Accepted, StorageUnavailable, Storing
from responder.masking import Masker
from responder.senders import body, grafana
from responder.senders import sample as samples
from responder.spool import Spool, Spooled, SpoolingIntake
from tests.e2e.service import until
from tests.fakes import NOON, ListedIntake

LABELS = {"alertname": "Order errors", "responder": "jwt-pizza"}


@dataclass
class MoodyIntake(ListedIntake):
    """A database that can be away, that remembers, and that hates some deliveries."""

    hated: set[str] = field(default_factory=set)
    already: set[str] = field(default_factory=set)
    away_after: str = ""
    """The delivery after which it goes away again."""

    def accept(self, delivery: Delivery) -> Accepted:
        if delivery.id in self.hated:
            raise StorageUnavailable
        accepted = super().accept(delivery)
        if delivery.id == self.away_after:
            self.broken = True
        return accepted

    def has_delivery(self, delivery: str) -> bool:
        if self.broken:
            raise StorageUnavailable
        return delivery in self.already

    def writable(self) -> bool:
        return not self.broken


@dataclass
class Intakes:
    """The intake under test, the database behind it, and what was told."""

    folder: Path
    most: int = 1_000_000
    database: MoodyIntake = field(default_factory=MoodyIntake)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spooling = SpoolingIntake(
            self.database,
            Spool(self.folder, self.most),
            parse=parsed,
            brought_in=lambda delivery, accepted: self.told.append(delivery.id),
            masker=Masker(),
        )

    def stored(self) -> list[str]:
        return [delivery.id for delivery in self.database.deliveries]

    def files(self, pattern: str = "*.json") -> list[str]:
        return sorted(path.name for path in self.folder.glob(pattern))


def parsed(spooled: Spooled) -> Notification:
    return grafana.parse(body.decode(spooled.body.encode()), spooled.sender)


def delivery(name: str = "d1") -> Delivery:
    text = json.dumps(samples.body(Sender.GRAFANA, LABELS, NOON))
    return Delivery(
        id=name,
        received_at=NOON,
        notification=grafana.parse(body.decode(text.encode()), Sender.GRAFANA),
        credential="grafana",
        body=text,
        clock_difference=2.0,
    )


@pytest.fixture
def intakes(tmp_path: Path) -> Iterator[Intakes]:
    found = Intakes(tmp_path / "spool")
    yield found
    found.spooling.stop()


def test_a_database_that_takes_deliveries_leaves_no_file(intakes: Intakes) -> None:
    assert not intakes.spooling.accept(delivery()).spooled
    assert not intakes.folder.exists()


def test_what_the_database_does_not_take_is_on_the_disk(intakes: Intakes) -> None:
    intakes.database.broken = True
    assert intakes.spooling.accept(delivery()).spooled
    assert intakes.files() == ["d1.json"]
    assert intakes.spooling.waiting() == 1


def test_a_spooled_delivery_comes_in_as_it_was_received(intakes: Intakes) -> None:
    intakes.database.broken = True
    sent = delivery()
    intakes.spooling.accept(sent)
    intakes.database.broken = False
    intakes.spooling.start()
    until(lambda: not intakes.spooling.waiting())
    assert intakes.database.deliveries == [sent]
    assert intakes.told == ["d1"]


def test_while_the_database_is_away_nobody_waits_for_it_again(
    intakes: Intakes,
) -> None:
    intakes.database.broken = True
    intakes.spooling.accept(delivery("d1"))
    intakes.database.broken = False
    assert intakes.spooling.accept(delivery("d2")).spooled
    assert intakes.stored() == []


def test_after_the_spool_is_empty_deliveries_go_to_the_database_again(
    intakes: Intakes,
) -> None:
    intakes.database.broken = True
    intakes.spooling.accept(delivery("d1"))
    intakes.database.broken = False
    intakes.spooling.start()
    until(lambda: intakes.stored() == ["d1"] and not intakes.spooling.waiting())
    until(lambda: not intakes.spooling.accept(delivery("d2")).spooled)


def test_what_waited_through_a_restart_is_brought_in_in_order(tmp_path: Path) -> None:
    before = Intakes(tmp_path)
    before.database.broken = True
    for number in range(3):
        before.spooling.accept(delivery(f"d{number}"))
    after = Intakes(tmp_path)
    after.spooling.start()
    until(lambda: not after.spooling.waiting())
    after.spooling.stop()
    assert after.stored() == ["d0", "d1", "d2"]


def test_a_delivery_that_was_stored_too_late_is_not_stored_twice(
    intakes: Intakes,
) -> None:
    intakes.database.broken = True
    intakes.spooling.accept(delivery())
    intakes.database.broken = False
    intakes.database.already.add("d1")
    intakes.spooling.start()
    until(lambda: not intakes.spooling.waiting())
    assert intakes.stored() == []


def test_one_that_alone_is_refused_is_set_aside_for_a_person(intakes: Intakes) -> None:
    intakes.database.broken = True
    for name in ("d1", "d2", "d3"):
        intakes.spooling.accept(delivery(name))
    intakes.database.broken = False
    intakes.database.hated.add("d2")
    intakes.spooling.start()
    until(lambda: not intakes.spooling.waiting())
    assert intakes.stored() == ["d1", "d3"]
    assert intakes.files("*.refused") == ["d2.refused"]


def test_the_oldest_that_alone_is_refused_holds_up_no_other(intakes: Intakes) -> None:
    intakes.database.broken = True
    for name in ("d1", "d2", "d3"):
        intakes.spooling.accept(delivery(name))
    intakes.database.broken = False
    intakes.database.hated.add("d1")
    intakes.spooling.start()
    until(lambda: intakes.stored() == ["d2", "d3"])


def test_one_that_the_database_refuses_does_not_shut_it_off_for_others(
    intakes: Intakes,
) -> None:
    intakes.database.hated.add("d1")
    assert intakes.spooling.accept(delivery("d1")).spooled
    intakes.spooling.start()
    intakes.spooling.accept(delivery("d2"))
    until(lambda: "d2" in intakes.stored())


def test_a_database_that_goes_away_again_costs_no_delivery(intakes: Intakes) -> None:
    intakes.database.broken = True
    for name in ("d1", "d2", "d3"):
        intakes.spooling.accept(delivery(name))
    intakes.database.broken = False
    intakes.database.away_after = "d1"
    intakes.spooling.start()
    until(lambda: intakes.stored() == ["d1"] and intakes.database.broken)
    intakes.spooling.stop()
    assert intakes.files() == ["d2.json", "d3.json"]
    assert intakes.files("*.refused") == []


def test_a_file_that_the_disk_does_not_give_holds_up_no_other(
    intakes: Intakes,
) -> None:
    intakes.database.broken = True
    intakes.spooling.accept(delivery("d1"))
    (intakes.folder / "d0.json").mkdir()
    intakes.database.broken = False
    intakes.spooling.start()
    until(lambda: intakes.stored() == ["d1"])


def test_a_damaged_file_holds_up_no_other(intakes: Intakes) -> None:
    intakes.database.broken = True
    intakes.spooling.accept(delivery("d1"))
    (intakes.folder / "d0.json").write_text('{"id": "d0"')
    intakes.database.broken = False
    intakes.spooling.start()
    until(lambda: not intakes.spooling.waiting())
    assert intakes.stored() == ["d1"]
    assert intakes.files("*.refused") == ["d0.refused"]


def test_a_full_spool_is_our_own_trouble(tmp_path: Path) -> None:
    intakes = Intakes(tmp_path / "spool", most=100)
    intakes.database.broken = True
    with pytest.raises(StorageUnavailable):
        intakes.spooling.accept(delivery())
    assert intakes.files() == []


def test_a_spool_that_cannot_be_written_is_our_own_trouble(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    intakes = Intakes(tmp_path / "spool")
    intakes.database.broken = True
    with pytest.raises(StorageUnavailable):
        intakes.spooling.accept(delivery())


def storing(folder: Path, most: int = 1_000_000) -> Storing:
    intakes = Intakes(folder, most=most)
    intakes.database.broken = True
    return intakes.spooling.storing()


def test_the_spool_says_when_it_takes_no_more(tmp_path: Path) -> None:
    assert storing(tmp_path / "spool") is Storing.SPOOL
    assert storing(tmp_path / "spool", most=100) is Storing.NOWHERE
    (tmp_path / "file").touch()
    assert storing(tmp_path / "file" / "spool") is Storing.NOWHERE
    assert list((tmp_path / "spool").iterdir()) == []


def test_many_who_ask_where_it_would_be_stored_cost_one_write(tmp_path: Path) -> None:
    intakes = Intakes(tmp_path)
    assert intakes.spooling.storing() is Storing.DATABASE
    intakes.database.broken = True
    assert intakes.spooling.storing() is Storing.DATABASE


def test_a_refused_delivery_ends_readiness_at_once(tmp_path: Path) -> None:
    intakes = Intakes(tmp_path / "spool", most=100)
    assert intakes.spooling.storing() is Storing.DATABASE
    intakes.database.broken = True
    with pytest.raises(StorageUnavailable):
        intakes.spooling.accept(delivery())
    assert intakes.spooling.storing() is Storing.NOWHERE
    intakes.database.broken = False
    until(lambda: intakes.spooling.storing() is Storing.DATABASE)


@pytest.mark.parametrize("umask", [0, 0o022])
def test_spool_files_and_their_folders_are_for_their_owner_alone(
    tmp_path: Path, umask: int
) -> None:
    folder = tmp_path / "above" / "spool"
    before = os.umask(umask)
    try:
        intakes = Intakes(folder)
        intakes.database.broken = True
        intakes.spooling.accept(delivery())
    finally:
        os.umask(before)
    assert [mode(p) for p in (folder.parent, folder)] == [0o700, 0o700]
    assert [mode(p) for p in folder.iterdir()] == [0o600]


def test_what_others_could_read_in_the_spool_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o755)
    waiting = folder / "d0.json"
    waiting.write_text("{}")
    waiting.chmod(0o644)
    Intakes(folder)
    assert (mode(folder), mode(waiting)) == (0o700, 0o600)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_room_is_given_back_by_what_came_in(intakes: Intakes) -> None:
    size = len(delivery().body) * 3
    narrow = Intakes(intakes.folder, most=size)
    narrow.database.broken = True
    narrow.spooling.accept(delivery("d1"))
    narrow.database.broken = False
    narrow.spooling.start()
    until(lambda: not narrow.spooling.waiting())
    narrow.spooling.stop()
    again = Spool(intakes.folder, size)
    again.keep(delivery("d2"))
    assert again.count() == 1


def test_only_the_owner_may_read_what_waits(intakes: Intakes) -> None:
    intakes.database.broken = True
    intakes.spooling.accept(delivery())
    assert (intakes.folder / "d1.json").stat().st_mode & 0o077 == 0
    assert intakes.folder.stat().st_mode & 0o077 == 0
