"""No token, code, path or secret gets into a cassette, wherever it stood."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from responder.incident.events import ReportAnswered
from responder.incident.incident import fold
from responder.incident.names import Sender
from responder.incident.view import ReceivedBody
from responder.masking import Masker
from responder.replay.cassette import Hider, dump, load
from responder.replay.record import record
from responder.senders import sample as samples
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


def test_a_link_its_token_and_its_code_are_masked() -> None:
    hider = Hider()
    text = (
        f"https://{HOST}/api/support/t0ken/report/c0de "
        "https://evil.example/api/support/t0ken/report/0ther t0ken"
    )
    hider.see(text)

    assert hider.text(text) == "*** *** ***"


def test_what_looks_like_one_of_our_names_is_not_believed() -> None:
    assert Hider().text("see {link:a}") == "see ***"


@given(secret=st.from_regex(r"[A-Za-z0-9]{20}", fullmatch=True))
def test_a_configured_secret_is_masked_wherever_it_stands(secret: str) -> None:
    events = founding()
    body = ReceivedBody(
        id="d1",
        received_at=START,
        sender="grafana",
        text=alert(f"with {secret} in it").decode(),
    )

    made = record(fold("i1", events), events, [body], RULE, Masker([secret]))

    assert secret not in dump(made)


@given(data=st.data(), token=tokens, code=codes)
def test_a_recording_holds_no_token_and_no_code(
    data: st.DataObject, token: str, code: str
) -> None:
    events = founding()
    text = data.draw(planted(token, code))
    said = f"https://{HOST}/api/support/{token}/report/{code}"
    bodies = [
        ReceivedBody(
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
