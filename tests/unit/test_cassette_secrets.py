"""No token, code, path or secret gets into a cassette, wherever it stood."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.app.expected import unmet
from responder.app.stage import play
from responder.cassette.files import dump, load
from responder.cassette.imported import BadExport, Heard, entries_of, import_all
from responder.cassette.made import Alerted, Description, make
from responder.cassette.masked import Hider
from responder.cassette.recorded import record
from responder.cassette.schema import Kind
from responder.incident.events import ReportAnswered
from responder.incident.evidence import to_ns
from responder.incident.fold import fold
from responder.incident.listing import HeardBody
from responder.incident.names import Sender, State
from responder.masking import Masker
from responder.replay import understand
from responder.senders import samples
from tests.cassettes import settings_of
from tests.web_parts import RULE, founding

START = datetime(2026, 11, 3, 9, tzinfo=UTC)
HOST = "pizza-factory.cs329.click"
# Long and strange enough to stand nowhere by chance.
tokens = st.from_regex(r"[0-9a-f]{12}x[0-9a-f]{12}", fullmatch=True)
codes = st.from_regex(r"[0-9a-z]{4}q[0-9a-z]{3}", fullmatch=True)
hosts = st.sampled_from([HOST, "evil.example", f"{HOST}:8443", "HOST", ""])
around = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@st.composite
def planted(draw: st.DrawFn, token: str, code: str) -> str:
    """A text with a link, a token or a code somewhere in it, encoded now and then."""
    scheme = draw(st.sampled_from(["https://", "http://", "HTTPS://"]))
    path = f"/api/support/{token}/report/{code}"
    host = draw(hosts)
    old = f"https://cs329.cs.byu.edu/api/report?apiKey={token}&fixCode={code}"
    known = [f"{scheme}{host}{path}", path, old, f"key {token} and {code}"]
    found = draw(st.sampled_from(known))
    for _ in range(draw(st.integers(0, 2))):
        found = json.dumps({"resBody": found})
    return draw(around) + " " + found + " " + draw(around)


def alert(text: str) -> bytes:
    labels = {"alertname": text, "responder": "jwt-pizza"}
    return json.dumps(samples.body(Sender.GRAFANA, labels, START)).encode()


def export(*lines: str) -> bytes:
    values = [[str(to_ns(START) + n), line] for n, line in enumerate(lines)]
    stream = {"stream": {"component": "x", "level": "error"}, "values": values}
    found = {"resultType": "streams", "result": [stream]}
    return json.dumps({"status": "success", "data": found}).encode()


@given(data=st.data(), token=tokens, code=codes)
def test_an_import_holds_no_token_and_no_code(
    data: st.DataObject, token: str, code: str
) -> None:
    link = f"https://{HOST}/api/support/{token}/report/{code}"
    lines = [data.draw(planted(token, code)), f'{{"resBody": "{link}"}}']
    raw = alert(data.draw(planted(token, code)))
    heard = [Heard(body=json.loads(raw), notification=understand(raw))]

    text = dump(import_all("one", heard, entries_of(export(*lines)), host=HOST))

    assert token not in text
    assert code not in text
    assert "{link:a}" in text
    assert load(text).links() == {"a"}


@given(secret=st.from_regex(r"[A-Za-z0-9]{20}", fullmatch=True))
def test_a_configured_secret_is_masked_wherever_it_stands(secret: str) -> None:
    raw = alert(f"with {secret} in it")
    heard = [Heard(body=json.loads(raw), notification=understand(raw))]
    lines = entries_of(export(f"Bearer {secret}"))

    text = dump(import_all("one", heard, lines, mask=Masker([secret])))

    assert secret not in text


def test_a_link_of_a_stranger_keeps_its_host_and_gets_a_name() -> None:
    hider = Hider(HOST)
    text = (
        f"https://{HOST}/api/support/t0ken/report/c0de "
        "https://evil.example/api/support/t0ken/report/0ther"
    )
    hider.see(text)

    assert hider.line(text) == "{link:a} {link:b@evil.example}"
    assert hider.text(text) == "*** ***"


def test_what_looks_like_one_of_our_names_is_not_believed() -> None:
    assert Hider(HOST).line("see {link:a}") == "see ***"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"data": {"result": [{"stream": {}, "values": []}]}}',
        b'{"data": {"result": [{"stream": {"a": "b"}, "values": [["x", "y"]]}]}}',
        b'{"data": {"result": [{"stream": {"a": "b"}, "values": [["1", 5]]}]}}',
        b'{"data": {"result": [{"metric": {}, "value": [1, "2"]}]}}',
    ],
)
def test_a_file_that_is_no_export_is_refused(raw: bytes) -> None:
    with pytest.raises(BadExport):
        entries_of(raw)


def test_two_lines_of_one_moment_stay_two() -> None:
    lines = entries_of(export("same", "same"))

    (entry,) = import_all("one", [], lines).lines

    assert len(entry.at) == 2


@pytest.mark.parametrize("kind", list(Kind))
def test_a_description_is_a_cassette_that_replays_as_it_expects(kind: Kind) -> None:

    minutes = timedelta(minutes=1)
    cassette = make(
        Description(
            name="told",
            start=START,
            lasts=6 * minutes,
            errors_per_minute=10,
            failed_orders=20,
            kind=kind,
            alerts=[Alerted(at=2 * minutes)],
            reported_by_hand=4 * minutes,
        )
    )

    played = play(cassette, settings_of())

    assert unmet(played, cassette.expect) == []
    if kind is not Kind.OTHER:
        assert played.incidents[0].incident.state is State.RECOVERED


@given(data=st.data(), token=tokens, code=codes)
def test_a_recording_holds_no_token_and_no_code(
    data: st.DataObject, token: str, code: str
) -> None:
    events = founding()
    text = data.draw(planted(token, code))
    said = f"https://{HOST}/api/support/{token}/report/{code}"
    bodies = [
        HeardBody(
            id="d1",
            received_at=START,
            sender="grafana",
            text=alert(f"{text} {said}").decode(),
        )
    ]
    answered = [
        replace(event, message=f"{event.message} {said}")
        if isinstance(event, ReportAnswered)
        else event
        for event in events
    ]

    made = record(fold("i1", answered), answered, bodies, RULE, lambda text: text)

    written = dump(made)
    assert token not in written
    assert code not in written
    assert load(written) == made
