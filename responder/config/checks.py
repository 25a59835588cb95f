"""What must hold between the parts of a configuration."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum

from responder.config import schema
from responder.config.addresses import ONLY_PRIVATE, host_of, in_clear
from responder.config.document import Expanded
from responder.config.problem import Path, Problem, problem, written
from responder.config.schema import RuleSection, Validated, ValidSections
from responder.config.settings import (
    EXTRA,
    Access,
    Secret,
    is_loopback,
    lacks_driver,
    said,
)
from responder.incident.names import OnRecovered, Sender
from responder.incident.rule import Matcher
from responder.masking import SHORTEST

# What must hold between the places that Responder notifies.

_SERVICE_ACCOUNT = "glsa_"


def told_problems(parts: ValidSections) -> Iterator[Problem]:
    """What could never be told, or would come back to ourselves."""
    grafana, notify = parts.grafana, parts.notify
    if grafana and grafana.value.annotations and "token" not in _keys(parts, "grafana"):
        message = "is missing, and grafana.annotations needs it"
        yield problem(("grafana", "token"), message, 'write it as "${NAME}"')
    if _by_service_account(parts) and grafana is None:
        message = "is a service account's: IRM asks for its stack's address"
        remedy = "set grafana.url, or use a key of IRM's own"
        yield problem(("irm", "token"), message, remedy, "***")
    url = notify.value.webhook_url if notify else None
    own = parts.server.value.public_url
    if url and own and host_of(url.reveal()) == host_of(own):
        message = "leads to ourselves: every notice would be an alert"
        remedy = "name the receiver that people read"
        yield problem(("notify", "webhook_url"), message, remedy, "***")


def told_warnings(parts: ValidSections) -> Iterator[Problem]:
    """What may be meant so, and is worth a look."""
    if _by_service_account(parts):
        message = "is a service account's: it may write notes, and never acknowledge"
        remedy = "use the API key of a person, made in IRM's settings"
        yield problem(("irm", "token"), message, remedy, "***")
    senders = {s for one in parts.credentials for s in one.value.senders}
    if parts.irm and parts.credentials and Sender.IRM not in senders:
        message = "is told nothing: no webhook of IRM names us its alert groups"
        remedy = "give webhook_auth an entry with senders: [irm]"
        yield problem(("irm",), message, remedy)
    for i, one in enumerate(parts.rules):
        resolves = one.rule.value.on_recovered is OnRecovered.RESOLVE
        if resolves and one.rule.fine("on_recovered") and parts.irm is None:
            message = "resolves nothing: irm is not configured"
            at = ("rules", i, "on_recovered")
            yield problem(at, message, "configure irm, or remove this key", "resolve")


def _keys(parts: ValidSections, section: str) -> set[str]:
    given = parts.given(section)
    return set(given) if isinstance(given, dict) else set()


def _by_service_account(parts: ValidSections) -> bool:
    token: Secret | None = parts.irm.value.token if parts.irm else None
    return bool(token and token.reveal().startswith(_SERVICE_ACCOUNT))


# Rules that no alert can reach, because earlier ones take all that they take.

Alternative = tuple[Matcher, ...]


def unreachable(rules: Sequence[Validated[RuleSection]]) -> Iterator[Problem]:
    """Finds what follows from equalities and equal matchers; expressions are not
    compared with each other, so that a rule named here is certainly unreachable."""
    for i, late in enumerate(rules):
        if not late.fine("match"):
            continue
        earlier = [early for early in rules[:i] if early.fine("match")]
        takers = _takers(late.value, [early.value for early in earlier])
        if takers:
            message = f"can never be reached: {' and '.join(takers)} before it "
            verb = "takes" if len(takers) == 1 else "take"
            message += f"{verb} every alert that {late.value.name} takes"
            remedy = f"move {late.value.name} up, or narrow the earlier match"
            yield problem(("rules", i, "match"), message, remedy)


def _takers(late: RuleSection, earlier: Sequence[RuleSection]) -> list[str]:
    """The names of the rules that together take all of `late`, none if not all."""
    names: list[str] = []
    for alternative in late.match or [()]:
        taker = next((e for e in earlier if _takes(e, alternative)), None)
        if taker is None:
            return []
        if taker.name not in names:
            names.append(taker.name)
    return names


def _takes(early: RuleSection, alternative: Alternative) -> bool:
    return not early.match or any(
        all(_follows(matcher, alternative) for matcher in one) for one in early.match
    )


def _follows(matcher: Matcher, alternative: Alternative) -> bool:
    """Whether every alert of the alternative satisfies the matcher."""
    return any(
        given == matcher
        or (
            given.op == "="
            and given.label == matcher.label
            and matcher.holds({given.label: given.value})
        )
        for given in alternative
    )


# Secrets that cannot be masked, or whose mask would hide what rules go by.
#
# Every secret is masked wherever its letters stand, in an alert before a rule is asked
# for it: a password `pizza` turns the label `jwt-pizza` into `jwt-***`, which no rule
# takes.

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


def too_plain(parts: ValidSections, expanded: Expanded) -> Iterator[Problem]:
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


def _words(parts: ValidSections) -> Iterator[tuple[str, str]]:
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


WEBHOOK_SECRET, PASSWORD, GOOD_PASSWORD = 16, 8, 16
"""Characters that secrets need at least where strangers can try them."""
_LONGER = "choose a longer one, as `openssl rand -hex 16` makes one"
_FIRST_RETRY = timedelta(seconds=1)
_STRANGERS = "without it everyone who reaches the address"


class Purpose(StrEnum):
    """What a configuration is loaded for."""

    SERVE = "serve"
    CHECK = "check"
    REPLAY = "replay"


def problems(
    parts: ValidSections, expanded: Expanded, purpose: Purpose
) -> Iterator[Problem]:
    """Everything that the valid parts say against each other."""
    if purpose is not Purpose.REPLAY:
        if parts.given("logs") is None:
            remedy = "say where errors are counted: {type: loki, url: http://loki:3100}"
            yield problem(("logs",), "is missing", remedy)
        yield from _exposed(parts)
        yield from _guessable(parts)
        yield from _storage(parts)
    yield from _machines(parts, expanded)
    yield from _credentials(parts, expanded)
    yield from _logs(parts, expanded)
    yield from _names(parts)
    yield from told_problems(parts)
    yield from too_plain(parts, expanded)
    for i, one in enumerate(parts.rules):
        rule = one.rule
        if rule.fine("verify_after", "verify_for"):
            yield from _verification(rule.value, ("rules", i))
    yield from _watched(parts)
    yield from unreachable([one.rule for one in parts.rules])


def warnings(parts: ValidSections, expanded: Expanded) -> Iterator[Problem]:
    """What may be meant so, and is worth a look."""
    for i, judged in enumerate(parts.credentials):
        hmac = judged.value.hmac
        if hmac and hmac.timestamp_header is None:
            at: Path = ("webhook_auth", i, "hmac", "timestamp_header")
            remedy = "name it here and in Grafana: X-Grafana-Alerting-Timestamp"
            yield problem(at, "is missing: a recorded request can be replayed", remedy)
    if _read_in_clear(parts) and not _logs_secret(parts, expanded):
        message = "is read in clear: whoever is in between could plant evidence"
        yield problem(("logs", "url"), message, ONLY_PRIVATE)
    factory = parts.factory.value
    if not _is_given(parts, expanded, "factory", "api_key"):
        message = "is not set: any vendor's link would be used"
        remedy = "set it to your key, so that only your own links are called"
        yield problem(("factory", "api_key"), message, remedy)
    fixed = factory.report_url
    if fixed and host_of(fixed.reveal()) != host_of(factory.url):
        host = host_of(factory.url)
        message = f"has another host than factory.url ({host})"
        yield problem(("factory", "report_url"), message, "check both addresses", "***")
    yield from told_warnings(parts)
    yield from too_short(expanded)
    yield from _short_passwords(parts)
    yield from _impatient(parts)


def _impatient(parts: ValidSections) -> Iterator[Problem]:
    """A failed read is tried again after a second; that try may take a timeout."""
    least = _FIRST_RETRY
    if parts.logs and parts.logs.fine("timeout"):
        least += parts.logs.value.timeout
    for i, one in enumerate(parts.rules):
        given = one.rule.value.unreadable_for
        if one.rule.fine("unreadable_for") and given < least:
            message = "is over before a failed read of the logs can be tried again"
            remedy = f"give it {said(least)} or more (the retry's pause and timeout)"
            at: Path = ("rules", i, "unreadable_for")
            yield problem(at, message, remedy, said(given))


def _is_given(parts: ValidSections, expanded: Expanded, *path: str | int) -> bool:
    """Whether a value is given, or is a secret that is only unset here."""
    return bool(parts.given(*path)) or path in expanded.unset


def _why_exposed(parts: ValidSections) -> str:
    """Why others than this machine reach us, "" if they do not."""
    server = parts.server.value
    if server.public_url:
        return "server.public_url is set"
    if parts.server.fine("listen") and not is_loopback(server.listen[0]):
        return f"server.listen is {server.listen[0]}"
    return ""


def _exposed(parts: ValidSections) -> Iterator[Problem]:
    why = _why_exposed(parts)
    if not why:
        return
    opened = (
        ("webhook_auth", f"is missing, and {why}: {_STRANGERS} could raise an alert"),
        ("operator_auth", f"is missing, and {why}: {_STRANGERS} could read the pages"),
    )
    for key, message in opened:
        if not parts.given(key):
            remedy = "configure it, or listen on 127.0.0.1 without a public_url"
            yield problem((key,), message, remedy)


def _guessable(parts: ValidSections) -> Iterator[Problem]:
    """Secrets that strangers could guess. On this machine alone any will do."""
    why = _why_exposed(parts)
    if not why:
        return
    asked = [(at, secret, WEBHOOK_SECRET) for at, secret in _webhook_secrets(parts)]
    users = parts.operators.value.users if parts.operators else {}
    for name, password in users.items():
        asked.append((("operator_auth", "users", name), password, PASSWORD))
    for at, given, least in asked:
        length = len(given.reveal().strip()) if given else least
        if length < least:
            short = f"is shorter than {least} characters" if length else "is blank"
            yield problem(at, f"{short}, and {why}", _LONGER, "***")


def _webhook_secrets(parts: ValidSections) -> Iterator[tuple[Path, Secret | None]]:
    for i, judged in enumerate(parts.credentials):
        one, at = judged.value, ("webhook_auth", i)
        for k, secret in enumerate(one.hmac.secrets if one.hmac else ()):
            yield (*at, "hmac", "secrets", k), secret
        yield (*at, "bearer"), one.bearer
        yield (*at, "basic", "password"), one.basic.password if one.basic else None


def _short_passwords(parts: ValidSections) -> Iterator[Problem]:
    users = parts.operators.value.users if parts.operators else {}
    for name, password in users.items():
        length = len(password.reveal().strip()) if password else 0
        if PASSWORD <= length < GOOD_PASSWORD and _why_exposed(parts):
            at: Path = ("operator_auth", "users", name)
            message = f"is shorter than {GOOD_PASSWORD} characters: it may be guessed"
            yield problem(at, message, _LONGER, "***")


def _machines(parts: ValidSections, expanded: Expanded) -> Iterator[Problem]:
    """A token asked of scrapers and probes must be there to be compared."""
    server = parts.server.value
    asking = [
        key
        for key in ("metrics_auth", "health_auth")
        if getattr(server, key) is Access.BEARER
    ]
    if asking and not _is_given(parts, expanded, "server", "bearer"):
        message = f"is missing, and server.{asking[0]} asks for it"
        remedy = f'write it as "${{NAME}}", or set {asking[0]}: operators'
        yield problem(("server", "bearer"), message, remedy)


def _storage(parts: ValidSections) -> Iterator[Problem]:
    if lacks_driver(parts.storage.value.url):
        message = "names PostgreSQL, and its driver psycopg is not installed"
        yield problem(("storage", "url"), message, f"{EXTRA}, or use sqlite:///")


def _credentials(parts: ValidSections, expanded: Expanded) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for i, judged in enumerate(parts.credentials):
        one, at = judged.value, ("webhook_auth", i)
        first = seen.setdefault(one.name, i)
        if judged.fine("name") and first != i:
            message = f"is also the name of webhook_auth[{first}]"
            yield problem((*at, "name"), message, "name each differently", one.name)
        yield from _proofs(parts.given(*at), at, expanded)
        mute = [s for s in one.senders if s is not Sender.GRAFANA]
        if one.hmac and judged.fine("senders", "hmac") and mute:
            message = f"asks for a signature, but {' and '.join(mute)} cannot sign"
            remedy = "give them an entry of their own, with bearer or basic"
            yield problem((*at, "senders"), message, remedy, ", ".join(one.senders))


def _proofs(given: object, at: Path, expanded: Expanded) -> Iterator[Problem]:
    """A credential that demands nothing would let everyone in."""
    if not isinstance(given, dict):
        return
    named = [key for key in ("hmac", "bearer", "basic") if key in given]
    if not named:
        yield problem(at, "proves nothing", "add hmac, bearer or basic")
    for key in named:
        if given[key] is None and (*at, key) not in expanded.unset:
            yield problem((*at, key), "is empty", "say what must hold, or remove it")
    if "bearer" in named and "basic" in named:
        remedy = "split it in two entries: a request has one Authorization header"
        yield problem(at, "asks for bearer and basic at once", remedy)


def _logs(parts: ValidSections, expanded: Expanded) -> Iterator[Problem]:
    if parts.logs is None:
        return
    logs = parts.logs.value
    if _read_in_clear(parts) and _logs_secret(parts, expanded):
        yield problem(("logs", "url"), "would send its secret in clear", ONLY_PRIVATE)
    password = _is_given(parts, expanded, "logs", "password")
    if password and _is_given(parts, expanded, "logs", "bearer"):
        yield problem(("logs", "bearer"), "is given beside a password", "keep one")
    if parts.logs.fine("username", "password") and password != bool(logs.username):
        lacking = "username" if password else "password"
        remedy = "give both username and password, or a bearer"
        yield problem(("logs", lacking), "is missing beside its other half", remedy)


def _read_in_clear(parts: ValidSections) -> bool:
    logs = parts.logs
    return logs is not None and logs.fine("url") and in_clear(logs.value.url)


def _logs_secret(parts: ValidSections, expanded: Expanded) -> bool:
    keys = ("password", "bearer")
    return any(_is_given(parts, expanded, "logs", key) for key in keys)


def _names(parts: ValidSections) -> Iterator[Problem]:
    rules: dict[str, int] = {}
    for i, one in enumerate(parts.rules):
        name = one.rule.value.name
        first = rules.setdefault(name, i)
        if one.rule.fine("name") and first != i:
            message = f"is also the name of rules[{first}]"
            yield problem(("rules", i, "name"), message, "name each differently", name)
        checks: dict[str, int] = {}
        for j, check in enumerate(one.checks):
            first = checks.setdefault(check.value.name, j)
            if check.fine("name") and first != j:
                at: Path = ("rules", i, "checks", j, "name")
                message = f"is also the name of checks[{first}]"
                remedy = "name each differently"
                yield problem(at, message, remedy, check.value.name)


def _watched(parts: ValidSections) -> Iterator[Problem]:
    """A watch has no labels: what it opens would be joined by no group's alert."""
    for i, one in enumerate(parts.rules):
        rule = one.rule.value
        if rule.watch and rule.group_by and one.rule.fine("watch", "group_by"):
            message = "is set beside group_by: a watch sees the whole rule, no group"
            remedy = "remove one of the two, or make a rule for each group"
            yield problem(("rules", i, "watch"), message, remedy, said(rule.watch))


def _verification(rule: schema.RuleSection, at: Path) -> Iterator[Problem]:
    if rule.verify_after > rule.verify_for:
        message = "is longer than verify_for: recovery could never be seen"
        remedy = "make verify_after the shorter one"
        yield problem((*at, "verify_after"), message, remedy)
