"""From a document to frozen `Settings`, or to every problem at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from responder.config import addresses, checks
from responder.config.checks import Purpose
from responder.config.document import (
    BUILT_IN,
    DEFAULT_TEXT,
    Document,
    Expanded,
    Tree,
    expand,
    parse,
)
from responder.config.problem import ConfigError, Problem, masked, one_line, problem
from responder.config.schema import (
    CredentialSection,
    ParseQuery,
    ValidRule,
    ValidSections,
    judge,
    take_removed,
)
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

# From valid sections to `Settings`. Called only when there are no problems.


def with_listen(parts: ValidSections, listen: tuple[str, int]) -> ValidSections:
    """The parts with another place to listen."""
    server = parts.server.value.model_copy(update={"listen": listen})
    return replace(parts, server=replace(parts.server, value=server))


def build_settings(parts: ValidSections, expanded: Expanded, sha: str) -> Settings:
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


def _server(parts: ValidSections) -> Server:
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


def _logs(parts: ValidSections) -> LokiLogs | None:
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


def _factory(parts: ValidSections) -> FactorySettings:
    factory = parts.factory.value
    return FactorySettings(
        url=factory.url,
        api_key=factory.api_key,
        report_url=factory.report_url,
        method=factory.method,
        timeout=factory.timeout,
    )


def _grafana(parts: ValidSections) -> GrafanaSettings | None:
    if parts.grafana is None:
        return None
    grafana = parts.grafana.value
    return GrafanaSettings(
        url=grafana.url,
        token=grafana.token,
        annotations=grafana.annotations,
    )


def _irm(parts: ValidSections) -> IrmSettings | None:
    if parts.irm is None:
        return None
    return IrmSettings(url=parts.irm.value.url, token=parts.irm.value.token)


def _notify(parts: ValidSections) -> NotifySettings | None:
    notify = parts.notify.value if parts.notify else None
    if notify is None or notify.webhook_url is None:
        return None
    return NotifySettings(
        webhook_url=notify.webhook_url, form=notify.form, bearer=notify.bearer
    )


def _rule(one: ValidRule) -> Rule:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a document came to. `settings` is None exactly when there are problems."""

    settings: Settings | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def load(
    document: Document,
    *,
    purpose: Purpose,
    parse_query: ParseQuery,
    allow_literal_secrets: bool = False,
) -> Loaded:
    """Judge a document for a purpose. Never raises for what stands in it.

    `parse_query` understands one log query or raises ValueError with the place.
    """
    tree, unread = parse(document)
    if document.problems or (unread and not tree):
        return Loaded(settings=None, problems=tuple(unread))
    if "rules" not in tree:
        default, _ = parse(Document(text=DEFAULT_TEXT, origin=BUILT_IN))
        tree["rules"] = default["rules"]
    removed = list(take_removed(tree))
    expanded = expand(tree, document.env)
    parts, bench = judge(expanded, parse_query)
    parts, bad_port = _ported(parts, document)
    wrong = [*unread, *removed, *bad_port, *expanded.problems, *bench.problems]
    wrong += checks.problems(parts, expanded, purpose)
    refused, doubted = _secrets(expanded, purpose, allow_literal_secrets)
    wrong += refused
    doubts = [*checks.warnings(parts, expanded), *doubted]
    return Loaded(
        settings=None if wrong else build_settings(parts, expanded, document.sha),
        problems=masked(_in_rules(wrong, expanded.tree), expanded.secrets),
        warnings=masked(_in_rules(doubts, expanded.tree), expanded.secrets),
    )


def _in_rules(problems: list[Problem], tree: Tree) -> Iterator[Problem]:
    """The problems, those of a rule with its name."""
    listed = tree.get("rules")
    rules = dict(enumerate(listed)) if isinstance(listed, list) else {}
    for one in problems:
        found = re.match(r"rules\[(\d+)\]", one.path)
        rule = rules.get(int(found[1])) if found else None
        name = rule.get("name") if isinstance(rule, dict) else None
        yield replace(one, rule=one_line(name)) if isinstance(name, str) else one


def listening(document: Document, parse_query: ParseQuery) -> tuple[str, int]:
    """Host and port of the service, as far as even a broken document says.

    For asking a service that runs: its file may have been changed since.
    """
    tree, _ = parse(document)
    parts, _ = judge(expand(tree, document.env), parse_query)
    return _ported(parts, document)[0].server.value.listen


def _ported(
    parts: ValidSections, document: Document
) -> tuple[ValidSections, list[Problem]]:
    """The parts listening where PORT says, which hosting services set.

    They reach us from outside, so every address is listened on where none is given;
    but the built-in defaults have no credentials and stay on this machine.
    """
    text = document.env.get("PORT", "")
    if not text:
        return parts, []
    try:
        number = addresses.port(text)
    except ConfigError as error:
        return parts, [problem(("PORT",), str(error), error.remedy, text)]
    given = parts.given("server", "listen") is not None
    stays = given or document.origin == BUILT_IN
    host = parts.server.value.listen[0] if stays else "0.0.0.0"
    return with_listen(parts, (host, number)), []


def _secrets(
    expanded: Expanded, purpose: Purpose, allow_literal: bool
) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings: serving needs values, published files need none."""
    refused: list[Problem] = []
    doubted: list[Problem] = []
    (refused if purpose is Purpose.SERVE else doubted).extend(_unset(expanded))
    strict = purpose is Purpose.CHECK
    if not (strict and allow_literal):
        (refused if strict else doubted).extend(_literal(expanded))
    return refused, doubted


def _unset(expanded: Expanded) -> Iterator[Problem]:
    for path, missing in expanded.unset.items():
        remedy = "set it before serving, or remove this key"
        yield problem(path, f"has no value: {missing}", remedy)


def _literal(expanded: Expanded) -> Iterator[Problem]:
    for path in expanded.literal:
        remedy = 'write "${NAME}" or the key with _file, and change the secret'
        yield problem(path, "is a secret in clear in the document", remedy, "***")
