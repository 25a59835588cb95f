"""Secrets that cannot be masked, or whose mask would hide what rules go by.

Every secret is masked wherever its letters stand, in an alert before a rule is asked
for it: a password `pizza` turns the label `jwt-pizza` into `jwt-***`, which no rule
takes.
"""

from collections.abc import Iterator

from responder.config.expand import Expanded
from responder.config.parts import Parts
from responder.config.problem import Problem, problem, written
from responder.masking import SHORTEST

_REMEDY = "choose another, as `openssl rand -hex 16` makes one"
_FORM = (
    *("alerts", "status", "firing", "resolved", "labels", "annotations", "alertname"),
    *("startsAt", "endsAt", "fingerprint", "groupKey", "receiver", "externalURL"),
    *("generatorURL", "silenceURL", "dashboardURL", "panelURL", "truncatedAlerts"),
    *("alert_group", "alert_payload", "state", "acknowledged", "silenced", "title"),
    *("permalinks", "last_alert", "payload", "event", "type", "user", "username"),
    *("TestAlert", "instance", "Grafana", "heartbeat", "true", "responder_drill"),
)
"""Words that the bodies of the senders are understood by."""


def too_plain(parts: Parts, expanded: Expanded) -> Iterator[Problem]:
    """Secrets that are part of a word which rules or senders are understood by."""
    words = list(_words(parts))
    for secret, at in expanded.places.items():
        where = next((where for word, where in words if secret in word), None)
        if where and len(secret) >= SHORTEST:
            message = f"is part of a plain word, of {where}: masking would hide that"
            yield problem(at, message, _REMEDY, "***")


def too_short(expanded: Expanded) -> Iterator[Problem]:
    """Secrets that are shorter than what is masked."""
    for secret, at in expanded.places.items():
        if secret and len(secret) < SHORTEST:
            message = f"is shorter than {SHORTEST} characters: it cannot be masked"
            yield problem(at, message, _REMEDY, "***")


def _words(parts: Parts) -> Iterator[tuple[str, str]]:
    """Every word that has to stay readable, with where it stands."""
    for i, one in enumerate(parts.rules):
        rule, at = one.rule.value, ("rules", i)
        for matcher in (m for each in rule.match for m in each):
            yield matcher.label, written((*at, "match"))
            yield matcher.value, written((*at, "match"))
        for label in rule.group_by:
            yield label, written((*at, "group_by"))
        yield rule.name, written((*at, "name"))
        for k, check in enumerate(one.checks):
            yield check.value.name, written((*at, "checks", k, "name"))
    for word in _FORM:
        yield word, "every webhook"
