"""Do the rules of Grafana and ours fit each other? One judgement a function, pure."""

from collections.abc import Iterator

from responder.findings import Finding, note, ok, problem, warning
from responder.grafana.objects import AlertRule
from responder.grafana.ours import Matter
from responder.incident.names import Sender
from responder.incident.nearest import why_ignored


def judge_rules(matter: Matter) -> Iterator[Finding]:
    """Who feeds us, who feeds nobody, and whom each alert reaches besides us."""
    fed = {
        taker.name
        for rule in matter.feeding
        if not rule.paused and (taker := matter.taker(rule))
    }
    for rule in matter.feeding:
        yield from _untaken(matter, rule, fed)
        yield from _lonely(matter, rule)
        yield from _silent(rule)
        yield from _paused(rule)
    yield from _unfed(matter, fed)
    for name in sorted(fed):
        yield ok("grafana.feeds", f"an alert rule feeds {name}")


def _untaken(matter: Matter, rule: AlertRule, fed: set[str]) -> Iterator[Finding]:
    # Beside people's integration we hear of all that they are paged for: that is a
    # mistake only where a rule of ours waits for alerts in vain.
    whole = all(one.name in fed for one in matter.settings.rules)
    tell = note if whole else warning
    if matter.taker(rule) is None:
        told = why_ignored(matter.seen.labels_of(rule), matter.settings.rules)
        says, _, mend = told.partition("; to take it, ")
        yield tell(
            "grafana.untaken",
            f"alerts of {rule.title!r} reach us and no rule takes them: {says}",
            "they are stored and shown as ignored, and never acted on",
            f"responder.yaml: {mend}" if mend else "responder.yaml: add a rule",
        )


def _lonely(matter: Matter, rule: AlertRule) -> Iterator[Finding]:
    ways = matter.ways(rule)
    if matter.reaches_people(ways):
        return
    name = ways[0].contact_point
    cause = "its own notification settings" if ways[0].direct else "the policies"
    yield problem(
        "grafana.people",
        f"alerts of {rule.title!r} reach us and no person: {cause} lead to {name}",
        "what Responder cannot mend nobody hears of",
        f"Alerting › Contact points › {name}: add the integration that pages people",
    )


def _silent(rule: AlertRule) -> Iterator[Finding]:
    """A count of no lines is an empty result, which Grafana takes for no data."""
    zeroed = all("or vector(0)" in query for query in rule.queries)
    bare = rule.no_data == "NoData" and rule.queries and not zeroed
    if bare or rule.no_data == "Alerting":
        yield problem(
            "grafana.no_data",
            f"{rule.title!r} alerts when there is nothing to count "
            f"(noDataState: {rule.no_data})",
            "a healthy shop logs no errors: people are paged by silence",
            f"Alerting › Alert rules › {rule.title} › Alert state if no data: "
            "Normal (noDataState: OK)",
        )


def _paused(rule: AlertRule) -> Iterator[Finding]:
    if rule.paused:
        yield warning(
            "grafana.paused",
            f"{rule.title!r} is paused in Grafana",
            "it wakes nobody, neither us nor people",
            f"Alerting › Alert rules › {rule.title} › Resume (isPaused: false)",
        )


def _unfed(matter: Matter, fed: set[str]) -> Iterator[Finding]:
    others = [
        sender
        for one in matter.settings.webhook_auth
        for sender in one.senders
        if sender is not Sender.GRAFANA
    ]
    for number, rule in enumerate(matter.settings.rules):
        if rule.name not in fed:
            tell = note if others or rule.watch else problem
            yield tell(
                "grafana.unfed",
                f"rules[{number}] ({rule.name}): no alert rule in Grafana feeds it",
                "no alert of Grafana ever leads to it",
                "responder connect --apply   # or label a rule of Grafana so that "
                f"{rule.name} takes it",
            )
