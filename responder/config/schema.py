"""What each key may hold. Each section is judged by itself, so none hides another."""

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from responder.config import addresses
from responder.config.database_url import storage_url
from responder.config.durations import days, size
from responder.config.fields import (
    Alternative,
    Count,
    Header,
    Length,
    MaybeSecret,
    Name,
    Password,
    Positive,
    Query,
    Text,
    Username,
    Webhook,
    report_method,
)
from responder.config.settings import Access, NoticeForm
from responder.incident.names import Mode, OnRecovered
from responder.incident.rule import MOST_GOOD_IN_A_ROW


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
