"""Read a Grafana's configuration, and judge whether it fits ours."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from urllib3.exceptions import HTTPError

from responder.config.settings import Credential, GrafanaSettings, Hmac, Settings
from responder.doctor.findings import Finding, note, ok, problem, warning
from responder.http import DirectSession, TimeBudget, on_call
from responder.incident.names import Sender
from responder.incident.rule import BadExpression, Matcher, Rule, why_ignored
from responder.logs.query import TokenKind, told_apart
from responder.masking import Masker

# Read Grafana's provisioning API: contact points, policies, rules, data sources.
#
# https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
# Unknown fields are ignored, missing ones have Grafana's defaults.

REDACTED = "[REDACTED]"
"""What Grafana shows in place of a secret, and takes for "leave it as it is"."""
_PART = re.compile(r"(\d+)(ms|s|m|h|d|w|y)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}


def _span(value: object) -> object:
    """A duration as Grafana writes it: `1m30s`, `0s`, or a number of seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if not isinstance(value, str) or not value:
        return None
    parts = _PART.findall(value)
    if "".join(number + unit for number, unit in parts) != value:
        return timedelta(0) if value == "0" else None
    return sum((int(n) * _UNITS[unit] for n, unit in parts), timedelta())


Span = Annotated[timedelta | None, BeforeValidator(_span)]


