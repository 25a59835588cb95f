"""Cassettes as files: what goes in comes out, and what is none is refused by name."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.replay.cassette import (
    BadCassette,
    Cassette,
    Fault,
    Lines,
    Spread,
    dump,
    is_cassette,
    load,
)

START = datetime(2026, 11, 3, 9, tzinfo=UTC)
LEAST = "cassette: 1\nname: one\nstart: 2026-11-03T09:00:00Z\n"
offsets = st.integers(0, 86_400_000).map(lambda ms: timedelta(milliseconds=ms))
texts = st.text(st.characters(codec="utf-8"))


@given(
    at=st.lists(offsets, min_size=1, max_size=5),
    text=texts.filter(bool),
    late=offsets,
    about=texts,
)
def test_what_is_written_is_read_again(
    at: list[timedelta], text: str, late: timedelta, about: str
) -> None:
    lines = Lines(at=list(at), labels={"component": "x"}, text=text, late=late)
    cassette = Cassette(
        cassette=1, name="one", about=about, start=START, lines=(lines,)
    )

    assert load(dump(cassette)) == cassette


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_a_rare_line_break_is_read_as_it_was_written(character: str) -> None:
    text = f"{character}in {character} between, and last{character}"
    label = f"k{character}"
    lines = Lines(at=[timedelta()], labels={label: text}, text=text)
    cassette = Cassette(cassette=1, name="one", start=START, lines=(lines,))

    assert load(dump(cassette)) == cassette


def test_a_time_in_a_body_stays_the_text_that_was_sent() -> None:
    body = "{status: firing, alerts: [{startsAt: 2026-11-03T09:00:00Z}]}"
    text = f"{LEAST}deliveries:\n- {{at: 0s, sender: grafana, body: {body}}}\n"

    (delivery,) = load(text).deliveries

    assert delivery.body["alerts"][0]["startsAt"] == "2026-11-03T09:00:00Z"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("speed: 2", "speed: Extra inputs are not permitted"),
        ("lines: [{at: [0s]}]", "give text (with labels)"),
        ("lines: [{at: [0s], text: x}]", "a text needs labels"),
        ("lines: [{at: [], check: x}]", "lines[0].at: List should have at least 1"),
        ("lines: [{at: [5], check: x}]", "lines[0].at[0]"),
        ("lines: [{at: [0s], check: x, during: d}]", "there is no fault 'd'"),
        ("faults: [{name: a}, {name: a}]", "two faults have the same name"),
        ("lines: [{at: [{count: 3}], check: x}]", "count needs to"),
        ("lines: [{at: [{every: 1s, count: 3}], check: x}]", "either count"),
        ("about: see /api/support/0f0f/report/abc", "holds a report path"),
        ("about: https://x.example/?apiKey=0f0f", "holds a report path"),
        ("expect: {ends: [fine]}", "expect.ends[0]"),
        ("length: [", "no YAML at line"),
        ("about: &a x\nname2: *a", "no YAML"),
    ],
)
def test_what_is_no_cassette_is_refused_with_its_place(more: str, why: str) -> None:
    with pytest.raises(BadCassette) as refused:
        load(f"{LEAST}{more}\n")

    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "no mapping"),
        ("name: one", "cassette: 1"),
        ("cassette: 2\nname: one", "reads cassette: 1 only"),
        ("cassette: 1\nname: one\nstart: 2026-11-03T09:00:00", "with its zone"),
    ],
)
def test_another_document_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadCassette) as refused:
        load(text)

    assert why in str(refused.value)


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(BadCassette) as refused:
        load(f"{LEAST}length: s3cr3t\nexpect: {{ends: [s3cr3t]}}\n")

    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [(LEAST, True), ('{"status": "firing"}', False), ("x: {cassette: 1}", False)],
)
def test_a_cassette_is_told_from_a_body(text: str, told: bool) -> None:
    assert is_cassette(text) is told


def test_a_spread_has_its_ends_and_even_steps() -> None:
    seconds = [timedelta(seconds=n) for n in (0, 5, 10)]
    end = timedelta(minutes=1)

    assert Spread(to=seconds[-1], count=3).times(end) == seconds
    assert Spread(every=seconds[1]).times(seconds[-1]) == seconds
    assert Spread(since=end, every=seconds[1]).times(seconds[-1]) == []


def test_the_names_of_all_links_are_known() -> None:
    lines = Lines(
        at=[timedelta()],
        labels={"component": "x"},
        text="{link:a} {link:b@other.example} {link:}",
    )
    fault = Fault(name="chaos", link="c")
    cassette = Cassette(
        cassette=1, name="one", start=START, lines=(lines,), faults=(fault,)
    )

    assert cassette.links() == {"a", "b", "c"}
