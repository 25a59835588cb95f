"""What each key may hold; each section is validated by itself, to find all problems."""

import difflib
import ipaddress
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic import ValidationInfo as Info

from responder.config import addresses
from responder.config.document import Expanded, Tree
from responder.config.problem import ConfigError, Path, Problem, is_secret, problem
from responder.config.settings import (
    Access,
    NoticeForm,
    Secret,
    days,
    duration,
    size,
    storage_url,
)
from responder.incident.names import WEBHOOKS, Mode, OnRecovered, Sender
from responder.incident.rule import (
    MOST_GOOD_IN_A_ROW,
    BadExpression,
    Matcher,
    expression,
)

# Validators of single values, each with its own error message.

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise ConfigError("must be longer than nothing", "write it as 30s or 5m")
    return value


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise ConfigError("must be a text of printable characters", "write some text")
    return value


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ConfigError("is not a header's name", "write it as X-Some-Header")
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        remedy = "use small letters, digits, - and _, at most 63, as in pizza-factory"
        raise ConfigError("is not a plain name", remedy)
    return value


def _secret(value: object) -> Secret | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise ConfigError("must be one text that is not empty", 'write it as "${NAME}"')
    if value != value.encode("utf-8", "replace").decode():
        raise ConfigError("is not UTF-8 text", "write it in UTF-8")
    return Secret(value)


def _user(value: object) -> Secret | None:
    if isinstance(value, dict):
        if set(value) != {"password"}:
            remedy = "write {password_file: /run/secrets/name} or a password"
            raise ConfigError("holds something other than a password", remedy)
        value = value["password"]
    return _secret(value)


def _username(value: str) -> str:
    if not value or ":" in value or not value.isprintable():
        remedy = "HTTP Basic cannot carry it: leave out the colon"
        raise ConfigError("is not a user's name", remedy)
    return value


def _query(value: str, info: Info) -> str:
    """The text of a log query, as the parser that was handed in accepts it."""
    judge = (info.context or {}).get("query")
    if judge is not None:
        judge(value)
    return value


def report_method(value: str) -> str:
    known = {"AUTO": "auto", "POST": "POST", "GET": "GET"}
    if value.upper() not in known:
        raise ConfigError("is not a method of reporting", "use auto, POST or GET")
    return known[value.upper()]


def _webhook(value: object) -> object:
    """A sender that delivers: what we ask ourselves needs no credential here."""
    if value not in WEBHOOKS:
        *first, last = (f"'{sender}'" for sender in WEBHOOKS)
        remedy = f"use {', '.join(first)} or {last}"
        raise ConfigError("is not one of the values", remedy)
    return value


def _alternative(value: object) -> tuple[Matcher, ...]:
    if not isinstance(value, Mapping) or not value:
        remedy = "write {label: value}, or match: [] to take every alert"
        raise ConfigError("is not a mapping of labels to values", remedy)
    return tuple(_matcher(label, text) for label, text in value.items())


def _matcher(label: str, value: object) -> Matcher:
    if not label or not isinstance(value, str):
        remedy = 'write x, "=~expression", "!=x" or "!~expression"'
        raise ConfigError(f"has no text for the label {label}", remedy)
    op = next((op for op in ("=~", "!~", "!=") if value.startswith(op)), "=")
    wanted = value if op == "=" else value[2:]
    if op.endswith("~"):
        try:
            expression(wanted)
        except BadExpression as error:
            why = f"has an expression for {label} that cannot be used"
            raise ConfigError(why, str(error)) from None
    return Matcher(label=label, op=op, value=wanted)