class _Wire(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


class Integration(_Wire):
    """One integration of a contact point; those of one name are one contact point."""

    uid: str = ""
    name: str = ""
    kind: str = Field(default="", alias="type")
    settings: dict[str, Any] = {}
    no_resolves: bool = Field(default=False, alias="disableResolveMessage")
    provenance: str = ""


class Timing(_Wire):
    """When a group is sent: None is inherited."""

    group_wait: Span = None
    group_interval: Span = None
    repeat_interval: Span = None


class Policy(Timing):
    """One node of the notification policy tree."""

    receiver: str = ""
    object_matchers: list[list[str]] = []
    go_on: bool = Field(default=False, alias="continue")
    routes: "list[Policy]" = []

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether all matchers hold; one that cannot be understood never does."""
        return all(_holds(matcher, labels) for matcher in self.object_matchers)


def _holds(parts: list[str], labels: Mapping[str, str]) -> bool:
    if len(parts) != 3:
        return False
    label, op, value = parts
    try:
        return Matcher(label=label, op=op, value=value).holds(labels)
    except BadExpression:
        return False


class Direct(Timing):
    """A rule's own `notification_settings`: it passes the policies by."""

    receiver: str


class AlertRule(_Wire):
    """A rule that Grafana evaluates."""

    uid: str = ""
    title: str = ""
    folder: str = Field(default="", alias="folderUID")
    group: str = Field(default="", alias="ruleGroup")
    labels: dict[str, str] | None = None
    data: list[dict[str, Any]] = []
    no_data: str = Field(default="NoData", alias="noDataState")
    pending: Span = Field(default=None, alias="for")
    paused: bool = Field(default=False, alias="isPaused")
    direct: Direct | None = Field(default=None, alias="notification_settings")

    @property
    def queries(self) -> tuple[str, ...]:
        """The texts that its data sources are asked."""
        models = (data.get("model") for data in self.data)
        found = (m.get("expr") for m in models if isinstance(m, dict))
        return tuple(text for text in found if isinstance(text, str))


class Folder(_Wire):
    uid: str
    title: str = ""


class DataSource(_Wire):
    uid: str
    name: str = ""
    kind: str = Field(default="", alias="type")
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaState:
    """All that was read from a Grafana at one time."""

    url: str
    integrations: tuple[Integration, ...] = ()
    policy: Policy = field(default_factory=Policy)
    rules: tuple[AlertRule, ...] = ()
    raw_rules: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The rules by uid as Grafana tells them."""
    intervals: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)
    """How often a group, by folder and name, is evaluated."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Titles by uid."""
    sources: tuple[DataSource, ...] | None = None
    """None where the token may not see them."""
    dashboards: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Those of ours that are there, by uid."""
    version: str = ""

    @property
    def cloud(self) -> bool:
        """Grafana Cloud: it evaluates no rule more often than every minute."""
        return ".grafana.net" in self.url

    def labels_of(self, rule: AlertRule) -> dict[str, str]:
        """The labels of its alerts, as far as the rule itself says them."""
        named = {"alertname": rule.title}
        if rule.folder in self.folders:
            named["grafana_folder"] = self.folders[rule.folder]
        return {**named, **(rule.labels or {})}

    def contact_point(self, name: str) -> tuple[Integration, ...]:
        return tuple(one for one in self.integrations if one.name == name)


def segment(name: str) -> str:
    """A name as one part of an address's path."""
    return quote(name, safe="", errors="replace")


T = TypeVar("T")
WITHIN = timedelta(seconds=10)
_DEEPEST = 60
"""Levels of lists and objects within each other."""
_EDITABLE = {"X-Disable-Provenance": "true"}
"""What is written so stays editable in Grafana's pages."""
_POINTS = "/api/v1/provisioning/contact-points"
_RULES = "/api/v1/provisioning/alert-rules"


class GrafanaError(Exception):
    """Grafana did not do it: a sentence with the remedy, without a secret.

    `status` is None where no answer came.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Grafana:
    """One Grafana. `within` bounds each exchange as a whole. Raises `Refused`."""

    def __init__(
        self, settings: GrafanaSettings, masker: Masker, within: timedelta = WITHIN
    ) -> None:
        self._settings = settings
        self._mask = masker
        self._within = within.total_seconds()

    def get(self, path: str) -> Any:
        """The document at a path."""
        return self._ask("GET", path, None)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Write a document; what it makes stays editable in Grafana's pages."""
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        status, content = self._exchange(method, path, body)
        if not 200 <= status < 300:
            raise GrafanaError(self._refusal(status, content, method, path), status)
        try:
            return json.loads(content) if content.strip() else {}
        except (ValueError, RecursionError):
            told = "answers something other than JSON; is grafana.url Grafana's own?"
            raise GrafanaError(f"{self._settings.url} {told}", status) from None

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, bytes]:
        call = TimeBudget(time.monotonic() + self._within)
        headers = {"Accept": "application/json", "Connection": "close"}
        if body is not None:
            headers |= _EDITABLE
        token = self._settings.token
        with on_call(call), DirectSession() as session:
            if token:
                # As bytes: a header's text must be Latin-1, a secret need not be.
                value = f"Bearer {token.reveal().strip()}".encode()
                session.headers["Authorization"] = value
            try:
                with session.request(
                    method,
                    self._settings.url + path,
                    json=body,
                    headers=headers,
                    timeout=self._within + 1,
                    allow_redirects=False,
                ) as answer:
                    return answer.status_code, answer.content
            except (requests.RequestException, HTTPError, OSError, ValueError):
                why = call.stage if not call.sent else "no complete answer came"
            late = f" within {self._within:g} s" if call.expired else ""
        raise GrafanaError(f"{self._settings.url} cannot be asked: {why}{late}")

    def _refusal(self, status: int, content: bytes, method: str, path: str) -> str:
        said = self._mask(_message(content))[:200]
        where = f"{method} {path.partition('?')[0]}"
        token = self._settings.token
        kind = told_apart(token.reveal()) if token else None
        if status in (401, 403) and kind and kind.kind is not TokenKind.SERVICE_ACCOUNT:
            return (
                f"HTTP {status}: grafana.token is {kind}; Grafana's API takes the "
                "token of a service account (glsa_...)"
            )
        if status == 401:
            return "HTTP 401: grafana.token is not accepted; was it deleted or expired?"
        if status == 403:
            return f"HTTP 403 to {where}: give the service account the role Admin"
        if 300 <= status < 400:
            return f"HTTP {status}: {self._settings.url} leads elsewhere; write that"
        return f"HTTP {status} to {where}: {said or 'without a word'}"

    def look(self, dashboards: tuple[str, ...] = ()) -> GrafanaState:
        """Read all that `doctor` and `connect` judge by. `dashboards` are uids."""
        health = _read(dict[str, Any], self.get("/api/health"), "health")
        raw = _read(list[dict[str, Any]], self.get(_RULES), "alert rules")
        rules = _read(list[AlertRule], raw, "alert rules")
        groups = dict.fromkeys((rule.folder, rule.group) for rule in rules)
        points = _read(list[Integration], self.get(_POINTS), "contact points")
        policies = self.get("/api/v1/provisioning/policies")
        folders = self.get("/api/folders?limit=1000")
        return GrafanaState(
            url=self._settings.url,
            integrations=tuple(points),
            policy=_read(Policy, policies, "notification policies"),
            rules=tuple(rules),
            raw_rules={str(one.get("uid")): one for one in raw},
            intervals={(f, g): self._interval(f, g) for f, g in groups},
            folders={
                one.uid: one.title for one in _read(list[Folder], folders, "folders")
            },
            sources=self._sources(),
            dashboards=self._dashboards(dashboards),
            version=str(health.get("version", "")),
        )

    def _interval(self, folder: str, group: str) -> timedelta:
        path = f"/api/v1/provisioning/folder/{segment(folder)}"
        found = self.get(f"{path}/rule-groups/{segment(group)}")
        interval = found.get("interval") if isinstance(found, dict) else None
        return _read(timedelta, interval, "a rule group")

    def _sources(self) -> tuple[DataSource, ...] | None:
        try:
            found = self.get("/api/datasources")
        except GrafanaError as refused:
            if refused.status != 403:
                raise
            return None
        return tuple(_read(list[DataSource], found, "data sources"))

    def _dashboards(self, uids: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        found = {}
        for uid in uids:
            try:
                answer = self.get(f"/api/dashboards/uid/{uid}")
            except GrafanaError as refused:
                if refused.status != 404:
                    raise
                continue
            found[uid] = _read(dict[str, Any], answer, "a dashboard")
        return found


def _read(kind: type[T], document: object, what: str) -> T:
    told = f"the {what} that Grafana tells have an unknown shape"
    if _deep(document):
        raise GrafanaError(told)
    try:
        return TypeAdapter(kind).validate_python(document)
    except (ValidationError, OverflowError):
        raise GrafanaError(told) from None


def _deep(document: object) -> bool:
    """Whether it is nested deeper than anything that Grafana tells."""
    level = [document]
    for _ in range(_DEEPEST):
        dicts = [one.values() for one in level if isinstance(one, dict)]
        lists = [one for one in level if isinstance(one, list)]
        level = [inner for holder in (*dicts, *lists) for inner in holder]
    return bool(level)


def _message(content: bytes) -> str:
    text = content[:4096].decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        text = "" if text.startswith("<") else text
    else:
        told = found.get("message") if isinstance(found, dict) else None
        text = told if isinstance(told, str) else text
    return " ".join(text.split())


# Walk Grafana's policy tree: who receives an alert, and when. Pure.

WAIT = timedelta(seconds=30)
INTERVAL = timedelta(minutes=5)
"""Grafana's own defaults of the root policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of an alert: to which contact point, and how long it waits there."""

    contact_point: str
    group_wait: timedelta
    group_interval: timedelta
    direct: bool = False
    """By the rule's own `notification_settings`."""


def ways_of(rule: AlertRule, seen: GrafanaState) -> tuple[Way, ...]:
    """Every contact point that alerts of this rule reach, in Grafana's order."""
    if rule.direct:
        timed = _timed(_timed((WAIT, INTERVAL), seen.policy), rule.direct)
        return (_way(rule.direct.receiver, timed, direct=True),)
    return ways(seen.labels_of(rule), seen.policy)


def ways(labels: Mapping[str, str], root: Policy) -> tuple[Way, ...]:
    """Every contact point that the tree leads these labels to."""
    return tuple(_walk(root, labels, root.receiver, (WAIT, INTERVAL)))


_Times = tuple[timedelta, timedelta]


def _walk(
    policy: Policy, labels: Mapping[str, str], receiver: str, times: _Times
) -> Iterator[Way]:
    receiver = policy.receiver or receiver
    times = _timed(times, policy)
    taken = False
    for child in policy.routes:
        if not child.takes(labels):
            continue
        taken = True
        yield from _walk(child, labels, receiver, times)
        if not child.go_on:
            return
    # Also with `continue`: a node sends itself only if no child took the alert.
    if not taken:
        yield _way(receiver, times)


def _timed(inherited: _Times, own: Timing) -> _Times:
    wait, interval = inherited
    return (
        wait if own.group_wait is None else own.group_wait,
        interval if own.group_interval is None else own.group_interval,
    )


def _way(receiver: str, times: _Times, *, direct: bool = False) -> Way:
    return Way(
        contact_point=receiver,
        group_wait=times[0],
        group_interval=times[1],
        direct=direct,
    )


# Which integrations are ours, and which reach a person. Pure.

PATH = "/webhooks/grafana"
_HOOKS = (PATH, "/webhooks/alertmanager", "/webhooks/irm")
_PLACEHOLDER = "<example@email.com>"
"""The address of the contact point that a new Grafana has: mail to it goes nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is judged: a Grafana as it was seen, against our configuration."""

    seen: GrafanaState
    settings: Settings

    @property
    def url(self) -> str:
        """Where Grafana is to send alerts, "" without a `public_url`."""
        base = self.settings.server.public_url
        return f"{base.rstrip('/')}{PATH}" if base else ""

    @property
    def watched(self) -> bool:
        """Whether every rule watches the logs itself, so that no alert need come."""
        return all(rule.watch for rule in self.settings.rules)

    @property
    def credential(self) -> Credential | None:
        """How Grafana proves itself: the first that its path takes."""
        known = self.settings.webhook_auth
        return next((one for one in known if Sender.GRAFANA in one.senders), None)

    def is_ours(self, one: Integration) -> bool:
        """Whether an integration leads to this Responder, rightly or not quite."""
        told = _address(one)
        if told is None:
            return False
        host, path = told
        wanted = urlsplit(self.url).netloc.lower()
        return host == wanted if wanted else path.endswith(_HOOKS)

    def looks_ours(self, one: Integration) -> bool:
        """Whether it leads to a Responder at another address."""
        told = _address(one)
        return told is not None and not self.is_ours(one) and told[1].endswith(_HOOKS)

    @property
    def ours(self) -> tuple[Integration, ...]:
        return tuple(one for one in self.seen.integrations if self.is_ours(one))

    def reaches_us(self, ways: tuple[Way, ...]) -> bool:
        return any(self.is_ours(one) for one in self._at_ends(ways))

    def reaches_people(self, ways: tuple[Way, ...]) -> bool:
        return any(
            not self.is_ours(one) and not self.looks_ours(one) and not _to_nobody(one)
            for one in self._at_ends(ways)
        )

    def _at_ends(self, ways: tuple[Way, ...]) -> tuple[Integration, ...]:
        names = dict.fromkeys(way.contact_point for way in ways)
        return tuple(one for name in names for one in self.seen.contact_point(name))

    def ways(self, rule: AlertRule) -> tuple[Way, ...]:
        return ways_of(rule, self.seen)

    def taker(self, rule: AlertRule) -> Rule | None:
        """The rule of ours that takes this rule's alerts."""
        labels = self.seen.labels_of(rule)
        return next((one for one in self.settings.rules if one.takes(labels)), None)

    @property
    def feeding(self) -> tuple[AlertRule, ...]:
        """The rules whose alerts reach us, as far as Grafana's own rules tell."""
        return tuple(
            one
            for one in self.seen.rules
            if not _about_us(one) and self.reaches_us(self.ways(one))
        )


def _address(one: Integration) -> tuple[str, str] | None:
    """Host with port, and path, of a webhook; None for anything else."""
    url = one.settings.get("url")
    if one.kind != "webhook" or not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.rpartition("@")[2].lower(), parts.path.rstrip("/")


def _about_us(rule: AlertRule) -> bool:
    """The heartbeat, which is nobody's page, and the alerts about Responder."""
    labels = rule.labels or {}
    return labels.get("heartbeat") == "true" or labels.get("service") == "responder"


def _to_nobody(one: Integration) -> bool:
    told = one.settings.get("addresses")
    return one.kind == "email" and isinstance(told, str) and _PLACEHOLDER in told


# Is our integration set up correctly? One check per function, pure.

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
                _remedy(one, "URL", matter.url or "<server.public_url>" + PATH),
            )


