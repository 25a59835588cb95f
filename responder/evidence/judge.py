"""Can errors be counted, soon enough and cheaply enough? Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from responder.config.settings import EmbeddedLogs, LokiLogs
from responder.evidence.loki_answer import Refusal
from responder.evidence.loki_probe import DAY, LogFacts, Streams, selector_of
from responder.findings import Finding, note, ok, problem, warning
from responder.incident.names import UnreadableReason
from responder.incident.rule import Rule
from responder.tokens import TokenKind, told_apart

FAIR_USE = 100
"""Grafana Cloud bills queries beyond so many times of what is pushed in a month, and a
free stack has no billing. https://grafana.com/docs/grafana-cloud/cost-management-and-billing/"""
_FINE = timedelta(seconds=10)
_READ = "a token of a Cloud access policy with the scope logs:read"
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks Loki how often: our rules' checks, each so often by Grafana."""

    rules: Sequence[Rule]
    every: timedelta
    cloud: bool


def judge_embedded(_logs: EmbeddedLogs) -> Iterator[Finding]:
    yield note(
        "logs.embedded",
        "logs are embedded: only what is pushed here is counted",
        "they are for trying and for tests; a real shop logs to Loki",
        'logs: {type: loki, url: "https://logs-prod-000.grafana.net", '
        'username: "123456", password: "${LOKI_TOKEN}"}',
    )


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
    refused = next((one for one in answers if isinstance(one, Refusal)), None)
    if refused:
        yield _refused(refused, logs)
        return
    for one in facts.streams:
        yield _found(one)
    yield from _late(facts, asking.rules)
    yield from _volume(facts, asking)


def _refused(refused: Refusal, logs: LokiLogs) -> Finding:
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


def _volume(facts: LogFacts, asking: Asking) -> Iterator[Finding]:
    sizes = {one.selector: one.size for one in facts.streams if one.size is not None}
    if not sizes:
        return
    daily = sum(_daily(rule, sizes, asking) for rule in asking.rules)
    # All that is pushed is at least the largest of what we ask for.
    pushed = max(sizes.values())
    times = daily / pushed if pushed else 0.0
    says = (
        f"the alert rules read about {_size(daily)} a day, {times:.0f} times what is "
        f"pushed; Grafana Cloud's fair use is {FAIR_USE} times"
    )
    if asking.cloud and times > FAIR_USE:
        slower = f"{int((asking.every * times / FAIR_USE).total_seconds()) + 1}s"
        yield warning(
            "logs.volume",
            says,
            "beyond it queries are billed, or refused on a free stack",
            f"Alerting › Alert rules › Evaluation interval: {slower}, or shorter "
            "rules[].checks[].window",
        )
    else:
        yield ok("logs.volume", says)


def _daily(rule: Rule, sizes: Mapping[str, int], asking: Asking) -> float:
    """Bytes that one rule's checks read in a day: each look reads its window."""
    every = [asking.every, *([rule.watch] if rule.watch else [])]
    looks = sum(DAY / one for one in every)
    return sum(
        sizes.get(selector_of(check.query), 0) * (check.window / DAY) * looks
        for check in rule.checks
    )


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
