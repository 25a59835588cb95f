"""Checks of the logs, the factory and our own address."""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from responder.config.settings import LokiLogs
from responder.doctor.findings import Finding, note, ok, problem, warning
from responder.http import DirectSession, TimeBudget, on_call
from responder.incident.evidence import to_ns
from responder.incident.names import UnreadableReason
from responder.incident.rule import Rule
from responder.logs.loki import Entry, LokiHttp, QueryFailed, decipher
from responder.logs.query import TokenKind, parse_logql, told_apart

# One GET of an address, and what it shows. Follows no redirect.

WITHIN = timedelta(seconds=8)
INSTANCE = "X-Responder-Instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """An answer came. `seconds` is from the name's lookup to the headers."""

    status: int
    seconds: float
    instance: str = ""
    """Which process of Responder answered, "" if none did."""
    elsewhere: str = ""
    """Where a redirect leads."""
    expires: datetime | None = None
    """When the certificate ends, with https."""
    told_at: datetime | None = None
    """The time of day by the clock of who answered, to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """No answer came, and how far the request got."""

    why: str


Visit = Reached | Unreached


def visit(url: str, within: timedelta = WITHIN) -> Visit:
    """Ask once, over a connection of its own, without proxies. Never raises."""
    began = time.monotonic()
    call = TimeBudget(began + within.total_seconds())
    with on_call(call), DirectSession() as session:
        try:
            with session.get(
                url,
                headers={"User-Agent": "jwt-pizza-responder"},
                timeout=within.total_seconds() + 1,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Reached(
                    status=answer.status_code,
                    seconds=time.monotonic() - began,
                    instance=answer.headers.get(INSTANCE, "")[:40],
                    elsewhere=answer.headers.get("Location", "")[:200],
                    expires=_expires(answer),
                    told_at=_told_at(answer.headers.get("Date", "")),
                )
        except (requests.RequestException, HTTPError, OSError, ValueError):
            why = "no complete answer came" if call.sent else call.stage
    late = f" within {within.total_seconds():g} s" if call.expired else ""
    return Unreached(why=f"{why}{late}")


def _expires(answer: requests.Response) -> datetime | None:
    wire: Any = getattr(getattr(answer.raw, "connection", None), "sock", None)
    if not isinstance(wire, ssl.SSLSocket):
        return None
    ends = (wire.getpeercert() or {}).get("notAfter")
    if not isinstance(ends, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)


def _told_at(date: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    return at if at.tzinfo else None


IRM_WAITS = 4.0
"""Seconds; an outgoing webhook of IRM is given up after them."""
_SLOW = 1.0
_LOST = "Grafana and IRM send alerts there: none arrives"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthAnswers:
    """Answers of `/-/healthy`: from the service asked directly, and in public.

    `shared`: several replicas may answer, each with an instance of its own.
    """

    public_url: str | None
    server: str
    own: Visit
    public: Sequence[Visit] = ()
    shared: bool = False


def judge_public(seen: HealthAnswers) -> Iterator[Finding]:
    """Every finding about `server.public_url`."""
    own = seen.own.instance if isinstance(seen.own, Reached) else ""
    if not own:
        yield warning(
            "public.server",
            f"no Responder answers at {seen.server} ({_said(seen.own)})",
            "the public address cannot be compared with the process it should reach",
            "responder serve   # or name a running one: responder doctor --server URL",
        )
    if seen.public_url is None:
        yield note(
            "public.url",
            "server.public_url is not set",
            "only this machine can send alerts",
            'server.public_url: "https://responder.example.net"',
        )
        return
    for one in seen.public:
        if isinstance(one, Unreached):
            yield _missed(seen, _said(one))
            return
        if one.elsewhere and 300 <= one.status < 400:
            yield _redirected(one)
            return
        if not one.instance:
            yield _missed(seen, _said(one))
            return
    reached = [one for one in seen.public if isinstance(one, Reached)]
    if own and all(one.instance != own for one in reached):
        yield _another(seen, reached[0].instance, own)
    elif own:
        yield ok("public.url", f"{seen.public_url} reaches this process")
    yield from _trip(seen.public_url, reached)


def _missed(seen: HealthAnswers, got: str) -> Finding:
    return problem(
        "public.url",
        f"Your public address does not reach this process (got {got})",
        _LOST,
        f"lead {seen.public_url} to {seen.server}, or mend server.public_url",
    )


def _redirected(one: Reached) -> Finding:
    return problem(
        "public.redirect",
        f"Your public address does not reach this process (got {one.status}, a "
        f"redirect to {one.elsewhere})",
        "a redirect turns the POST of an alert into a GET without a body: it is lost",
        "server.public_url: the address that the redirect leads to, without its path",
    )


def _another(seen: HealthAnswers, got: str, own: str) -> Finding:
    tell = warning if seen.shared else problem
    which = "another replica, or another" if seen.shared else "another"
    return tell(
        "public.url",
        f"Your public address reaches {which} Responder (instance {got}, the one at "
        f"{seen.server} is {own})",
        "what is changed here is not what alerts reach",
        f"lead {seen.public_url} to {seen.server}, or stop the other one",
    )


def _trip(url: str, reached: Sequence[Reached]) -> Iterator[Finding]:
    longest = max(one.seconds for one in reached)
    says = f"{url} answers within {longest:.2f} s; IRM waits {IRM_WAITS:g} s"
    why = "IRM gives a webhook up after 4 s, and tries again 10 s later"
    mend = "put Responder nearer, and keep it awake (no host that sleeps)"
    if longest >= IRM_WAITS:
        yield problem("public.round_trip", says, why, mend)
    elif longest >= _SLOW:
        yield warning("public.round_trip", says, why, mend)
    else:
        yield ok("public.round_trip", says)


def _said(one: Visit) -> str:
    if isinstance(one, Unreached):
        return f"no answer: {one.why}"
    return f"{one.status} of something else" if one.status == 200 else str(one.status)


# Is the factory there, and its certificate good? No report path is touched. Pure.

_SOON = timedelta(days=14)


def judge_factory(url: str, found: Visit, now: datetime) -> Iterator[Finding]:
    """Every finding about `factory.url`, from one GET of its first page."""
    if isinstance(found, Unreached):
        yield problem(
            "factory.reachable",
            f"the factory at {url} cannot be reached: {found.why}",
            "no report can be sent: every incident ends with a person",
            'factory.url: "https://pizza-factory.cs329.click"   # and let this '
            "machine reach it",
        )
        return
    if found.status >= 500:
        yield warning(
            "factory.reachable",
            f"the factory at {url} answers HTTP {found.status}",
            "a report would fare no better",
            "look at the factory; Responder tries each report again by itself",
        )
    else:
        yield ok(
            "factory.reachable",
            f"the factory answers within {found.seconds:.2f} s, certificate verified"
            if url.startswith("https:")
            else f"the factory answers within {found.seconds:.2f} s, in clear",
        )
    if found.expires and found.expires - now < _SOON:
        yield warning(
            "factory.certificate",
            f"the factory's certificate ends on {found.expires:%Y-%m-%d}",
            "afterwards no report is sent: its certificate is always verified",
            "tell the people of the factory to renew it",
        )


# What `doctor` asks of Loki: streams, labels, how late lines come, how much there is.
#
# Queries show lines to nobody: only times and sizes are kept.

DAY = timedelta(days=1)
_LOOK_EVERY = 1.0
_NANO = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What one selector finds in the last day."""

    check: str
    """The rule and the check, as `pizza-factory/error-logs`."""
    selector: str
    found: bool | QueryFailed
    label: str = ""
    values: tuple[str, ...] = ()
    """What its first label is elsewhere, where nothing was found."""
    size: int | None = None
    """Bytes of its streams in the last day; None where Loki does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    streams: tuple[Streams, ...]
    late: timedelta | None = None
    """How old a line was when it could first be read; None: no new one came."""
    watched: float = 0.0
    """Seconds that a new line was waited for."""


class LokiProbe:
    """Asks one Loki. `now` and `pause` are the clock and how to wait."""

    def __init__(
        self,
        settings: LokiLogs,
        now: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        self._http = LokiHttp(settings)
        self._now = now
        self._pause = pause

    def close(self) -> None:
        self._http.close()

    def facts(self, rules: Sequence[Rule], watch: float) -> LogFacts:
        """Everything; waits at most `watch` seconds for a new line. Never raises."""
        named = {
            selector_of(check.query): f"{rule.name}/{check.name}"
            for rule in reversed(rules)
            for check in reversed(rule.checks)
        }
        streams = tuple(self._streams(text, name) for text, name in named.items())
        found = [one.selector for one in streams if one.found is True]
        late = self._late(found, watch) if found and watch else None
        return LogFacts(streams=streams, late=late, watched=watch if found else 0.0)

    def _streams(self, text: str, check: str) -> Streams:
        lines = self._newest(text)
        found = lines if isinstance(lines, QueryFailed) else bool(lines)
        label = text[1:].partition("=")[0].rstrip("!~")
        missing = found is False
        return Streams(
            check=check,
            selector=text,
            found=found,
            label=label,
            values=self._values(label) if missing else (),
            size=self._size(text) if found is True else None,
        )

    def _newest(self, text: str) -> tuple[Entry, ...] | QueryFailed:
        """The newest line of the last day, none, or why neither can be told."""
        now = self._now()
        asked = {
            "query": text,
            "start": str(to_ns(now - DAY)),
            "end": str(to_ns(now + timedelta(minutes=10))),
            "limit": "1",
            "direction": "backward",
        }
        answer = self._http.ask("query_range", asked)
        if isinstance(answer, QueryFailed):
            return answer
        return decipher(*answer, self._http.mask)

    def _late(self, selectors: Sequence[str], watch: float) -> timedelta | None:
        """How old the next new line of any is when first seen; None if none comes."""
        first = self._newest_ns(selectors)
        waited = 0.0
        while waited < watch:
            self._pause(_LOOK_EVERY)
            waited += _LOOK_EVERY
            seen = self._newest_ns(selectors)
            if seen > first:
                age = (to_ns(self._now()) - seen) / _NANO
                return timedelta(seconds=age)
        return None

    def _newest_ns(self, selectors: Sequence[str]) -> int:
        """The time of the newest line of them all, 0 where none can be read."""
        newest = map(self._newest, selectors)
        read = (lines for lines in newest if isinstance(lines, tuple))
        return max((at_ns for lines in read for at_ns, *_ in lines), default=0)

    def _values(self, label: str) -> tuple[str, ...]:
        found = self._document(f"label/{label}/values", {})
        known = found.get("data")
        texts = known if isinstance(known, list) else []
        return tuple(one for one in texts if isinstance(one, str))

    def _size(self, text: str) -> int | None:
        """Bytes by Loki's index. It answers 0 for what is not flushed: not known."""
        size = self._document("index/stats", {"query": text}).get("bytes")
        if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
            return None
        return size

    def _document(self, path: str, asked: dict[str, str]) -> dict[str, object]:
        now = self._now()
        span = {"start": str(to_ns(now - DAY)), "end": str(to_ns(now))}
        answer = self._http.ask(path, {**asked, **span})
        if isinstance(answer, QueryFailed) or answer[0] != 200:
            return {}
        try:
            found = json.loads(answer[2])
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def selector_of(query: str) -> str:
    """The stream selector of a query that was accepted, written anew."""
    matchers = parse_logql(query).matchers
    inside = (f"{m.label}{m.op}{json.dumps(m.value)}" for m in matchers)
    return "{" + ", ".join(inside) + "}"


