"""What readiness is judged by: the prober's questions, and what else is known."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from responder.config.settings import Settings
from responder.doctor.visit import Unreached, visit
from responder.evidence.selector import LabelMatcher, parse
from responder.incident.memory import Remember
from responder.incident.names import WEBHOOKS, Verdict
from responder.incident.ports import LogSource
from responder.incident.readiness import Heard, Known, Reached, Readiness
from responder.incident.readiness_facts import HEARD_WITHIN, judge
from responder.incident.rule import Rule
from responder.masking import Masker
from responder.store.store import Store
from responder.web.heartbeat import silence
from responder.worker.prober import Prober

EVERY = timedelta(minutes=1)
_RECENT = 100
_NARROW = frozenset({"level", "detected_level", "type"})
"""Labels that tell error lines from others: readiness looks for any line."""


def prober_of(
    settings: Settings, store: Store, logs: LogSource, every: timedelta
) -> Prober:
    mask = Masker(settings.secrets())

    def reach(now: datetime) -> Reached:
        return _reach(settings.factory.url, now, mask)

    return Prober(
        logs=logs,
        selectors=sorted({_selector(rule) for rule in settings.rules}),
        traffic={rule.name: rule.traffic for rule in settings.rules if rule.traffic},
        visit=reach,
        writable=store.writable,
        clock=store.clock,
        every=every,
    )


def readiness_of(
    settings: Settings, store: Store, memory: Remember, prober: Prober
) -> Callable[[datetime], Readiness | None]:
    """What is so now; None before the first questions are answered."""
    people = people_of(settings)

    def now(at: datetime) -> Readiness | None:
        if (probed := prober.probed) is None:
            return None
        beats = store.deliveries(verdict=Verdict.HEARTBEAT, limit=1)
        known = Known(
            at=at,
            heard=_heard(store, at),
            silence=silence(beats, at, settings.heartbeat_within),
            probed=probed,
            memory=memory(),
            people=people,
            rules=settings.rules,
        )
        return judge(known)

    return now


def _heard(store: Store, at: datetime) -> Heard:
    recent = store.deliveries(limit=_RECENT)
    last = next((d for d in recent if d.sender in WEBHOOKS), None)
    signed = next(
        (
            d
            for d in recent
            # What was heard in the future was heard before the clock was mended.
            if d.clock_difference is not None
            and timedelta() <= at - d.received_at < HEARD_WITHIN
        ),
        None,
    )
    return Heard(
        at=last.received_at if last else None,
        sender=last.sender if last else "",
        difference=signed.clock_difference if signed else None,
        signed_at=signed.received_at if signed else None,
    )


def people_of(settings: Settings) -> tuple[str, ...]:
    """Who would be told of an incident, and how."""
    found = []
    if settings.operators:
        named = ", ".join(sorted(settings.operators))
        found.append(f"operators: {named}")
    found += ["IRM"] if settings.irm else []
    found += ["a webhook to people"] if settings.notify else []
    return tuple(found)


def _reach(url: str, now: datetime, mask: Masker) -> Reached:
    """One GET of the factory's first page. Its report path is left alone."""
    found = visit(url.rstrip("/") + "/")
    if isinstance(found, Unreached):
        return Reached(at=now, why=mask(found.why))
    told = found.told_at
    return Reached(
        at=now,
        expires=found.expires,
        secure=url.startswith("https:"),
        difference=(now - told).total_seconds() if told else None,
    )


def _selector(rule: Rule) -> str:
    """Any line of the service that a rule looks at: its widest stream selector."""
    queries = [*(check.query for check in rule.checks), *filter(None, [rule.traffic])]
    found = (_wide(parse(query).matchers) for query in queries)
    return min(found, key=lambda text: (len(text), text))


def _wide(matchers: Iterable[LabelMatcher]) -> str:
    known = list(matchers)
    wide = [m for m in known if m.label not in _NARROW] or known
    return "{" + ", ".join(f"{m.label}{m.op}{json.dumps(m.value)}" for m in wide) + "}"