def _integration(matter: Matter, one: Integration) -> Iterator[Finding]:
    yield from _check_address(matter, one)
    yield from _resolves(one)
    yield from _signature(matter, one)
    yield from _truncation(one)
    yield from _body(one)


def _check_address(matter: Matter, one: Integration) -> Iterator[Finding]:
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
            _remedy(
                one, "URL", f"{matter.url}   # change the secret, and sign instead"
            ),
        )
    if parts.path.rstrip("/") != urlsplit(matter.url or PATH).path:
        yield problem(
            "grafana.path",
            f"{one.name} sends to the path {parts.path or '/'}",
            "Grafana's alerts are understood, and its signature is asked for, at "
            f"{PATH} only",
            _remedy(one, "URL", matter.url or f"<server.public_url>{PATH}"),
        )
    if matter.url and parts.scheme != urlsplit(matter.url).scheme:
        yield problem(
            "grafana.scheme",
            f"{one.name} sends by {parts.scheme}, server.public_url says "
            f"{urlsplit(matter.url).scheme}",
            "a redirect to https turns the POST into a GET: the alert is lost",
            _remedy(one, "URL", matter.url),
        )


def _resolves(one: Integration) -> Iterator[Finding]:
    if one.no_resolves:
        yield problem(
            "grafana.resolves",
            f"{one.name} does not send resolved messages",
            "an incident that ends by itself would not stand down, and a report may "
            "be sent for a fault that is over",
            _remedy(
                one, "Disable resolved message", "off (disableResolveMessage false)"
            ),
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
        _remedy(one, "HTTP authentication", lacking),
    )