# What is read from the logs in a day, and whether that is fair use. Pure.

FAIR_USE = 100
"""Grafana Cloud bills queries beyond so many times of what is pushed in a month, and a
free stack has no billing. https://grafana.com/docs/grafana-cloud/cost-management-and-billing/"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks Loki how often: our rules' checks, each so often by Grafana."""

    rules: Sequence[Rule]
    every: timedelta
    cloud: bool


def judge_volume(facts: LogFacts, asking: Asking) -> Iterator[Finding]:
    """What Grafana's alert rules and our watches read; nothing if sizes are unknown."""
    sizes = {one.selector: one.size for one in facts.streams if one.size is not None}
    if not sizes:
        return
    # All that is pushed is at least the largest of what we ask for.
    pushed = max(sizes.values())
    alerts = sum(_daily(rule, sizes, asking.every) for rule in asking.rules)
    watches = 0.0
    for rule in asking.rules:
        if rule.watch is not None:
            daily = _daily(rule, sizes, rule.watch)
            watches += daily
            yield _watched(rule, rule.watch, daily, pushed)
    yield _together(alerts, watches, pushed, asking)


def _watched(rule: Rule, every: timedelta, daily: float, pushed: int) -> Finding:
    times = f", {_times(daily, pushed):.0f} times what is pushed" if pushed else ""
    says = (
        f"{rule.name}: a watch every {every.total_seconds():g} s looks "
        f"{DAY / every:,.0f} times a day and reads about {_size(daily)}{times}"
    )
    return ok("logs.watch", says)


