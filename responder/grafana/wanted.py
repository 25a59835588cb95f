"""What Grafana should hold, out of our configuration alone. Pure.

`connect` and the files of `grafana/` come from here, so that the two cannot disagree.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from responder.config.settings import Credential
from responder.grafana.forms import above, length
from responder.incident.rule import Check, Rule

FOLDER_UID, FOLDER = "jwt-pizza", "JWT Pizza"
GROUP = "jwt-pizza"
EVERY = timedelta(seconds=10)
EVERY_ON_CLOUD = timedelta(minutes=1)
"""Grafana Cloud evaluates no more often."""
WEBHOOK = "webhook"
_LONGEST_UID = 40
_SHORT = timedelta(minutes=5)
_SEVERITY = {"severity": "critical"}

Sample = Callable[[Rule], Mapping[str, str]]
"""Labels that a rule takes. Raises ValueError where none can be found."""
Reveal = Callable[[Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One alert rule for Grafana: it fires when a check of ours would confirm."""

    uid: str
    title: str
    query: str
    window: timedelta
    threshold: int
    labels: Mapping[str, str]
    summary: str


class Unlabelled(ValueError):
    """No labels could be found by which a rule takes a rule's alerts; says the mend."""


def wakes(rules: Sequence[Rule], sample: Sample) -> tuple[Wake, ...]:
    """One for each check of each rule. Raises `Unlabelled`."""
    return tuple(
        _wake(rule, check, rules, sample) for rule in rules for check in rule.checks
    )


def _wake(rule: Rule, check: Check, rules: Sequence[Rule], sample: Sample) -> Wake:
    title = f"{rule.name}: {check.name}"
    # One line is one line in any window, and a short one lets the alert resolve soon.
    # A longer threshold counts as long as its check does: then whenever this fires,
    # the check confirms.
    window = min(check.window, _SHORT) if check.threshold == 1 else check.window
    return Wake(
        uid=_uid(rule.name, check.name),
        title=title,
        query=check.query,
        window=window,
        threshold=check.threshold,
        labels=_labels(rule, title, rules, sample),
        summary=f"{{{{ $values.A.Value }}}} lines of {check.name} in {length(window)}",
    )


def _labels(
    rule: Rule, title: str, rules: Sequence[Rule], sample: Sample
) -> dict[str, str]:
    """Labels by which this rule, and none before it, takes the alerts."""
    for alternative in rule.match or ((),):
        one = replace(rule, match=(alternative,) if alternative else ())
        try:
            found = {k: v for k, v in sample(one).items() if k != "alertname"}
        except ValueError:
            continue
        labels = _SEVERITY | (found or {"responder": rule.name})
        carried = {"alertname": title, "grafana_folder": FOLDER, **labels}
        if next((r for r in rules if r.takes(carried)), None) is rule:
            return labels
    raise Unlabelled(
        f"rule {rule.name}: no labels were found that lead Grafana's alerts to it; "
        f"add to its match: - {{responder: {rule.name}}}"
    )


def _uid(rule: str, check: str) -> str:
    whole = re.sub(r"[^\w-]", "-", f"responder-{rule}-{check}")
    if len(whole) <= _LONGEST_UID:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: _LONGEST_UID - 9]}-{digest}"


def rule_of(wake: Wake, source: str) -> dict[str, Any]:
    """The alert rule, as far as file and API write it alike. `source` is a uid."""
    seconds = int(wake.window.total_seconds())
    # The line break ends a comment that may be in the query.
    gap = "\n" if "#" in wake.query else " "
    counted = f"count_over_time({wake.query}{gap}[{length(wake.window)}])"
    data = {
        "refId": "A",
        "queryType": "instant",
        "datasourceUid": source,
        "relativeTimeRange": {"from": seconds, "to": 0},
        "model": {
            "refId": "A",
            "queryType": "instant",
            "editorMode": "code",
            # An empty result would be "no data", not "no lines".
            "expr": f"sum({counted}) or vector(0)",
        },
    }
    return {
        "uid": wake.uid,
        "title": wake.title,
        "condition": "C",
        "data": [data, above(wake.threshold - 1)],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": "0s",
        "isPaused": False,
        "annotations": {"summary": wake.summary},
        "labels": dict(wake.labels),
    }


def webhook(url: str, credential: Credential, reveal: Reveal) -> dict[str, Any]:
    """The settings of our integration. `reveal` writes a secret, or a name for it."""
    found: dict[str, Any] = {"url": url, "httpMethod": "POST"}
    if credential.hmac:
        found["hmacConfig"] = {
            "secret": reveal(credential.hmac.secrets[0]),
            "header": credential.hmac.header,
        }
        if credential.hmac.timestamp_header:
            timestamp = credential.hmac.timestamp_header
            found["hmacConfig"]["timestampHeader"] = timestamp
    if credential.bearer:
        found["authorization_scheme"] = "Bearer"
        found["authorization_credentials"] = reveal(credential.bearer)
    if credential.basic:
        found["username"] = credential.basic.username
        found["password"] = reveal(credential.basic.password)
    return found


def every(cloud: bool) -> timedelta:
    """How often the rules are evaluated."""
    return EVERY_ON_CLOUD if cloud else EVERY
