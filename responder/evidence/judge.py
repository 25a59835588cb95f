"""Can errors be counted, soon enough and cheaply enough? Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from responder.config.settings import LokiLogs
from responder.evidence.loki_answer import Refusal
from responder.evidence.loki_probe import LogFacts, Streams
from responder.evidence.volume import Asking, judge_volume
from responder.findings import Finding, note, ok, problem, warning
from responder.incident.names import UnreadableReason
from responder.incident.rule import Rule
from responder.tokens import TokenKind, told_apart

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
    refused = next((one for one in answers if isinstance(one, Refusal)), None)
    if refused:
        yield _refused(refused, logs)
        return
    for one in facts.streams:
        yield _found(one)
    yield from _late(facts, asking.rules)
    yield from judge_volume(facts, asking)


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
