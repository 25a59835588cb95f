"""What the first page says of gaps, and of a storage that forgets."""

from datetime import timedelta

from responder.incident.service import Downtime, Uptime
from responder.web.pages import warnings
from tests.fakes import NOON
from tests.web_parts import Web, at

HOUR = 3600


def test_a_gap_of_today_is_told_by_the_clock() -> None:
    gap = Downtime(since=at(-10 * HOUR + 660), until=at(-4 * HOUR + 180))
    (told,) = warnings(Uptime(gaps=(gap,)), NOON)
    assert told == "Responder was not running 02:11-08:03 UTC."


def test_a_gap_over_midnight_has_both_days() -> None:
    gap = Downtime(since=at(-14 * HOUR), until=at(-4 * HOUR))
    (told,) = warnings(Uptime(gaps=(gap,)), NOON)
    assert told == ("Responder was not running 2026-11-04 22:00-2026-11-05 08:00 UTC.")


def test_a_gap_of_another_day_has_its_day() -> None:
    gap = Downtime(since=at(-34 * HOUR), until=at(-33 * HOUR))
    (told,) = warnings(Uptime(gaps=(gap,)), NOON)
    assert told == "Responder was not running 2026-11-04 02:00-03:00 UTC."


def test_an_old_gap_is_no_news() -> None:
    gap = Downtime(since=at(0), until=at(120))
    assert warnings(Uptime(gaps=(gap,)), NOON + timedelta(days=8)) == ()


def test_a_storage_that_stays_and_knows_its_past_says_nothing() -> None:
    assert warnings(Uptime(since=at(-60)), NOON) == ()


def test_lost_history_says_from_when_on_there_is_some() -> None:
    (told,) = warnings(Uptime(since=at(-60), history_lost=True), NOON)
    assert told.startswith("The history before 11:59 UTC is lost")


def test_a_disk_that_forgets_is_named_with_the_remedy() -> None:
    (told,) = warnings(Uptime(since=at(-60), forgets="memory (tmpfs)"), NOON)
    assert "storage.url is on memory (tmpfs)" in told
    assert "PostgreSQL" in told


def test_the_first_page_says_so_and_since_when_there_is_a_record() -> None:
    gap = Downtime(since=at(-10 * HOUR + 660), until=at(-4 * HOUR + 180))
    web = Web(memory=Uptime(since=at(-60), gaps=(gap,)))
    page = web.client().get("/").text
    assert "Responder was not running 02:11-08:03 UTC." in page
    assert "Record since 2026-11-05 11:59 UTC" in page


def test_the_metrics_say_the_same() -> None:
    gap = Downtime(since=at(-180), until=at(-60))
    web = Web(memory=Uptime(since=at(-60), gaps=(gap,), forgets="memory (tmpfs)"))
    assert web.sample("responder_storage_durable") == 0
    assert web.sample("responder_storage_since_timestamp_seconds") == (
        at(-60).timestamp()
    )
    assert web.sample("responder_storage_history_lost") == 0
    assert web.sample("responder_gap_seconds") == 120
    assert web.sample("responder_gap_end_timestamp_seconds") == at(-60).timestamp()
