"""From judged parts to `Settings`. Called only when there are no problems."""

from dataclasses import replace

from responder.config.expand import Expanded
from responder.config.parts import Parts, RuleParts
from responder.config.schema import CredentialSection
from responder.config.settings import (
    Basic,
    Credential,
    FactorySettings,
    GrafanaSettings,
    Hmac,
    IrmSettings,
    LokiLogs,
    NotifySettings,
    Server,
    Settings,
)
from responder.incident.rule import Check, Rule


def with_listen(parts: Parts, listen: tuple[str, int]) -> Parts:
    """The parts with another place to listen."""
    server = parts.server.value.model_copy(update={"listen": listen})
    return replace(parts, server=replace(parts.server, value=server))


def settings(parts: Parts, expanded: Expanded, sha: str) -> Settings:
    """The settings. A credential with an unset part is left out: it cannot hold."""
    credentials = [
        _credential(judged.value)
        for i, judged in enumerate(parts.credentials)
        if not _lacks_a_secret(judged.value, expanded, i)
    ]
    users = parts.operators.value.users if parts.operators else {}
    return Settings(
        server=_server(parts),
        storage_url=parts.storage.value.url,
        accept_within=parts.storage.value.accept_within,
        spool=parts.storage.value.spool,
        spool_max=parts.storage.value.spool_max,
        keep=parts.storage.value.keep,
        webhook_auth=tuple(credentials),
        operators={name: secret for name, secret in users.items() if secret},
        logs=_logs(parts),
        factory=_factory(parts),
        grafana=_grafana(parts),
        irm=_irm(parts),
        notify=_notify(parts),
        max_reports_per_hour=parts.limits.value.max_reports_per_hour,
        heartbeat_within=parts.limits.value.heartbeat_within,
        rules=tuple(_rule(one) for one in parts.rules),
        sha=sha,
    )


def _lacks_a_secret(one: CredentialSection, expanded: Expanded, i: int) -> bool:
    at = ("webhook_auth", i)
    if not (one.hmac or one.bearer or one.basic):
        return True
    signed = one.hmac is None or any(one.hmac.secrets)
    others = [p for p in expanded.unset if p[:2] == at and p[2] != "hmac"]
    return bool(others) or not signed


def _server(parts: Parts) -> Server:
    server = parts.server.value
    host, port = server.listen
    return Server(
        host=host,
        port=port,
        public_url=server.public_url,
        trusted_proxies=tuple(server.trusted_proxies),
        max_body=server.max_body,
        metrics_auth=server.metrics_auth,
        health_auth=server.health_auth,
        bearer=server.bearer,
        start_paused=server.start_paused,
        grace=server.grace,
    )


def _credential(one: CredentialSection) -> Credential:
    hmac = basic = None
    if one.hmac:
        hmac = Hmac(
            secrets=tuple(secret for secret in one.hmac.secrets if secret),
            header=one.hmac.header,
            timestamp_header=one.hmac.timestamp_header,
            max_skew=one.hmac.max_skew,
        )
    if one.basic and one.basic.password:
        basic = Basic(username=one.basic.username, password=one.basic.password)
    return Credential(
        name=one.name,
        senders=frozenset(one.senders),
        hmac=hmac,
        bearer=one.bearer,
        basic=basic,
    )


def _logs(parts: Parts) -> LokiLogs | None:
    if parts.logs is None:
        return None
    logs = parts.logs.value
    return LokiLogs(
        url=logs.url,
        username=logs.username,
        password=logs.password,
        bearer=logs.bearer,
        tenant=logs.tenant,
        timeout=logs.timeout,
    )


def _factory(parts: Parts) -> FactorySettings:
    factory = parts.factory.value
    return FactorySettings(
        url=factory.url,
        api_key=factory.api_key,
        report_url=factory.report_url,
        method=factory.method,
        timeout=factory.timeout,
    )


def _grafana(parts: Parts) -> GrafanaSettings | None:
    if parts.grafana is None:
        return None
    grafana = parts.grafana.value
    return GrafanaSettings(
        url=grafana.url,
        token=grafana.token,
        annotations=grafana.annotations,
    )


def _irm(parts: Parts) -> IrmSettings | None:
    if parts.irm is None:
        return None
    return IrmSettings(url=parts.irm.value.url, token=parts.irm.value.token)


def _notify(parts: Parts) -> NotifySettings | None:
    notify = parts.notify.value if parts.notify else None
    if notify is None or notify.webhook_url is None:
        return None
    return NotifySettings(
        webhook_url=notify.webhook_url, form=notify.form, bearer=notify.bearer
    )


def _rule(one: RuleParts) -> Rule:
    rule = one.rule.value
    given = {name: getattr(rule, name) for name in type(rule).model_fields}
    given["match"] = tuple(rule.match)
    given["group_by"] = tuple(rule.group_by)
    checks = (check.value for check in one.checks)
    made = tuple(
        Check(name=c.name, query=c.query, window=c.window, threshold=c.threshold)
        for c in checks
    )
    return Rule(**given, checks=made)
