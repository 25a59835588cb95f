"""What each key may hold. Each section is judged by itself, so none hides another."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import ValidationInfo as Info

from responder.config import addresses
from responder.config.database_url import storage_url
from responder.config.durations import days, duration, size
from responder.config.problem import Refused
from responder.config.settings import Access, Secret
from responder.incident.names import Mode, OnUnreadable, Sender
from responder.incident.rule import Matcher

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise Refused("must be longer than nothing", "write it as 30s or 5m")
    return value


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise Refused("must be a text of printable characters", "write some text")
    return value


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise Refused("is not a header's name", "write it as X-Some-Header")
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        remedy = "use small letters, digits, - and _, at most 63, as in pizza-factory"
        raise Refused("is not a plain name", remedy)
    return value


def _secret(value: object) -> Secret | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise Refused("must be one text that is not empty", 'write it as "${NAME}"')
    if value != value.encode("utf-8", "replace").decode():
        raise Refused("is not UTF-8 text", "write it in UTF-8")
    return Secret(value)


def _user(value: object) -> Secret | None:
    if isinstance(value, dict):
        if set(value) != {"password"}:
            remedy = "write {password_file: /run/secrets/name} or a password"
            raise Refused("holds something other than a password", remedy)
        value = value["password"]
    return _secret(value)


def _username(value: str) -> str:
    if not value or ":" in value or not value.isprintable():
        remedy = "HTTP Basic cannot carry it: leave out the colon"
        raise Refused("is not a user's name", remedy)
    return value


def _query(value: str, info: Info) -> str:
    """The text of a log query, as the parser that was handed in accepts it."""
    judge = (info.context or {}).get("query")
    if judge is not None:
        judge(value)
    return value


def _method(value: str) -> str:
    known = {"AUTO": "auto", "POST": "POST", "GET": "GET"}
    if value.upper() not in known:
        raise Refused("is not a method of reporting", "use auto, POST or GET")
    return known[value.upper()]


def _alternative(value: object) -> tuple[Matcher, ...]:
    if not isinstance(value, Mapping) or not value:
        remedy = "write {label: value}, or match: [] to take every alert"
        raise Refused("is not a mapping of labels to values", remedy)
    return tuple(_matcher(label, text) for label, text in value.items())


def _matcher(label: str, value: object) -> Matcher:
    if not label or not isinstance(value, str):
        remedy = 'write x, "=~expression", "!=x" or "!~expression"'
        raise Refused(f"has no text for the label {label}", remedy)
    op = next((op for op in ("=~", "!~", "!=") if value.startswith(op)), "=")
    wanted = value if op == "=" else value[2:]
    if op.endswith("~"):
        try:
            re.compile(wanted)
        except (re.error, OverflowError, RecursionError) as error:
            why = f"has an expression for {label} that does not compile: {error}"
            raise Refused(why, "mend the expression after the ~") from None
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
    senders: Annotated[list[Sender], Field(min_length=1)]
    hmac: HmacSection | None = None
    bearer: MaybeSecret = None
    basic: BasicSection | None = None


class OperatorSection(Section):
    stand_in = {"users": {"-": None}}
    users: Annotated[dict[Username, Password], Field(min_length=1)]


class LokiSection(Section):
    stand_in = {"type": "loki", "url": "http://loki:3100"}
    type: str
    url: Annotated[str, AfterValidator(addresses.logs_url)]
    username: Username | None = None
    password: MaybeSecret = None
    bearer: MaybeSecret = None
    tenant: Text | None = None
    timeout: Positive = timedelta(seconds=3)


class PushAuthSection(Section):
    bearer: MaybeSecret


class EmbeddedSection(Section):
    stand_in = {"type": "embedded"}
    type: str
    push_auth: PushAuthSection | None = None
    keep: Positive = timedelta(days=7)
    max_size: Annotated[int, BeforeValidator(size)] = 256 * 1024 * 1024


class FactorySection(Section):
    url: Annotated[str, AfterValidator(addresses.factory_url)] = (
        "https://pizza-factory.cs329.click"
    )
    api_key: MaybeSecret = None
    report_url: Annotated[MaybeSecret, AfterValidator(addresses.report_url)] = None
    method: Annotated[str, AfterValidator(_method)] = "auto"
    timeout: Positive = timedelta(seconds=5)


class GrafanaSection(Section):
    stand_in = {"url": "http://grafana:3000"}
    url: Annotated[str, AfterValidator(addresses.grafana_url)]
    token: MaybeSecret = None


class LimitsSection(Section):
    max_reports_per_hour: Count = 6


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
    max_reports: Count = 2
    cooldown: Length = timedelta(minutes=2)
    on_unreadable: OnUnreadable = OnUnreadable.NEEDS_HUMAN
    unreadable_for: Length = timedelta(minutes=1)
    group_by: list[Text] = []
    mode: Mode = Mode.AUTO
    veto_window: Positive = timedelta(seconds=20)
