"""Who may speak: decided on the raw bytes."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from responder.config.settings import Basic, Credential, Hmac, Secret
from responder.incident.names import Sender
from responder.senders.auth import Authentic, Rejected, authenticate, sign

# The vendor's test vectors.
BODY = b'{"status":"firing","alerts":[]}'
PLAIN = "07f78738ef8c1057bfd493f433aadea56b573b8f8613e06d2bf44ce9eeebe708"
TIMED = "50691235a4bdf9f48320cb80e488851be2ec1fca0c23147ea255952f53ba33f3"
NOW = datetime.fromtimestamp(1790000000, UTC)
SIGNATURE = "X-Grafana-Alerting-Signature"
TIMESTAMP = "X-Grafana-Alerting-Timestamp"


def signed(*secrets: str, timestamp_header: str | None = None) -> Credential:
    return Credential(
        name="grafana",
        senders=frozenset({Sender.GRAFANA}),
        hmac=Hmac(
            secrets=tuple(Secret(s) for s in secrets or ("demo-secret",)),
            timestamp_header=timestamp_header,
        ),
    )


def bearer(token: str, *senders: Sender) -> Credential:
    return Credential(
        name="irm", senders=frozenset(senders or set(Sender)), bearer=Secret(token)
    )


def basic(username: str, password: str) -> Credential:
    return Credential(
        name="basic",
        senders=frozenset(Sender),
        basic=Basic(username=username, password=Secret(password)),
    )


def ask(
    headers: dict[str, str],
    *credentials: Credential,
    raw: bytes = BODY,
    now: datetime = NOW,
    sender: Sender = Sender.GRAFANA,
) -> Authentic | Rejected:
    return authenticate(credentials, sender, headers, raw, now)


def why(answer: Authentic | Rejected) -> str:
    assert isinstance(answer, Rejected)
    return answer.why


def encoded(pair: str, charset: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(pair.encode(charset)).decode()


def test_the_vendors_vector_without_timestamp_is_accepted() -> None:
    assert ask({SIGNATURE: PLAIN}, signed()) == Authentic(credential="grafana")


def test_the_vendors_vector_with_timestamp_is_accepted() -> None:
    headers = {SIGNATURE: TIMED, TIMESTAMP: "1790000000"}
    answer = ask(
        headers, signed(timestamp_header=TIMESTAMP), now=NOW + timedelta(seconds=2)
    )
    assert answer == Authentic(credential="grafana", clock_difference=2.0)


def test_header_names_may_come_in_any_case() -> None:
    assert isinstance(ask({SIGNATURE.lower(): PLAIN}, signed()), Authentic)


def test_a_changed_body_is_rejected_with_what_to_compare() -> None:
    answer = ask({SIGNATURE: PLAIN}, signed(), raw=BODY + b"\n")
    assert why(answer) == (
        "the signature does not match: compare the secret of the contact point with "
        "webhook_auth 'grafana'"
    )


def test_a_missing_signature_is_named() -> None:
    assert f"the header {SIGNATURE} is missing" in why(ask({}, signed()))


def test_a_configured_timestamp_header_must_not_be_stripped() -> None:
    answer = ask({SIGNATURE: PLAIN}, signed(timestamp_header=TIMESTAMP))
    assert f"the header {TIMESTAMP} is missing" in why(answer)


def test_a_timestamp_that_we_do_not_expect_is_pointed_out() -> None:
    answer = ask({SIGNATURE: TIMED, TIMESTAMP: "1790000000"}, signed())
    assert "set hmac.timestamp_header" in why(answer)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_clock_too_far_away_is_rejected_with_the_difference(seconds: int) -> None:
    answer = ask(
        {SIGNATURE: TIMED, TIMESTAMP: "1790000000"},
        signed(timestamp_header=TIMESTAMP),
        now=NOW + timedelta(seconds=seconds),
    )
    assert "the clock differs by 301 s" in why(answer)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_clock_at_the_limit_is_accepted(seconds: int) -> None:
    answer = ask(
        {SIGNATURE: TIMED, TIMESTAMP: "1790000000"},
        signed(timestamp_header=TIMESTAMP),
        now=NOW + timedelta(seconds=seconds),
    )
    assert answer == Authentic(credential="grafana", clock_difference=float(seconds))


@pytest.mark.parametrize("stamp", ["x", "1.5", "-1", "9" * 400, "١٧٩"])
def test_a_signed_timestamp_that_is_no_time_is_rejected(stamp: str) -> None:
    headers = {SIGNATURE: sign("demo-secret", BODY, stamp), TIMESTAMP: stamp}
    answer = ask(headers, signed(timestamp_header=TIMESTAMP))
    assert "holds no Unix seconds" in why(answer)


@pytest.mark.parametrize("secret", ["old-secret", "demo-secret"])
def test_either_secret_of_a_rotation_is_accepted(secret: str) -> None:
    answer = ask({SIGNATURE: sign(secret, BODY)}, signed("old-secret", "demo-secret"))
    assert isinstance(answer, Authentic)


@pytest.mark.parametrize(
    "given", [PLAIN.upper(), f"sha256={PLAIN}", PLAIN[:-1], "", "é", "\ud800", "☃"]
)
def test_a_signature_of_any_other_form_is_rejected(given: str) -> None:
    assert isinstance(ask({SIGNATURE: given}, signed()), Rejected)


def test_a_bearer_token_is_accepted_in_any_case_of_its_scheme() -> None:
    answer = ask({"authorization": "bearer t0ken-value"}, bearer("t0ken-value"))
    assert answer == Authentic(credential="irm")


@pytest.mark.parametrize(
    "header",
    ["Bearer other", "Bearer", "t0ken-value", "Basic t0ken-value", "Bearer \ud800"],
)
def test_any_other_authorization_is_no_bearer_token(header: str) -> None:
    answer = ask({"Authorization": header}, bearer("t0ken-value"))
    assert "webhook_auth 'irm'" in why(answer)


def test_a_missing_authorization_is_named() -> None:
    assert "there is no Authorization header" in why(ask({}, bearer("t0ken-value")))


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_password_beyond_ascii_is_accepted_in_either_charset(charset: str) -> None:
    header = encoded("ada:pässwörd:1", charset)
    assert isinstance(
        ask({"Authorization": header}, basic("ada", "pässwörd:1")), Authentic
    )


def test_a_bearer_token_beyond_ascii_is_accepted_as_wsgi_hands_it_over() -> None:
    header = "Bearer tökén".encode().decode("latin-1")
    assert isinstance(ask({"Authorization": header}, bearer("tökén")), Authentic)


@pytest.mark.parametrize(
    "header",
    [encoded("ada:wrong"), encoded("bob:secret"), encoded("ada"), "Basic !!", "Basic"],
)
def test_any_other_pair_is_rejected(header: str) -> None:
    assert isinstance(ask({"Authorization": header}, basic("ada", "secret")), Rejected)


def test_all_parts_of_one_credential_must_hold() -> None:
    both = Credential(
        name="both",
        senders=frozenset(Sender),
        hmac=signed().hmac,
        bearer=Secret("t0ken-value"),
    )
    token = {"Authorization": "Bearer t0ken-value"}
    assert isinstance(ask(token, both), Rejected)
    assert isinstance(ask({SIGNATURE: PLAIN}, both), Rejected)
    assert isinstance(ask({SIGNATURE: PLAIN, **token}, both), Authentic)


def test_any_credential_of_several_is_enough() -> None:
    headers = {"Authorization": "Bearer t0ken-value"}
    answer = ask(headers, signed(), bearer("t0ken-value"))
    assert answer == Authentic(credential="irm")


def test_a_credential_of_another_sender_does_not_count() -> None:
    headers = {"Authorization": "Bearer t0ken-value"}
    answer = ask(headers, bearer("t0ken-value", Sender.IRM))
    assert "has 'grafana' among its senders" in why(answer)


def test_a_credential_that_demands_nothing_admits_nobody() -> None:
    empty = Credential(name="empty", senders=frozenset(Sender))
    assert "demands nothing" in why(ask({}, empty))


def test_a_rejection_is_short_and_holds_no_secret() -> None:
    secrets = [f"canary-secret-{n}" for n in range(20)]
    headers = {SIGNATURE: "canary-sent", "Authorization": "Bearer canary-sent"}
    answer = ask(headers, *(signed(s) for s in secrets), *(bearer(s) for s in secrets))
    assert len(why(answer)) <= 500
    assert "canary" not in why(answer)
