"""Is our integration as it must be? One judgement a function, pure."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from responder.config.settings import Hmac
from responder.findings import Finding, note, ok, problem, warning
from responder.grafana.objects import Integration
from responder.grafana.ours import PATH, Matter

_HEADER = "X-Grafana-Alerting-Signature"
"""Where Grafana signs when nobody names a header."""
_TIMESTAMP = "X-Grafana-Alerting-Timestamp"
_TELLING = ("token", "secret", "key", "password", "auth", "sig", "access")


def judge_points(matter: Matter) -> Iterator[Finding]:
    """The contact point that leads to us, and each integration in it."""
    yield from _stray(matter)
    if not matter.ours:
        yield _nowhere(matter)
        return
    for one in matter.ours:
        found = [*_integration(matter, one)]
        yield from found
        if not found:
            yield ok("grafana.contact_point", f"{one.name} leads to us, signed")


def _nowhere(matter: Matter) -> Finding:
    where = matter.url or f"<server.public_url>{PATH}"
    tell = note if matter.watched else problem
    why = "Grafana tells Responder of no alert: it will never act"
    if matter.watched:
        why = "only what the rules watch themselves is acted on"
    return tell(
        "grafana.contact_point",
        f"no contact point leads to {where}",
        why,
        f"responder connect --apply   # or add a Webhook integration with URL {where}",
    )


def _stray(matter: Matter) -> Iterator[Finding]:
    for one in matter.seen.integrations:
        if matter.looks_ours(one):
            host = urlsplit(str(one.settings.get("url"))).hostname
            yield warning(
                "grafana.elsewhere",
                f"{one.name} leads to a Responder at {host}, not to this one",
                "alerts may go to a service that is gone, or be acted on twice",
                _mend(one, "URL", matter.url or "<server.public_url>" + PATH),
            )


def _integration(matter: Matter, one: Integration) -> Iterator[Finding]:
    yield from _address(matter, one)
    yield from _resolves(one)
    yield from _signature(matter, one)
    yield from _truncation(one)
    yield from _body(one)


def _address(matter: Matter, one: Integration) -> Iterator[Finding]:
    url = str(one.settings.get("url", ""))
    parts = urlsplit(url)
    secrets = matter.settings.secrets()
    telling = parts.username or parts.password or any(s in url for s in secrets if s)
    named = [key for key, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if telling or any(word in key.lower() for key in named for word in _TELLING):
        yield problem(
            "grafana.secret_in_url",
            f"{one.name} carries a secret in its URL",
            "Grafana stores and shows URLs in clear, and proxies log them",
            _mend(one, "URL", f"{matter.url}   # change the secret, and sign instead"),
        )
    if parts.path.rstrip("/") != urlsplit(matter.url or PATH).path:
        yield problem(
            "grafana.path",
            f"{one.name} sends to the path {parts.path or '/'}",
            "Grafana's alerts are understood, and its signature is asked for, at "
            f"{PATH} only",
            _mend(one, "URL", matter.url or f"<server.public_url>{PATH}"),
        )
    if matter.url and parts.scheme != urlsplit(matter.url).scheme:
        yield problem(
            "grafana.scheme",
            f"{one.name} sends by {parts.scheme}, server.public_url says "
            f"{urlsplit(matter.url).scheme}",
            "a redirect to https turns the POST into a GET: the alert is lost",
            _mend(one, "URL", matter.url),
        )


def _resolves(one: Integration) -> Iterator[Finding]:
    if one.no_resolves:
        yield problem(
            "grafana.resolves",
            f"{one.name} does not send resolved messages",
            "an incident that ends by itself would not stand down, and a report may "
            "be sent for a fault that is over",
            _mend(one, "Disable resolved message", "off (disableResolveMessage false)"),
        )


def _signature(matter: Matter, one: Integration) -> Iterator[Finding]:
    credential = matter.credential
    if credential is None:
        return
    told = one.settings.get("hmacConfig")
    if credential.hmac:
        yield from _signed(one, told if isinstance(told, dict) else {}, credential.hmac)
    if credential.bearer and not one.settings.get("authorization_credentials"):
        yield _unproven(one, "authorization_credentials", credential.name)
    basic = credential.basic
    if basic and one.settings.get("username") != basic.username:
        yield _unproven(one, f"username: {basic.username}", credential.name)


def _unproven(one: Integration, lacking: str, name: str) -> Finding:
    return problem(
        "grafana.credentials",
        f"{one.name} does not send what webhook_auth {name} asks for",
        "every alert is answered 401 and lost",
        _mend(one, "HTTP authentication", lacking),
    )


def _signed(
    one: Integration, told: Mapping[str, Any], wanted: Hmac
) -> Iterator[Finding]:
    if not told.get("secret"):
        yield problem(
            "grafana.hmac",
            f"{one.name} does not sign, and webhook_auth asks for a signature",
            "every alert is answered 401 and lost",
            _mend(one, "HMAC signature", "the secret, and both headers"),
        )
        return
    header, timestamp = _text(told, "header"), _text(told, "timestampHeader")
    if (header or _HEADER).lower() != wanted.header.lower():
        yield problem(
            "grafana.signature_header",
            f"{one.name} signs in {header or _HEADER}, Responder reads {wanted.header}",
            "every alert is answered 401 and lost",
            _mend(one, "HMAC signature › Header", wanted.header),
        )
    yield from _timestamped(one, timestamp, wanted)


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


def _timestamped(one: Integration, timestamp: str, wanted: Hmac) -> Iterator[Finding]:
    asked = wanted.timestamp_header
    mend = "HMAC signature › Timestamp header"
    if not timestamp:
        yield problem(
            "grafana.timestamp",
            f"{one.name} signs without a timestamp header",
            "every alert is answered 401 and lost"
            if asked
            else "whoever records a request can send it again, for ever",
            _mend(one, mend, asked or f"{_TIMESTAMP}, and name it in webhook_auth"),
        )
    elif not asked:
        yield problem(
            "grafana.timestamp",
            f"{one.name} signs with {timestamp}, webhook_auth names no such header",
            "what is signed differs: every alert is answered 401 and lost",
            f"webhook_auth[].hmac.timestamp_header: {timestamp}",
        )
    elif timestamp.lower() != asked.lower():
        yield problem(
            "grafana.timestamp",
            f"{one.name} sends its time in {timestamp}, Responder reads {asked}",
            "every alert is answered 401 and lost",
            _mend(one, mend, asked),
        )


def _truncation(one: Integration) -> Iterator[Finding]:
    most = str(one.settings.get("maxAlerts", "") or "0").strip()
    if most != "0":
        yield problem(
            "grafana.max_alerts",
            f"{one.name} sends at most {most[:12]} alerts of a group",
            "the others never reach Responder, and a message may say resolved while "
            "they still fire",
            _mend(one, "Max alerts", "0 (maxAlerts: 0)"),
        )


def _body(one: Integration) -> Iterator[Finding]:
    payload = one.settings.get("payload")
    if isinstance(payload, dict) and payload.get("template"):
        yield problem(
            "grafana.payload",
            f"{one.name} sends a body of its own template",
            "Responder reads Grafana's own form; a body of another shape gets 400",
            _mend(one, "Custom payload", "empty"),
        )
    tls = one.settings.get("tlsConfig")
    if isinstance(tls, dict) and tls.get("insecureSkipVerify") in (True, "true"):
        yield warning(
            "grafana.tls",
            f"{one.name} does not verify our certificate",
            "whoever is in between reads and changes alerts",
            _mend(one, "TLS › Disable certificate verification", "off"),
        )


def _mend(one: Integration, setting: str, value: str) -> str:
    files = " (it comes from a file: change it there)" if _locked(one) else ""
    return f"Alerting › Contact points › {one.name} › {setting}: {value}{files}"


def _locked(one: Integration) -> bool:
    return one.provenance not in ("", "api")
