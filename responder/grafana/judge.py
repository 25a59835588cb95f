"""All that can be said of a Grafana against our configuration. Pure."""

from collections.abc import Iterator

from responder.config.settings import GrafanaSettings
from responder.findings import Finding, ok, problem, warning
from responder.grafana.judge_point import judge_points
from responder.grafana.judge_rules import judge_rules
from responder.grafana.judge_time import judge_times
from responder.grafana.ours import Matter
from responder.tokens import TokenKind, told_apart

_SIGNS = 12
"""The first Grafana that signs webhooks."""


def judge(matter: Matter) -> Iterator[Finding]:
    """Every finding about what was read of Grafana."""
    yield from _version(matter)
    yield from judge_points(matter)
    yield from judge_rules(matter)
    yield from judge_times(matter)


def judge_token(settings: GrafanaSettings) -> Iterator[Finding]:
    """The token, told apart from its look-alikes before anybody is asked."""
    mend = 'grafana.token: "${GRAFANA_TOKEN}"   # of a service account'
    if settings.token is None:
        yield problem(
            "grafana.token",
            "grafana.token is not set",
            "nothing can be read of Grafana, so nothing is known of it",
            mend,
        )
        return
    token = told_apart(settings.token.reveal())
    if token.kind is TokenKind.ACCESS_POLICY:
        yield problem(
            "grafana.token",
            f"grafana.token is {token}",
            "access policies read and write logs; Grafana's API takes the token of a "
            "service account (glsa_)",
            mend,
        )


def _version(matter: Matter) -> Iterator[Finding]:
    seen, credential = matter.seen, matter.credential
    major = seen.version.partition(".")[0]
    if not (major.isascii() and major.isdigit() and len(major) < 4):
        return
    if credential and credential.hmac and int(major) < _SIGNS:
        yield warning(
            "grafana.version",
            f"Grafana {seen.version} cannot sign; it needs {_SIGNS} or newer",
            "webhook_auth asks for a signature: every alert is answered 401",
            "upgrade Grafana, or webhook_auth[]: {name: grafana, senders: [grafana], "
            'bearer: "${GRAFANA_BEARER}"}',
        )
        return
    yield ok("grafana.version", f"Grafana {seen.version} answers")
