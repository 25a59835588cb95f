"""A configuration in plain words: what each rule would do."""

from datetime import timedelta

from responder.config.settings import Settings, said
from responder.incident.names import Mode
from responder.incident.rule import Check, Rule


def describe(settings: Settings) -> list[str]:
    """Each rule's way through an incident and what bounds all. Holds no secret."""
    lines = [line for rule in settings.rules for line in _rule(rule, settings)]
    hourly = _times(settings.max_reports_per_hour)
    lines.append(f"all rules together: report at most {hourly} an hour.")
    if told := _notified_places(settings):
        lines.append(told)
    return lines


def _notified_places(settings: Settings) -> str:
    """Where it is told what was done, "" where nowhere is configured."""
    places = {
        "annotations in Grafana": settings.grafana and settings.grafana.annotations,
        "notes in IRM, acknowledged only when recovered": settings.irm,
        "one webhook": settings.notify,
    }
    named = [place for place, configured in places.items() if configured]
    return f"told by: {'; '.join(named)}." if named else ""


def _rule(rule: Rule, settings: Settings) -> list[str]:
    confirmed = " or ".join(_check(check) for check in rule.checks)
    return [
        f"{rule.name} ({rule.mode}): {_match(rule)}",
        f"  confirmed by {confirmed}",
        f"  {_action(rule, settings)}",
        f"  {_proof(rule)}",
        f"  {_unreadable(rule)}",
        f"  {_watch(rule)}",
    ]


def _match(rule: Rule) -> str:
    if not rule.match:
        return "every alert"
    alternatives = (
        " and ".join(f"{m.label}{m.op}{m.value}" for m in matchers)
        for matchers in rule.match
    )
    return "alerts with " + ", or ".join(alternatives)


def _check(check: Check) -> str:
    lines = "1 line" if check.threshold == 1 else f"{check.threshold} lines"
    return f"{check.name} ({lines} in {said(check.window)})"


def _action(rule: Rule, settings: Settings) -> str:
    if rule.mode is Mode.SHADOW:
        return "reports nothing, only notes what it would have done"
    fixed = settings.factory.report_url is not None
    link = "the fixed report link" if fixed else "the newest link found in the logs"
    window = ""
    if rule.mode is Mode.VETO:
        window = f"unless somebody stops it within {said(rule.veto_window)}, "
    return (
        f"{window}reports {link} at most {_times(rule.max_reports)}, "
        f"the same one no sooner than {said(rule.cooldown)} later, "
        "then calls a person"
    )


def _proof(rule: Rule) -> str:
    after, until = said(rule.verify_after), said(rule.verify_for)
    if rule.traffic:
        return f"recovered when a good order is seen from {after} on, within {until}"
    return f"recovered when the checks stay quiet, looked at from {after} on"


def _unreadable(rule: Rule) -> str:
    patience = said(rule.unreadable_for)
    return f"calls a person when the logs are unreadable for {patience}"


_DAY = timedelta(days=1)
_USUAL_WATCH = timedelta(seconds=10)


def _watch(rule: Rule) -> str:
    """Whether it waits for an alert, and what looking itself costs or would gain."""
    every = rule.watch or _USUAL_WATCH
    queries = _DAY // every * len(rule.checks)
    cost = f"{queries} range queries a day"
    if rule.watch:
        return f"looks at the logs itself every {said(every)}, {cost}"
    return (
        f"waits for an alert; watch: {said(every)} would see the fault within "
        f"{said(every)}, without Grafana's minute and the way here, for {cost}"
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