def _signed(
    one: Integration, told: Mapping[str, Any], wanted: Hmac
) -> Iterator[Finding]:
    if not told.get("secret"):
        yield problem(
            "grafana.hmac",
            f"{one.name} does not sign, and webhook_auth asks for a signature",
            "every alert is answered 401 and lost",
            _remedy(one, "HMAC signature", "the secret, and both headers"),
        )
        return
    header, timestamp = _text(told, "header"), _text(told, "timestampHeader")
    if (header or _HEADER).lower() != wanted.header.lower():
        yield problem(
            "grafana.signature_header",
            f"{one.name} signs in {header or _HEADER}, Responder reads {wanted.header}",
            "every alert is answered 401 and lost",
            _remedy(one, "HMAC signature › Header", wanted.header),
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
            _remedy(one, mend, asked or f"{_TIMESTAMP}, and name it in webhook_auth"),
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
            _remedy(one, mend, asked),
        )


def _truncation(one: Integration) -> Iterator[Finding]:
    most = str(one.settings.get("maxAlerts", "") or "0").strip()
    if most != "0":
        yield problem(
            "grafana.max_alerts",
            f"{one.name} sends at most {most[:12]} alerts of a group",
            "the others never reach Responder, and a message may say resolved while "
            "they still fire",
            _remedy(one, "Max alerts", "0 (maxAlerts: 0)"),
        )