Length = Annotated[timedelta, BeforeValidator(duration)]
Positive = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_positive)]
Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_slug)]
Header = Annotated[str, AfterValidator(_header)]
Username = Annotated[str, AfterValidator(_username)]
Query = Annotated[str, AfterValidator(_query)]
MaybeSecret = Annotated[Secret | None, BeforeValidator(_secret)]
Password = Annotated[Secret | None, BeforeValidator(_user)]
Alternative = Annotated[tuple[Matcher, ...], BeforeValidator(_alternative)]
Webhook = Annotated[Sender, BeforeValidator(_webhook)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Section(BaseModel):
    """A mapping with known keys. `stand_in` fills required keys that were wrong."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )
    stand_in: ClassVar[Mapping[str, Any]] = {}


class ServerSection(Section):
    listen: Annotated[tuple[str, int], BeforeValidator(addresses.listen)] = (
        "127.0.0.1",
        8080,
    )
    public_url: Annotated[str, AfterValidator(addresses.public_url)] | None = None
    trusted_proxies: list[
        Annotated[
            ipaddress.IPv4Network | ipaddress.IPv6Network,
            BeforeValidator(addresses.network),
        ]
    ] = []
    max_body: Annotated[int, BeforeValidator(size)] = 16 * 1024 * 1024
    metrics_auth: Access = Access.OPERATORS
    health_auth: Access = Access.OPEN
    bearer: MaybeSecret = None
    start_paused: bool = False
    grace: Positive = timedelta(seconds=10)


class StorageSection(Section):
    url: Annotated[str, BeforeValidator(storage_url)] = "sqlite:///responder.db"
    accept_within: Positive = timedelta(milliseconds=800)
    spool: Text | None = None
    spool_max: Annotated[int, BeforeValidator(size)] = 64 * 1024 * 1024
    keep: Annotated[Length, AfterValidator(days)] = timedelta(days=90)


class HmacSection(Section):
    secrets: Annotated[list[MaybeSecret], Field(min_length=1)]
    header: Header = "X-Grafana-Alerting-Signature"
    timestamp_header: Header | None = None
    max_skew: Positive = timedelta(minutes=5)


class BasicSection(Section):
    username: Username
    password: MaybeSecret


class CredentialSection(Section):
    stand_in = {"name": "-", "senders": ["grafana"]}
    name: Text
    senders: Annotated[list[Webhook], Field(min_length=1)]
    hmac: HmacSection | None = None
    bearer: MaybeSecret = None
    basic: BasicSection | None = None


class OperatorSection(Section):
    stand_in = {"users": {"-": None}}
    users: Annotated[dict[Username, Password], Field(min_length=1)]


class LokiSection(Section):
    stand_in = {"url": "http://loki:3100"}
    type: str = "loki"
    url: Annotated[str, AfterValidator(addresses.logs_url)]
    username: Username | None = None
    password: MaybeSecret = None
    bearer: MaybeSecret = None
    tenant: Text | None = None
    timeout: Positive = timedelta(seconds=3)


class FactorySection(Section):
    url: Annotated[str, AfterValidator(addresses.factory_url)] = (
        "https://pizza-factory.cs329.click"
    )
    api_key: MaybeSecret = None
    report_url: Annotated[MaybeSecret, AfterValidator(addresses.report_url)] = None
    method: Annotated[str, AfterValidator(report_method)] = "auto"
    timeout: Positive = timedelta(seconds=5)


class GrafanaSection(Section):
    stand_in = {"url": "http://grafana:3000"}
    url: Annotated[str, AfterValidator(addresses.grafana_url)]
    token: MaybeSecret = None
    annotations: bool = False


class IrmSection(Section):
    stand_in = {"url": "https://irm.example.net", "token": None}
    url: Annotated[str, AfterValidator(addresses.irm_url)]
    token: MaybeSecret


class NotifySection(Section):
    stand_in = {"webhook_url": None}
    webhook_url: Annotated[MaybeSecret, AfterValidator(addresses.webhook_url)]
    form: NoticeForm = NoticeForm.ALERTMANAGER
    bearer: MaybeSecret = None


class LimitsSection(Section):
    max_reports_per_hour: Count = 6
    heartbeat_within: Positive = timedelta(minutes=15)


class CheckSection(Section):
    stand_in = {"name": "x", "query": "", "window": "1m", "threshold": 1}
    name: Name
    query: Query
    window: Positive
    threshold: Count


class RuleSection(Section):
    """A rule without its checks, which are judged one by one."""

    stand_in = {"name": "x", "match": []}
    name: Name
    match: list[Alternative]
    traffic: Query | None = None
    failed: Query | None = None
    recheck: Positive = timedelta(seconds=10)
    give_up_after: Positive = timedelta(minutes=15)
    no_link_for: Length = timedelta(minutes=1)
    settle: Length = timedelta(seconds=35)
    verify_after: Length = timedelta(seconds=30)
    verify_for: Positive = timedelta(minutes=10)
    good_in_a_row: Annotated[Count, Field(le=MOST_GOOD_IN_A_ROW)] = 3
    max_reports: Count = 2
    cooldown: Length = timedelta(minutes=2)
    unreadable_for: Length = timedelta(minutes=1)
    group_by: list[Text] = []
    mode: Mode = Mode.AUTO
    veto_window: Positive = timedelta(seconds=20)
    watch: Positive | None = None
    on_recovered: OnRecovered = OnRecovered.ACKNOWLEDGE


# Settings that earlier versions had: each is refused by name, never ignored.

REMOVED: Mapping[str, str] = {
    "grafana.pull": "set rules[].watch, as in 10s: it needs no alert at all",
    "logs.type=embedded": "point it at a Loki: {type: loki, url: http://loki:3100}; "
    "`responder demo` brings a small one of its own",
    "logs.push_auth": "push lines to the Loki that logs.url names",
    "logs.keep": "the Loki that logs.url names keeps its lines itself",
    "logs.max_size": "the Loki that logs.url names keeps its lines itself",
    "logs.push": "remove it: a drill writes no log lines",
    "rules[].on_unreadable": "remove it: a person is called when the logs cannot be "
    "read for unreadable_for",
}
"""What to do instead, in the imperative, by the setting's path as docs/configuration.md
writes it: `rules[].mode` for one of each rule. `logs.type=embedded` removes one value
of a setting that remains."""


def take_removed(tree: Tree) -> Iterator[Problem]:
    """Take removed settings out of the tree; a problem for each."""
    for path, instead in REMOVED.items():
        key, _, value = path.partition("=")
        yield from _take(tree, tuple(key.split(".")), value, (), instead)


def _take(
    found: object, keys: tuple[str, ...], value: str, at: Path, instead: str
) -> Iterator[Problem]:
    if not isinstance(found, dict):
        return
    key, rest = keys[0].removesuffix("[]"), keys[1:]
    if rest:
        inner = found.get(key)
        if keys[0].endswith("[]"):
            for i, item in enumerate(inner if isinstance(inner, list) else ()):
                yield from _take(item, rest, value, (*at, key, i), instead)
        else:
            yield from _take(inner, rest, value, (*at, key), instead)
    elif key in found and value in ("", found[key]):
        del found[key]
        yield problem((*at, key), "was removed", instead, value or "***")


# Validate sections one by one, and turn pydantic's errors into our problems.

S = TypeVar("S", bound=Section)
_TWINNED = {
    "bearer",
    "password",
    "secrets",
    "api_key",
    "report_url",
    "token",
    "webhook_url",
}
_MISTAKES: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "add it"),
    "int_parsing": ("is not a whole number", "write digits only"),
    "int_type": ("is not a whole number", "write digits only"),
    "greater_than_equal": ("is too small", "write {ge} or more"),
    "less_than_equal": ("is too large", "write {le} or less"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "list_type": ("is not a list", "write it as [...] or with a dash per line"),
    "dict_type": ("is not a mapping", "write it as {{key: value}}"),
    "model_type": ("is not a mapping", "write it as {{key: value}}"),
    "string_type": ("is not a text", "write one value"),
    "enum": ("is not one of the values", "use {expected}"),
    "too_short": ("is empty", "give at least one"),
}


@dataclass(frozen=True, slots=True)
class Validated(Generic[S]):
    """A section as far as it is valid; `bad` names its keys that are not."""

    value: S
    bad: frozenset[str] = frozenset()

    def fine(self, *keys: str) -> bool:
        return self.bad.isdisjoint(keys)


@dataclass(slots=True)
class Bench:
    """Where sections are judged: the expanded document, and the problems so far."""

    expanded: Expanded
    query: Callable[[str], object]
    problems: list[Problem] = field(default_factory=list)

    def judge(self, model: type[S], raw: object, at: Path) -> Validated[S]:
        """The valid part of a section; every error in it becomes a problem."""
        context = {"query": self.query}
        given = raw if isinstance(raw, dict) else {}
        try:
            return Validated(model.model_validate(raw, context=context))
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)
        bad = {str(e["loc"][0]) for e in wrong if e["loc"]}
        for mistake in wrong:
            self._tell(model, mistake, raw, at)
        kept = {k: v for k, v in given.items() if k not in bad}
        whole = model.model_validate({**model.stand_in, **kept})  # queries were judged
        return Validated(whole, frozenset(bad or model.model_fields))

    def _tell(self, model: type[S], mistake: Any, raw: object, at: Path) -> None:
        loc = tuple(part for part in mistake["loc"] if part != "[key]")
        path = (*at, *loc)
        unknown = mistake["type"] == "extra_forbidden"
        if any(path[: len(p)] == p for p in self.expanded.blamed):
            if not unknown:
                return
            self.forget(path)
        message, remedy = _said(model, mistake, loc)
        lacking = mistake["type"] == "missing"
        hidden = unknown or (is_secret(path) and not lacking)
        value = "***" if hidden else _at(raw, loc)
        self.problems.append(problem(path, message, remedy, value))

    def forget(self, path: Path) -> None:
        """An unknown key needs no value: only the key is told."""
        told = problem(path, "", "").path
        within = (f"{told}.", f"{told}[")
        mine = self.expanded.problems
        mine[:] = [p for p in mine if p.path != told and not p.path.startswith(within)]


def _said(model: type[Section], mistake: Any, loc: Path) -> tuple[str, str]:
    context = mistake.get("ctx", {})
    if isinstance(cause := context.get("error"), ConfigError):
        return str(cause), cause.remedy
    if isinstance(cause, ValueError):  # the query parser's own, with its place
        return f"cannot be understood: {cause}", "mend the query there"
    if mistake["type"] == "extra_forbidden":
        return "is not a known key", suggestion(str(loc[-1]), _known(model, loc[:-1]))
    message, remedy = _MISTAKES.get(
        mistake["type"], ("is not valid", "see responder.example.yaml")
    )
    return message, remedy.format_map({"ge": "", "le": "", "expected": "", **context})


def suggestion(key: str, known: list[str]) -> str:
    """What may have been meant by an unknown key."""
    close = difflib.get_close_matches(key[:80], known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(known)}" if known else "remove it"


def _known(model: type[Section], loc: Path) -> list[str]:
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            inner = _section_in(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    names = list(model.model_fields)
    names += [f"{name}_file" for name in names if name in _TWINNED]
    return names + (["checks"] if "group_by" in names else [])


def _section_in(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, Section) else None
    found = (_section_in(arg) for arg in get_args(annotation))
    return next((inner for inner in found if inner), None)


def _at(raw: object, loc: Path) -> object:
    for part in loc:
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw


# The sections of one document, each validated by itself, before any cross-check.

KEYS = (
    "server",
    "storage",
    "webhook_auth",
    "operator_auth",
    "logs",
    "factory",
    "grafana",
    "irm",
    "notify",
    "limits",
    "rules",
)


ParseQuery = Callable[[str], object]
"""Understands one log query or raises ValueError with the place."""


@dataclass(frozen=True, slots=True)
class ValidRule:
    rule: Validated[RuleSection]
    checks: list[Validated[CheckSection]]


@dataclass(frozen=True, slots=True)
class ValidSections:
    """Everything that was valid, and the tree as given to tell what was asked for."""

    raw: Tree
    server: Validated[ServerSection]
    storage: Validated[StorageSection]
    credentials: list[Validated[CredentialSection]]
    operators: Validated[OperatorSection] | None
    logs: Validated[LokiSection] | None
    factory: Validated[FactorySection]
    grafana: Validated[GrafanaSection] | None
    irm: Validated[IrmSection] | None
    notify: Validated[NotifySection] | None
    limits: Validated[LimitsSection]
    rules: list[ValidRule]

    def given(self, *path: str | int) -> object:
        """What stands in the document at a path, None where nothing does."""
        found: object = self.raw
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int):
                found = found[part]
            else:
                return None
        return found


def judge(expanded: Expanded, parse_query: ParseQuery) -> tuple[ValidSections, Bench]:
    """Every section as far as it is valid; the bench holds the problems."""
    tree = expanded.tree
    bench = Bench(expanded, parse_query)
    for key in tree:
        if key not in KEYS:
            remedy = suggestion(key, list(KEYS))
            bench.forget((key,))
            bench.problems.append(problem((key,), "is not a known key", remedy, "***"))
    section = bench.judge
    operators = tree.get("operator_auth")
    parts = ValidSections(
        raw=tree,
        server=section(ServerSection, _section_of(tree, "server"), ("server",)),
        storage=section(StorageSection, _section_of(tree, "storage"), ("storage",)),
        credentials=_credentials(bench, tree.get("webhook_auth")),
        operators=None
        if operators is None
        else section(OperatorSection, operators, ("operator_auth",)),
        logs=_logs(bench, tree.get("logs")),
        factory=section(FactorySection, _section_of(tree, "factory"), ("factory",)),
        grafana=_maybe(bench, GrafanaSection, tree, "grafana"),
        irm=_maybe(bench, IrmSection, tree, "irm"),
        notify=_maybe(bench, NotifySection, tree, "notify"),
        limits=section(LimitsSection, _section_of(tree, "limits"), ("limits",)),
        rules=_rules(bench, tree.get("rules")),
    )
    return parts, bench


def _maybe(bench: Bench, model: type[S], tree: Tree, key: str) -> Validated[S] | None:
    """A section that may be left out."""
    given = tree.get(key)
    return None if given is None else bench.judge(model, given, (key,))


def _section_of(tree: Tree, key: str) -> object:
    found = tree.get(key)
    return {} if found is None else found


def _logs(bench: Bench, raw: object) -> Validated[LokiSection] | None:
    if raw is None:
        return None
    kind = raw.get("type", "loki") if isinstance(raw, dict) else "loki"
    if isinstance(raw, dict) and kind != "loki":
        remedy = "use type: loki"
        told = "is not a log source"
        bench.problems.append(problem(("logs", "type"), told, remedy, kind))
        return None
    return bench.judge(LokiSection, raw, ("logs",))


def _credentials(bench: Bench, raw: object) -> list[Validated[CredentialSection]]:
    at: Path = ("webhook_auth",)
    return [
        bench.judge(CredentialSection, item, (*at, i))
        for i, item in enumerate(_list(bench, [] if raw is None else raw, at))
    ]


def _rules(bench: Bench, raw: object) -> list[ValidRule]:
    found = []
    for i, item in enumerate(_list(bench, raw, ("rules",), some=True)):
        own = item
        checks: list[object] = []
        if isinstance(item, dict):
            own = {k: v for k, v in item.items() if k != "checks"}
            at: Path = ("rules", i, "checks")
            checks = _list(bench, item.get("checks"), at, some=True)
        rule = bench.judge(RuleSection, own, ("rules", i))
        judged = [
            bench.judge(CheckSection, check, ("rules", i, "checks", j))
            for j, check in enumerate(checks)
        ]
        found.append(ValidRule(rule, judged))
    return found


def _list(bench: Bench, raw: object, at: Path, some: bool = False) -> list[object]:
    if isinstance(raw, list) and (raw or not some):
        return raw
    told = "is missing or empty" if raw is None or raw == [] else "is not a list"
    remedy = "give at least one, with a dash per entry"
    bench.problems.append(problem(at, told, remedy, raw or None))
    return []
