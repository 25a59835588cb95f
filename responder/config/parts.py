"""The sections of one document, each judged by itself, before any cross-check."""

from collections.abc import Callable
from dataclasses import dataclass

from responder.config import schema
from responder.config.document import Tree
from responder.config.expand import Expanded
from responder.config.problem import Path, problem
from responder.config.sections import Bench, Judged, S, suggestion

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
class RuleParts:
    rule: Judged[schema.RuleSection]
    checks: list[Judged[schema.CheckSection]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that was valid, and the tree as given to tell what was asked for."""

    raw: Tree
    server: Judged[schema.ServerSection]
    storage: Judged[schema.StorageSection]
    credentials: list[Judged[schema.CredentialSection]]
    operators: Judged[schema.OperatorSection] | None
    logs: Judged[schema.LokiSection] | None
    factory: Judged[schema.FactorySection]
    grafana: Judged[schema.GrafanaSection] | None
    irm: Judged[schema.IrmSection] | None
    notify: Judged[schema.NotifySection] | None
    limits: Judged[schema.LimitsSection]
    rules: list[RuleParts]

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


def judge(expanded: Expanded, parse_query: ParseQuery) -> tuple[Parts, Bench]:
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
    parts = Parts(
        raw=tree,
        server=section(schema.ServerSection, _given(tree, "server"), ("server",)),
        storage=section(schema.StorageSection, _given(tree, "storage"), ("storage",)),
        credentials=_credentials(bench, tree.get("webhook_auth")),
        operators=None
        if operators is None
        else section(schema.OperatorSection, operators, ("operator_auth",)),
        logs=_logs(bench, tree.get("logs")),
        factory=section(schema.FactorySection, _given(tree, "factory"), ("factory",)),
        grafana=_maybe(bench, schema.GrafanaSection, tree, "grafana"),
        irm=_maybe(bench, schema.IrmSection, tree, "irm"),
        notify=_maybe(bench, schema.NotifySection, tree, "notify"),
        limits=section(schema.LimitsSection, _given(tree, "limits"), ("limits",)),
        rules=_rules(bench, tree.get("rules")),
    )
    return parts, bench


def _maybe(bench: Bench, model: type[S], tree: Tree, key: str) -> Judged[S] | None:
    """A section that may be left out."""
    given = tree.get(key)
    return None if given is None else bench.judge(model, given, (key,))


def _given(tree: Tree, key: str) -> object:
    found = tree.get(key)
    return {} if found is None else found


def _logs(bench: Bench, raw: object) -> Judged[schema.LokiSection] | None:
    if raw is None:
        return None
    kind = raw.get("type", "loki") if isinstance(raw, dict) else "loki"
    if isinstance(raw, dict) and kind != "loki":
        remedy = "use type: loki"
        told = "is not a log source"
        bench.problems.append(problem(("logs", "type"), told, remedy, kind))
        return None
    return bench.judge(schema.LokiSection, raw, ("logs",))


def _credentials(bench: Bench, raw: object) -> list[Judged[schema.CredentialSection]]:
    at: Path = ("webhook_auth",)
    return [
        bench.judge(schema.CredentialSection, item, (*at, i))
        for i, item in enumerate(_list(bench, [] if raw is None else raw, at))
    ]


def _rules(bench: Bench, raw: object) -> list[RuleParts]:
    found = []
    for i, item in enumerate(_list(bench, raw, ("rules",), some=True)):
        own = item
        checks: list[object] = []
        if isinstance(item, dict):
            own = {k: v for k, v in item.items() if k != "checks"}
            at: Path = ("rules", i, "checks")
            checks = _list(bench, item.get("checks"), at, some=True)
        rule = bench.judge(schema.RuleSection, own, ("rules", i))
        judged = [
            bench.judge(schema.CheckSection, check, ("rules", i, "checks", j))
            for j, check in enumerate(checks)
        ]
        found.append(RuleParts(rule, judged))
    return found


def _list(bench: Bench, raw: object, at: Path, some: bool = False) -> list[object]:
    if isinstance(raw, list) and (raw or not some):
        return raw
    told = "is missing or empty" if raw is None or raw == [] else "is not a list"
    remedy = "give at least one, with a dash per entry"
    bench.problems.append(problem(at, told, remedy, raw or None))
    return []