def _body(one: Integration) -> Iterator[Finding]:
    payload = one.settings.get("payload")
    if isinstance(payload, dict) and payload.get("template"):
        yield problem(
            "grafana.payload",
            f"{one.name} sends a body of its own template",
            "Responder reads Grafana's own form; a body of another shape gets 400",
            _remedy(one, "Custom payload", "empty"),
        )
    tls = one.settings.get("tlsConfig")
    if isinstance(tls, dict) and tls.get("insecureSkipVerify") in (True, "true"):
        yield warning(
            "grafana.tls",
            f"{one.name} does not verify our certificate",
            "whoever is in between reads and changes alerts",
            _remedy(one, "TLS › Disable certificate verification", "off"),
        )


def _remedy(one: Integration, setting: str, value: str) -> str:
    files = " (it comes from a file: change it there)" if _locked(one) else ""
    return f"Alerting › Contact points › {one.name} › {setting}: {value}{files}"


def _locked(one: Integration) -> bool:
    return one.provenance not in ("", "api")


# Do Grafana's rules and ours fit each other? One check per function, pure.


def judge_rules(matter: Matter) -> Iterator[Finding]:
    """Who feeds us, who feeds nobody, and whom each alert reaches besides us."""
    fed = {
        taker.name
        for rule in matter.feeding
        if not rule.paused and (taker := matter.taker(rule))
    }
    for rule in matter.feeding:
        yield from _untaken(matter, rule, fed)
        yield from _lonely(matter, rule)
        yield from _silent(rule)
        yield from _paused(rule)
    yield from _unfed(matter, fed)
    for name in sorted(fed):
        yield ok("grafana.feeds", f"an alert rule feeds {name}")


