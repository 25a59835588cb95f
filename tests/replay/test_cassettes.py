"""Shipped cassettes through the real parts: each as it says, again and again."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from responder.cli.replay_output import judge, judged_text
from responder.incident.events import FactoryProbed, Opened, ReportIntended
from responder.incident.names import State, Verdict
from responder.replay.cassette import PLACE, Cassette, RecordedProbe, dump, load
from responder.replay.judge import first_call, passed, unmet
from responder.replay.play import StrictWorker, Turns, play
from responder.replay.record import record
from tests.cassettes import SHIPPED, changed, replayed, settings_of, shipped
from tests.worker_parts import RULE, Bench, opened

each = pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a socket fails, and whoever looks a name up."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@each
@pytest.mark.usefixtures("no_socket")
def test_a_shipped_cassette_is_as_expected_without_a_socket(file: Path) -> None:
    cassette = load(file.read_text("utf-8"))

    played = play(cassette, settings_of())

    assert unmet(played, cassette.expect) == []
    assert played.unknown == []


@each
def test_a_shipped_cassette_expects_something_and_has_its_name(file: Path) -> None:
    cassette = load(file.read_text("utf-8"))

    assert cassette.name == file.stem
    assert cassette.about
    assert cassette.expect.calls is not None
    assert cassette.expect.ends
    assert dump(cassette) == file.read_text("utf-8")


def told(cassette: Cassette) -> str:
    played = play(cassette, settings_of())
    return judged_text(judge("file", played, cassette.expect, 0.0))


def test_a_replay_is_the_same_every_time() -> None:
    cassette = shipped("relapse-without-webhook")

    assert told(cassette) == told(cassette)


def test_the_founding_incident_has_its_known_facts() -> None:
    text = told(shipped("2025-04-07-factory-500"))

    assert "18:46:00.000  incident opened" in text
    assert "18:47:00.000  on-call acknowledged in IRM" in text
    assert "first error log found at 18:44:00" in text
    assert "Recovered: a good order was seen 30 s after the report." in text
    assert "a person called at 18:48:00" in text
    assert "whole minutes are known" in text


def test_in_shadow_mode_the_founding_incident_goes_as_it_went() -> None:
    threshold = ("    traffic:", "    mode: shadow\n    traffic:")
    played = replayed("2025-04-07-factory-500", changed(threshold))

    (lived,) = played.incidents
    assert played.calls == []
    assert played.differs == []
    assert lived.incident.state is State.STOOD_DOWN
    assert lived.incident.errors == 66
    assert lived.incident.failed_orders == 18


def test_copies_and_reordered_notices_make_one_call() -> None:
    verdicts = [found.verdict for found in replayed("ha-pair").verdicts]

    assert verdicts.count(Verdict.OPENED) == 1
    assert Verdict.REPEATED in verdicts
    assert Verdict.ECHO in verdicts


def test_a_relapse_is_found_by_the_watch_alone() -> None:
    first, second = replayed("relapse-without-webhook").incidents

    (opened,) = (e for e in second.events if isinstance(e, Opened))
    assert opened.relapse_of == first.incident.id


def test_an_alert_storm_is_one_incident_with_every_alert() -> None:
    (lived,) = replayed("alert-storm").incidents

    assert len(lived.incident.firings) == 24
    assert len(lived.incident.reports) == 1


def test_late_logs_are_waited_for() -> None:
    played = replayed("logs-40s-late")

    waited = first_call(played)
    assert waited is not None
    assert 15 < waited.total_seconds() < 60
    assert State.HOLDING in passed(played.incidents[0])


def test_two_calls_of_the_same_code_keep_the_cooldown_apart() -> None:
    (lived,) = replayed("supplier-does-not-recover").incidents

    first, second = (e.at for e in lived.events if isinstance(e, ReportIntended))
    assert (second - first).total_seconds() >= 120


def test_what_breaks_a_step_breaks_the_replay() -> None:
    def broken() -> None:
        raise ArithmeticError

    bench = Bench()
    bench.logs.reading = broken
    turns = Turns()
    worker = StrictWorker(bench.tools(), {RULE.name: RULE}, pool=turns)
    worker.hand_over([bench.store.open("i1", opened())])

    with pytest.raises(ArithmeticError):
        turns.drain()


@each
def test_what_was_replayed_and_recorded_comes_out_the_same_again(file: Path) -> None:
    for lived in play(load(file.read_text("utf-8")), settings_of()).incidents:
        made = record(lived.incident, lived.events, [], lived.rule, lambda text: text)

        again = play(load(dump(made)), settings_of())

        assert unmet(again, made.expect) == []
        assert len(again.calls) == len(lived.incident.answered)
        assert again.unknown == []


@pytest.mark.parametrize("why", ["", "no connection within 5 s"])
def test_a_replay_repeats_what_the_factory_said_when_it_was_asked(why: str) -> None:
    cassette = shipped("supplier-does-not-recover")
    lines = tuple(
        entry.model_copy(update={"text": PLACE.sub("", entry.text or ""), "link": None})
        for entry in cassette.lines
    )
    probes = (RecordedProbe(at=timedelta(minutes=3), why=why),)
    bare = cassette.model_copy(update={"lines": lines, "probes": probes, "calls": ()})
    first = play(bare, settings_of()).incidents[0]
    made = record(first.incident, first.events, [], first.rule, lambda text: text)

    again = play(load(dump(made)), settings_of()).incidents[0]

    for lived in (first, again):
        told = [e for e in lived.events if isinstance(e, FactoryProbed)]
        assert [(e.reachable, e.why) for e in told] == [(not why, why)]


@pytest.mark.parametrize(("name", "orders"), [("slow-factory", 15), ("bad-jwt", 12)])
def test_orders_that_are_late_or_wrong_count_as_affected(
    name: str, orders: int
) -> None:
    file = next(path for path in SHIPPED if path.stem == name)
    (lived,) = play(load(file.read_text("utf-8")), settings_of()).incidents

    assert lived.incident.failed_orders == orders
    assert lived.incident.affected_keys == lived.incident.failed_keys
