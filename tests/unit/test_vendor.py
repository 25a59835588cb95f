"""What is read of the factory's record of us, and what is not."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from responder.config.settings import FactorySettings, Secret
from responder.demo.factory import SimulatedFactory
from responder.incident.supplier_events import FixRecorded, fix_words
from responder.vendor import LARGEST, VendorRecord, decipher
from tests.web_parts import at

FIXED = datetime(2026, 11, 5, 18, 46, 2, 250000, tzinfo=UTC)
CHAOS = {
    "type": "none",
    "initiatedDate": "2026-11-06T15:30:00.000Z",
    "fixDate": "2026-11-05T18:46:02.250Z",
}


def body(chaos: object) -> bytes:
    return json.dumps({"id": "shop", "apiKey": "k", "chaos": chaos}).encode()


def test_the_fix_date_is_read() -> None:
    assert decipher(200, body(CHAOS)) == FIXED


@pytest.mark.parametrize(
    "chaos",
    [
        None,
        {},
        [],
        "fixDate",
        {"fixDate": None},
        {"fixDate": 7},
        {"fixDate": "yesterday"},
        {"fixDate": "2026-11-05T18:46:02"},
        {"fixDate": "0001-01-01T00:00:00+14:00"},
        {"initiatedDate": "2026-11-06T15:30:00.000Z"},
    ],
)
def test_a_record_without_one_says_none(chaos: object) -> None:
    assert decipher(200, body(chaos)) is None


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (401, body(CHAOS)),
        (500, b"{}"),
        (200, b""),
        (200, b"<html>"),
        (200, b"[" * 100_000),
        (200, b"\xff"),
        (200, body(CHAOS) + b" " * LARGEST),
    ],
)
def test_any_other_answer_says_none(status: int, raw: bytes) -> None:
    assert decipher(status, raw) is None


def test_without_a_key_nobody_is_asked() -> None:
    settings = FactorySettings(url="http://127.0.0.1:9")

    assert VendorRecord(settings).fixed_at() is None


def test_the_factory_tells_it_to_who_has_the_key() -> None:
    with SimulatedFactory() as factory:
        factory.fixed_at = FIXED
        key, wrong = Secret(factory.api_key), Secret("wrong")
        ours = VendorRecord(FactorySettings(url=factory.url, api_key=key))
        others = VendorRecord(FactorySettings(url=factory.url, api_key=wrong))

        assert ours.fixed_at() == FIXED
        assert others.fixed_at() is None


def test_a_factory_that_is_gone_says_none() -> None:
    with SimulatedFactory() as factory:
        settings = FactorySettings(url=factory.url, api_key=Secret("k"))

    assert VendorRecord(settings).fixed_at() is None


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        (at(-2), "the factory's own record: mended at 11:59:58"),
        (
            at(-2) - timedelta(days=1),
            "the factory's own record: mended at 2026-11-04 11:59:58",
        ),
    ],
)
def test_it_is_told_with_its_day_where_that_is_another(
    fixed: datetime, expected: str
) -> None:
    assert fix_words(FixRecorded(at=at(0), fixed_at=fixed)) == expected