def _untaken(matter: Matter, rule: AlertRule, fed: set[str]) -> Iterator[Finding]:
    # Beside people's integration we hear of all that they are paged for: that is a
    # mistake only where a rule of ours waits for alerts in vain.
    whole = all(one.name in fed for one in matter.settings.rules)
    tell = note if whole else warning
    if matter.taker(rule) is None:
        told = why_ignored(matter.seen.labels_of(rule), matter.settings.rules)
        says, _, mend = told.partition("; to take it, ")
        yield tell(
            "grafana.untaken",
            f"alerts of {rule.title!r} reach us and no rule takes them: {says}",
            "they are stored and shown as ignored, and never acted on",
            f"responder.yaml: {mend}" if mend else "responder.yaml: add a rule",
        )


def _lonely(matter: Matter, rule: AlertRule) -> Iterator[Finding]:
    ways = matter.ways(rule)
    if matter.reaches_people(ways):
        return
    name = ways[0].contact_point
    cause = "its own notification settings" if ways[0].direct else "the policies"
    yield problem(
        "grafana.people",
        f"alerts of {rule.title!r} reach us and no person: {cause} lead to {name}",
        "what Responder cannot mend nobody hears of",
        f"Alerting › Contact points › {name}: add the integration that pages people",
    )


def _silent(rule: AlertRule) -> Iterator[Finding]:
    """A count of no lines is an empty result, which Grafana takes for no data."""
    zeroed = all("or vector(0)" in query for query in rule.queries)
    bare = rule.no_data == "NoData" and rule.queries and not zeroed
    if bare or rule.no_data == "Alerting":
        yield problem(
            "grafana.no_data",
            f"{rule.title!r} alerts when there is nothing to count "
            f"(noDataState: {rule.no_data})",
            "a healthy shop logs no errors: people are paged by silence",
            f"Alerting › Alert rules › {rule.title} › Alert state if no data: "
            "Normal (noDataState: OK)",
        )


def _paused(rule: AlertRule) -> Iterator[Finding]:
    if rule.paused:
        yield warning(
            "grafana.paused",
            f"{rule.title!r} is paused in Grafana",
            "it wakes nobody, neither us nor people",
            f"Alerting › Alert rules › {rule.title} › Resume (isPaused: false)",
        )