def _together(alerts: float, watches: float, pushed: int, asking: Asking) -> Finding:
    times = _times(alerts + watches, pushed)
    who = "the alert rules and watches read" if watches else "the alert rules read"
    says = (
        f"{who} about {_size(alerts + watches)} a day, {times:.0f} times what is "
        f"pushed; Grafana Cloud's fair use is {FAIR_USE} times"
    )
    if not asking.cloud or times <= FAIR_USE:
        return ok("logs.volume", says)
    return warning(
        "logs.volume",
        says,
        "beyond it queries are billed, or refused on a free stack",
        f"{_slower(alerts, watches, times, asking)}, or shorter "
        "rules[].checks[].window",
    )


def _slower(alerts: float, watches: float, times: float, asking: Asking) -> str:
    """The interval of those that read most, so much longer that it is fair use."""
    if watches > alerts:
        watched = [rule.watch for rule in asking.rules if rule.watch is not None]
        return f"rules[].watch: {_seconds(min(watched) * times / FAIR_USE)}s"
    slower = _seconds(asking.every * times / FAIR_USE)
    return f"Alerting › Alert rules › Evaluation interval: {slower}s"


def _seconds(interval: timedelta) -> int:
    return int(interval.total_seconds()) + 1


def _times(daily: float, pushed: int) -> float:
    return daily / pushed if pushed else 0.0


