"""Plan and apply what must change in a Grafana."""

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import yaml

from responder.config.settings import Credential, Secret
from responder.doctor.alerts import PROMETHEUS_UID, above, length
from responder.doctor.grafana import (
    REDACTED,
    DataSource,
    GrafanaState,
    Integration,
    Matter,
    Way,
    segment,
    ways,
)
from responder.incident.rule import Check, Rule
from responder.masking import MASK

# The difference between what is there and what is wanted, without secrets. Pure.

_SECRET_KEYS = ("secret", "authorization_credentials", "password")


def contains(actual: object, wanted: object) -> bool:
    """Whether everything wanted is there; Grafana adds defaults of its own."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            key in actual and contains(actual[key], value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(contains(*pair) for pair in zip(actual, wanted, strict=True))
        )
    return actual == wanted


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The two as YAML against each other: a line each, with its sign and secrets
    masked."""
    found = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=2)
    lines = [line for line in list(found)[2:] if not line.startswith("@@")]
    return "".join(f"  {line}\n" for line in lines)


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether they differ in nothing but secrets, which nobody can read back."""
    return bool(masked(before) == masked(after))


def _lines(document: Mapping[str, Any]) -> list[str]:
    if not document:
        return []
    text = yaml.safe_dump(masked(document), allow_unicode=True, width=200)
    return text.splitlines()


def masked(document: Any) -> Any:
    """A copy whose secrets are `***`, also those that Grafana has hidden."""
    if isinstance(document, Mapping):
        return {
            key: MASK if key in _SECRET_KEYS and value else masked(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [masked(one) for one in document]
    return MASK if document == REDACTED else document


# What Grafana should hold, derived from our configuration alone. Pure.
#
# `connect` and the files of `grafana/` come from here, so that the two cannot disagree.

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
    """No labels could be found by which a rule takes an alert; says how to fix it."""


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


_POINTS = "/api/v1/provisioning/contact-points"
_RULES = "/api/v1/provisioning/alert-rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaChange:
    """One call that changes Grafana, and what it changes, fit to be shown."""

    what: str
    method: str
    path: str
    body: Mapping[str, Any]
    diff: str


def plan(
    matter: Matter,
    wanted: Sequence[Wake],
    source: str,
    boards: Mapping[str, Mapping[str, Any]],
    *,
    point: str | None = None,
    renew: bool = False,
) -> tuple[GrafanaChange, ...]:
    """Every change, in order. `source` is the uid of the Loki data source.

    `point` names the contact point, else those are taken that the rules use already.
    `renew` writes the secrets again, which nobody can read back to compare.
    """
    folder = _folder(matter)
    return (
        *_points(matter, wanted, point, renew),
        *_folders(matter, folder),
        *_rules(matter, wanted, source, folder),
        *_boards(matter, boards, folder),
    )


def _points(
    matter: Matter, wanted: Sequence[Wake], point: str | None, renew: bool
) -> Iterator[GrafanaChange]:
    credential = matter.credential
    if credential is None or not matter.url:
        return
    for one in matter.ours:
        yield from _contact_point_change(matter, one, credential, renew)
    for name in [point] if point else _lacking(matter, wanted):
        if any(matter.is_ours(one) for one in matter.seen.contact_point(name)):
            continue
        body = point_of(name, matter.url, credential, Secret.reveal)
        what = f"add our webhook to the contact point {name}"
        yield _change(what, "POST", _POINTS, body, {})


def point_of(
    name: str, url: str, credential: Credential, reveal: Reveal
) -> dict[str, Any]:
    """Our integration for the contact point of this name."""
    return {
        "name": name,
        "type": WEBHOOK,
        "disableResolveMessage": False,
        "settings": webhook(url, credential, reveal),
    }


def _lacking(matter: Matter, wanted: Sequence[Wake]) -> Iterator[str]:
    """The contact points that rules use for alerts of ours without telling us."""
    rules = [rule for rule in matter.seen.rules if matter.taker(rule)]
    ends = [matter.ways(rule) for rule in rules]
    there = {rule.uid for rule in rules}
    for wake in wanted:
        if wake.uid not in there:
            labels = {"alertname": wake.title, "grafana_folder": FOLDER, **wake.labels}
            ends.append(ways(labels, matter.seen.policy))
    yield from dict.fromkeys(
        _best(matter, found) for found in ends if not matter.reaches_us(found)
    )


def _best(matter: Matter, found: tuple[Way, ...]) -> str:
    """The one that pages people, where there are several: ours is beside theirs."""
    peopled = (way for way in found if matter.reaches_people((way,)))
    return next(peopled, found[0]).contact_point


def _contact_point_change(
    matter: Matter, one: Integration, credential: Credential, renew: bool
) -> Iterator[GrafanaChange]:
    ours = webhook(matter.url, credential, Secret.reveal)
    settings: dict[str, Any] = {**one.settings, **ours}
    if str(settings.get("maxAlerts") or "0") != "0":
        settings["maxAlerts"] = 0
    settings.pop("payload", None)
    before = {"disableResolveMessage": one.no_resolves, "settings": one.settings}
    after = {"disableResolveMessage": False, "settings": settings}
    if not renew and same(before, after):
        return
    body = {"uid": one.uid, "name": one.name, "type": WEBHOOK, **after}
    path = f"{_POINTS}/{segment(one.uid)}"
    what = f"mend our webhook in the contact point {one.name}"
    yield _change(what, "PUT", path, body, before)


def _folder(matter: Matter) -> str:
    """The uid of the folder: one of its title that is there already, else ours."""
    named = (uid for uid, title in matter.seen.folders.items() if title == FOLDER)
    return next(named, FOLDER_UID)


def _folders(matter: Matter, folder: str) -> Iterator[GrafanaChange]:
    if folder not in matter.seen.folders:
        body = {"uid": folder, "title": FOLDER}
        yield _change(f"add the folder {FOLDER}", "POST", "/api/folders", body, {})


def _rules(
    matter: Matter, wanted: Sequence[Wake], source: str, folder: str
) -> Iterator[GrafanaChange]:
    made = [placed(rule_of(wake, source), folder) for wake in wanted]
    if made and (folder, GROUP) not in matter.seen.intervals:
        new = [rule for rule in made if rule["uid"] not in matter.seen.raw_rules]
        if new:
            yield _group(new, folder, matter.seen.cloud)
        made = [rule for rule in made if rule not in new]
    for rule in made:
        there = matter.seen.raw_rules.get(rule["uid"])
        if there is None:
            yield _change(f"add the rule {rule['title']}", "POST", _RULES, rule, {})
        else:
            yield from _rewritten(there, rule)


def _group(rules: list[dict[str, Any]], folder: str, cloud: bool) -> GrafanaChange:
    body = group_of(rules, folder, cloud=cloud)
    path = f"/api/v1/provisioning/folder/{segment(folder)}/rule-groups/{GROUP}"
    what = f"add {len(rules)} rules, evaluated every {body['interval']} s"
    return _change(what, "PUT", path, body, {})


def group_of(
    rules: list[dict[str, Any]], folder: str, *, cloud: bool
) -> dict[str, Any]:
    """A whole group as the API takes it."""
    interval = int(every(cloud).total_seconds())
    return {"title": GROUP, "folderUid": folder, "interval": interval, "rules": rules}


def placed(rule: dict[str, Any], folder: str) -> dict[str, Any]:
    """A rule as the API takes it: it names its folder and group."""
    return {**rule, "orgID": 1, "folderUID": folder, "ruleGroup": GROUP}


_OURS = ("title", "condition", "data", "noDataState", "execErrState")
"""What follows from our configuration; the rest of a rule belongs to its people."""


def _rewritten(there: dict[str, Any], rule: dict[str, Any]) -> Iterator[GrafanaChange]:
    labels = {**(there.get("labels") or {}), **rule["labels"]}
    ours = {**{key: rule[key] for key in _OURS}, "labels": labels}
    if contains(there, ours):
        return
    body = {**there, **ours}
    path = f"{_RULES}/{segment(str(rule['uid']))}"
    before = {key: there.get(key) for key in ours}
    yield _change(f"change the rule {rule['title']}", "PUT", path, body, before, ours)


def _boards(
    matter: Matter, boards: Mapping[str, Mapping[str, Any]], folder: str
) -> Iterator[GrafanaChange]:
    for uid, board in boards.items():
        there = matter.seen.dashboards.get(uid, {})
        old = there.get("dashboard")
        if contains(old, board):
            continue
        at = (there.get("meta") or {}).get("folderUid") or folder
        body = {
            "dashboard": {**board, "id": None},
            "folderUid": at,
            "overwrite": True,
            "message": "responder connect",
        }
        title = board.get("title", uid)
        what = f"{'change' if old else 'add'} the dashboard {title}"
        diff = f"  {len(board.get('panels', ()))} panels\n"
        yield GrafanaChange(
            what=what, method="POST", path="/api/dashboards/db", body=body, diff=diff
        )


def _change(
    what: str,
    method: str,
    path: str,
    body: Mapping[str, Any],
    before: Mapping[str, Any],
    shown: Mapping[str, Any] | None = None,
) -> GrafanaChange:
    after = {key: body[key] for key in before} if before and not shown else shown
    diff = difference(before, after or body)
    return GrafanaChange(what=what, method=method, path=path, body=body, diff=diff)


# What to type into Grafana's pages, for those who give us no token. Pure.

_SECRET_WORDS = "(the secret of webhook_auth, from Responder's environment)"


def contact_point(url: str, credential: Credential) -> Iterator[str]:
    """Our integration, setting by setting, without a secret."""
    yield "Alerting › Contact points › Edit the one that pages you today"
    yield "› Add contact point integration, beside your people's own:"
    yield "  Integration               Webhook"
    yield f"  URL                       {url}"
    yield "  HTTP method               POST"
    yield "  Max alerts                (empty)"
    yield "  Disable resolved message  off"
    if credential.hmac:
        yield f"  HMAC signature › Secret   {_SECRET_WORDS}"
        yield f"    Header                  {credential.hmac.header}"
        yield f"    Timestamp header        {credential.hmac.timestamp_header or ''}"
    if credential.bearer:
        yield "  Authorization › Scheme    Bearer"
        yield f"    Credentials             {_SECRET_WORDS}"
    if credential.basic:
        yield f"  HTTP Basic › Username     {credential.basic.username}"
        yield f"    Password                {_SECRET_WORDS}"
    yield "› Test (the status page shows a test; it never acts) › Save contact point"


def alert_rules(wanted: Sequence[Wake]) -> Iterator[str]:
    """Each alert rule, setting by setting."""
    yield f"Alerting › Alert rules › New alert rule, each in the folder {FOLDER},"
    cloud = length(every(True))
    yield f"group {GROUP}, evaluated every {length(every(False))} ({cloud} on Cloud):"
    for wake in wanted:
        labels = ", ".join(f"{name} = {value}" for name, value in wake.labels.items())
        query = rule_of(wake, "")["data"][0]["model"]["expr"]
        yield f"  {wake.title}"
        yield f"    Query (Loki, instant)   {query}"
        yield f"    Condition               is above {wake.threshold - 1}"
        yield "    Pending period          0s"
        yield "    No data                 Normal; error: Error"
        yield f"    Labels                  {labels}"
    yield "Choose the contact point above, where a rule asks for one."


# Which of Grafana's data sources is the Loki that we count in. Pure.

_CLOUD = "grafanacloud-logs"
_NOT_LOGS = ("usage-insights", "alert-state-history")
"""Lokis that Grafana Cloud keeps for itself, at the same address."""


class NoSource(ValueError):
    """It cannot be told which; says the remedy."""


def loki_source(seen: GrafanaState, url: str | None, asked: str | None) -> str:
    """The uid of the data source for the alert rules. Raises `NoSource`.

    `url` is our own `logs.url`, `asked` what the user named.
    """
    known = [one for one in seen.sources or () if one.kind == "loki"]
    if asked:
        if seen.sources is not None and asked not in {one.uid for one in known}:
            raise NoSource(f"Grafana has no Loki data source {asked}: {_named(known)}")
        return asked
    if seen.sources is None:
        raise NoSource("the token may not see data sources: name one by --datasource")
    usable = [one for one in known if not any(w in one.name for w in _NOT_LOGS)]
    ours = [one for one in usable if _base(one.url) == _base(url or "")]
    for found in (ours, [o for o in usable if o.uid == _CLOUD], usable):
        if len(found) == 1:
            return found[0].uid
    if not known:
        add = "Connections › Data sources › Add › Loki, then again"
        raise NoSource(f"Grafana has no Loki data source: {add}")
    raise NoSource(f"name one by --datasource: {_named(known)}")


def prometheus_source(seen: GrafanaState) -> str:
    """The uid that dashboards ask until another is chosen in them."""
    known = [one.uid for one in seen.sources or () if one.kind == "prometheus"]
    return known[0] if known and PROMETHEUS_UID not in known else PROMETHEUS_UID


def _base(url: str) -> str:
    return url.rstrip("/").lower()


def _named(known: list[DataSource]) -> str:
    return ", ".join(f"{one.uid} ({one.name})" for one in known) or "it has none"