def _unfed(matter: Matter, fed: set[str]) -> Iterator[Finding]:
    others = [
        sender
        for one in matter.settings.webhook_auth
        for sender in one.senders
        if sender is not Sender.GRAFANA
    ]
    for number, rule in enumerate(matter.settings.rules):
        if rule.name not in fed:
            tell = note if others or rule.watch else problem
            yield tell(
                "grafana.unfed",
                f"rules[{number}] ({rule.name}): no alert rule in Grafana feeds it",
                "no alert of Grafana ever leads to it",
                "responder connect --apply   # or label a rule of Grafana so that "
                f"{rule.name} takes it",
            )


# How long each setting of Grafana delays an alert. Pure.

FOUNDING = timedelta(minutes=5)
"""The founding incident, 7 April 2025: orders failed from 18:44 to 18:49."""
_MINUTE = timedelta(minutes=1)
_TEN = timedelta(seconds=10)
_Tell = Callable[[str, str, str, str], Finding]


def judge_times(matter: Matter) -> Iterator[Finding]:
    """Pending period, evaluation interval, group wait and group interval."""
    for rule in matter.feeding:
        yield from _pending(rule)
        yield from _evaluation(matter, rule)
    ways = {
        (way.contact_point, way.group_wait, way.group_interval, way.direct): way
        for rule in matter.feeding
        for way in matter.ways(rule)
        if matter.reaches_us((way,))
    }
    for way in ways.values():
        yield from _wait(way)
        yield from _again(way)


def _pending(rule: AlertRule) -> Iterator[Finding]:
    pending = rule.pending or timedelta()
    if pending:
        yield warning(
            "grafana.pending",
            f"{rule.title!r} waits {_s(pending)} before it fires",
            f"it adds {_s(pending)} {_of(pending)}; Responder counts for itself",
            f"Alerting › Alert rules › {rule.title} › Pending period: 0s (for: 0s)",
        )


def _evaluation(matter: Matter, rule: AlertRule) -> Iterator[Finding]:
    interval = matter.seen.intervals.get((rule.folder, rule.group), _MINUTE)
    least = _MINUTE if matter.seen.cloud else _TEN
    if interval > least:
        tell: _Tell = warning if interval > _MINUTE else note
        yield tell(
            "grafana.interval",
            f"{rule.title!r} is evaluated every {_s(interval)}",
            f"it adds up to {_s(interval)} {_of(interval)}",
            f"Alerting › Alert rules › group {rule.group} › Evaluation interval: "
            f"{_s(least)}",
        )


def _wait(way: Way) -> Iterator[Finding]:
    if way.group_wait:
        tell: _Tell = warning if way.group_wait > WAIT else note
        yield tell(
            "grafana.group_wait",
            f"{way.contact_point} hears of a group after {_s(way.group_wait)}",
            f"it adds {_s(way.group_wait)} {_of(way.group_wait)}",
            f"{_where(way)} › Group wait: 0s (group_wait: 0s)",
        )


def _again(way: Way) -> Iterator[Finding]:
    if way.group_interval > _TEN:
        tell: _Tell = warning if way.group_interval > INTERVAL else note
        yield tell(
            "grafana.group_interval",
            f"{way.contact_point} hears of a change, or again after a failed "
            f"delivery, only every {_s(way.group_interval)}",
            f"one lost delivery adds {_s(way.group_interval)} "
            f"{_of(way.group_interval)}: Grafana never tries again sooner, nor does it "
            "tell of a fault that begins again right after it resolved",
            f"{_where(way)} › Group interval: 10s (group_interval: 10s)",
        )


def _where(way: Way) -> str:
    if way.direct:
        return "Alerting › Alert rules › the rule's notification settings"
    return f"Alerting › Notification policies › the one to {way.contact_point}"


def _of(length: timedelta) -> str:
    """Against how long the founding incident took."""
    return f"of the {_s(FOUNDING)} that the founding incident lasted"


def _s(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"


# All findings about a Grafana, given our configuration. Pure.

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