def _daily(rule: Rule, sizes: Mapping[str, int], every: timedelta) -> float:
    """Bytes that a rule's checks read in a day: each look reads its window."""
    return sum(
        sizes.get(selector_of(check.query), 0) * (check.window / DAY) * (DAY / every)
        for check in rule.checks
    )


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


# Can errors be counted, soon enough and cheaply enough? Pure.

_FINE = timedelta(seconds=10)
_READ = "a token of a Cloud access policy with the scope logs:read"
_SHOWN = 8


def judge_token(logs: LokiLogs) -> Iterator[Finding]:
    """The token, told apart from its look-alikes before anybody is asked."""
    secret, at = _token(logs)
    if told_apart(secret).kind is TokenKind.SERVICE_ACCOUNT:
        yield problem(
            "logs.token",
            f"logs.{at} is {TokenKind.SERVICE_ACCOUNT}",
            "Loki does not know it: it belongs to grafana.token, and every look would "
            "end with a person",
            f'logs.{at}: "${{LOKI_TOKEN}}"   # {_READ}',
        )


def judge_logs(facts: LogFacts, logs: LokiLogs, asking: Asking) -> Iterator[Finding]:
    """Every finding about what Loki answered."""
    answers = (one.found for one in facts.streams)
    refused = next((one for one in answers if isinstance(one, QueryFailed)), None)
    if refused:
        yield _refused(refused, logs)
        return
    for one in facts.streams:
        yield _found(one)
    yield from _late(facts, asking.rules)
    yield from judge_volume(facts, asking)


def _refused(refused: QueryFailed, logs: LokiLogs) -> Finding:
    secret, at = _token(logs)
    why = "evidence is unreadable: every incident ends with a person"
    if refused.reason is not UnreadableReason.UNAUTHORIZED:
        host = urlsplit(logs.url).hostname
        return problem("logs.query", refused.detail, why, f"logs.url: is {host} right?")
    token = told_apart(secret)
    says = "logs has no token" if not secret else f"logs.{at} is {token}"
    if token.kind is TokenKind.ACCESS_POLICY:
        says += ", and may not query: a push token (logs:write), by all signs"
    mend = f'logs.{at}: "${{LOKI_TOKEN}}"   # {_READ}'
    return problem("logs.token", f"{says}; {refused.detail}", why, mend)


def _token(logs: LokiLogs) -> tuple[str, str]:
    """The secret that Loki is asked with, and its key."""
    if logs.bearer:
        return logs.bearer.reveal(), "bearer"
    return (logs.password.reveal() if logs.password else ""), "password"


def _found(one: Streams) -> Finding:
    if one.found is True:
        return ok("logs.selector", f"{one.check}: {one.selector} finds a stream")
    known = ", ".join(one.values[:_SHOWN])
    told = f"{one.label} is one of: {known}" if known else f"none has {one.label}"
    first = one.values[0] if one.values else "the name in your service's logger"
    return problem(
        "logs.selector",
        f"{one.check}: {one.selector} found no stream in a day; {told}",
        "nothing is ever counted: no incident is ever confirmed",
        f'rules[].checks[].query: {{{one.label}="{first}", ...}}',
    )


def _late(facts: LogFacts, rules: Sequence[Rule]) -> Iterator[Finding]:
    if facts.late is None:
        if facts.watched:
            yield note(
                "logs.late",
                f"no new line came in {facts.watched:g} s",
                "how late lines arrive is not known",
                "responder doctor --watch 120   # while somebody orders a pizza",
            )
        return
    late, told = facts.late, f"{max(facts.late.total_seconds(), 0):.1f} s"
    settle = min(rule.settle for rule in rules)
    says = f"lines can be read {told} after they are written"
    if late < -_FINE:
        ahead = f"{-late.total_seconds():.0f} s"
        yield warning(
            "logs.clock",
            f"lines come {ahead} from the future: a clock is wrong",
            "windows are counted by the times of lines",
            "set both clocks by NTP: the shop's, and this machine's",
        )
    elif late > settle:
        seconds = int(late.total_seconds()) + 1
        yield warning(
            "logs.late",
            f"{says}, later than settle ({settle.total_seconds():g} s)",
            "old lines that come after the fix would be taken for a new fault",
            f"rules[].settle: {seconds}s",
        )
    elif late > _FINE:
        yield note(
            "logs.late",
            says,
            "each incident is confirmed so much later",
            "let the service's logger push at once, without batches",
        )
    else:
        yield ok("logs.late", says)
