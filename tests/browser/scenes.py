"""The states that the pages can be in, each as a web over lists."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from responder.config.settings import Secret
from responder.incident.alert import PersonAction
from responder.incident.drills import Came, Drill, DrillStep, Taken
from responder.incident.events import (
    AlertFired,
    Candidate,
    CheckReading,
    Decided,
    Event,
    Finished,
    FirstErrorFound,
    Looked,
    Opened,
    PersonActed,
    ReportAnswered,
    ReportedByHand,
    ReportIntended,
    ReportPlanned,
    ReportShared,
    ReportWithheld,
)
from responder.incident.evidence import to_ns
from responder.incident.incident import fold
from responder.incident.names import (
    Decision,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
    Verdict,
)
from responder.incident.pause import Pause
from responder.incident.readiness import (
    FactoryVisit,
    LastContact,
    LineCount,
    Probed,
    ReadinessFacts,
    judge,
)
from responder.incident.service import Uptime
from responder.incident.view import ReceivedDelivery
from responder.incident.words import sentence
from tests.fakes import NOON, ListedControls
from tests.listed import ListedArchive, summary_of
from tests.web_parts import RULE, Web, at

DIGEST = "7f3a" * 16
GRAFANA = "https://grafana.example.net"
LINKS = {
    "generator": f"{GRAFANA}/alerting/grafana/pizza_err_logs/view?orgId=1",
    "dashboard": f"{GRAFANA}/d/pizza?orgId=1",
    "panel": f"{GRAFANA}/d/pizza?orgId=1&viewPanel=4",
    "silence": f"{GRAFANA}/alerting/silence/new?alertmanager=grafana",
}


def keys(start: float, many: int, every: float, name: str) -> tuple[str, ...]:
    """Keys of log lines, the first at `start` seconds after noon."""
    times = (at(start + every * n) for n in range(many))
    return tuple(f"{to_ns(time)}-{name}{n:04d}" for n, time in enumerate(times))


def looked(
    seconds: float,
    count: int | None,
    *,
    lines: tuple[str, ...] = (),
    failed: tuple[str, ...] = (),
    good: tuple[str, ...] = (),
    good_orders: int | None = None,
    detail: str = "",
    links: bool = False,
) -> Looked:
    reading = CheckReading(
        name="error-logs",
        count=count,
        threshold=5,
        since=at(seconds - 300),
        until=at(seconds),
        unreadable=None if count is not None else UnreadableReason.UNAUTHORIZED,
        detail=detail,
    )
    return Looked(
        at=at(seconds),
        since=at(seconds - 300),
        checks=(reading,),
        lines=lines,
        failed_lines=failed,
        good_lines=good,
        good_orders=good_orders,
        candidates=(
            Candidate(name="link 7f3a", digest=DIGEST, seen_at=at(seconds - 2)),
        )
        if links
        else (),
    )


def decided(
    seconds: float, decision: Decision, state: State, reason: Reason
) -> Decided:
    return Decided(
        at=at(seconds),
        decision=decision,
        state=state,
        reason=reason,
        observed=14,
        limit=5,
        check="error-logs",
    )


def beginning(alertname: str = "Order errors") -> list[Event]:
    """Seven orders failed before the alert was heard at noon."""
    lines = keys(-114, 14, 8.1, "error")
    failed = keys(-114, 7, 16.2, "order")
    return [
        Opened(at=NOON, rule="pizza-factory", sender=Sender.GRAFANA),
        AlertFired(
            at=NOON,
            fingerprint="57c6d9296de2ad30",
            starts_at=at(-31),
            sender=Sender.GRAFANA,
            labels={"alertname": alertname, "responder": "jwt-pizza"},
            links=LINKS,
        ),
        looked(0.1, 14, lines=lines, failed=failed, links=True),
        FirstErrorFound(at=at(0.15), first_error_at=at(-114)),
    ]


def reported(seconds: float = 0.2) -> list[Event]:
    return [
        decided(seconds, Decision.REPORT, State.REPORTING, Reason.THRESHOLD_REACHED),
        ReportIntended(
            at=at(seconds),
            link="link 7f3a",
            digest=DIGEST,
            reason=Reason.THRESHOLD_REACHED,
        ),
        ReportAnswered(
            at=at(seconds + 0.1),
            link="link 7f3a",
            digest=DIGEST,
            outcome=Outcome.RESOLVED,
            method="GET",
            status=200,
            message="Problem resolved. Pizza is back on the menu!",
            seconds=0.1,
        ),
        decided(seconds + 0.1, Decision.VERIFY, State.VERIFYING, Reason.REPORTED),
    ]


def recovered_events() -> list[Event]:
    return [
        *beginning(),
        *reported(),
        PersonActed(
            at=at(4), action=PersonAction.ACKNOWLEDGED, person="David Higueros"
        ),
        looked(10.2, 0, good_orders=0),
        looked(29.2, 0, good=keys(12, 3, 7.3, "good"), good_orders=3),
        Finished(
            at=at(29.2),
            state=State.RECOVERED,
            reason=Reason.ORDER_SEEN,
            proof=Proof.ORDERS,
            good_orders=3,
        ),
    ]


def working_events() -> list[Event]:
    return [*beginning(), *reported(), looked(10.2, 0, good_orders=0)]


def waiting_events() -> list[Event]:
    again = keys(40, 9, 4, "late")
    return [
        *beginning(),
        *reported(),
        looked(10, 0, good_orders=0),
        looked(50, 4, lines=again[:4], failed=keys(40, 2, 8, "lost"), good_orders=0),
        looked(80, 9, lines=again[4:], failed=keys(56, 2, 8, "gone"), good_orders=0),
        decided(80, Decision.NEEDS_HUMAN, State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE),
    ]


def veto_events() -> list[Event]:
    """Fourteen seconds are left to stop it."""
    return [
        *beginning(),
        decided(0.2, Decision.HOLD, State.HOLDING, Reason.VETO_WINDOW),
        ReportPlanned(
            at=at(0.2),
            act_at=at(20.2),
            link="link 7f3a",
            digest=DIGEST,
            reason=Reason.THRESHOLD_REACHED,
        ),
    ]


def blind_events() -> list[Event]:
    """The logs could not be read for two minutes."""
    why = "HTTP 403, token lacks logs:read"
    begun = beginning()
    return [
        *begun[:2],
        looked(0.1, None, detail=why),
        decided(0.1, Decision.HOLD, State.HOLDING, Reason.LOGS_UNREADABLE),
        looked(60, None, detail=why),
        decided(60, Decision.NEEDS_HUMAN, State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE),
        looked(120, 14, lines=keys(-114, 14, 8.1, "error")),
        looked(150, 15, lines=keys(140, 1, 1, "more")),
        decided(150, Decision.HOLD, State.HOLDING, Reason.NO_LINK),
    ]


def sharing_events() -> list[Event]:
    """Another rule's incident, for which the same report was sent."""
    shared = ReportShared(
        at=at(0.4),
        link="link 7f3a",
        digest=DIGEST,
        incident="inc-12",
        outcome=Outcome.RESOLVED,
        answered_at=at(0.3),
    )
    verify = decided(0.4, Decision.VERIFY, State.VERIFYING, Reason.REPORT_SHARED)
    return [*beginning("Order latency"), shared, verify]


def shadow_events() -> list[Event]:
    """It would have reported at once; a person did a minute later."""
    withheld = ReportWithheld(
        at=at(0.2), link="link 7f3a", digest=DIGEST, reason=Reason.SHADOW
    )
    watching = decided(0.2, Decision.VERIFY, State.VERIFYING, Reason.SHADOW)
    by_hand = ReportedByHand(at=at(70), by="David Higueros", reported_at=at(60))
    end = Finished(at=at(80), state=State.STOOD_DOWN, reason=Reason.SHADOW)
    return [*beginning(), withheld, watching, by_hand, end]


def heard(verdict: Verdict, seconds: float, why: str = "") -> ReceivedDelivery:
    return ReceivedDelivery(
        id=f"d{seconds}",
        received_at=at(seconds),
        sender="grafana",
        credential="main",
        alerts=1,
        kinds=(verdict,),
        why=(why,) if why else (),
        clock_difference=0.4,
    )


def web_of(
    *incidents: Sequence[Event],
    later: float = 90,
    alive: bool = True,
    paused: Pause | None = None,
    heard: Sequence[ReceivedDelivery] = (),
) -> Web:
    """A web that knows these incidents, at noon and `later` seconds."""
    archive = ListedArchive(heard=list(heard))
    for number, events in enumerate(incidents):
        name = f"inc-{12 - number}"
        folded = fold(name, events)
        archive.timelines[name] = events
        archive.incidents.append(summary_of(folded, sentence(folded, RULE)))
    controls = ListedControls(known="inc-12", paused=paused, held=len(incidents[1:]))
    web = Web(archive=archive, alive=alive, controls=controls)
    web.clock.at = at(later)
    return web


def older() -> list[Event]:
    """A recovered incident of some days before."""
    back = timedelta(days=-9)
    moved = [replace(event, at=event.at + back) for event in recovered_events()]
    found = [
        replace(e, first_error_at=e.first_error_at + back)
        if isinstance(e, FirstErrorFound)
        else replace(e, starts_at=e.starts_at + back)
        if isinstance(e, AlertFired)
        else replace(e, lines=(), failed_lines=(), good_lines=())
        if isinstance(e, Looked)
        else e
        for e in moved
    ]
    return list(found)


SOME = (heard(Verdict.OPENED, 0), heard(Verdict.REPEATED, 60))
IGNORED = heard(
    Verdict.IGNORED,
    -400,
    "nearest rule 'pizza-factory': label responder is 'jwt-pizzas'; "
    "add to its match: - {responder: jwt-pizzas}",
)


def not_ready() -> Web:
    """Quiet, and three of seven facts are not so."""
    web = web_of(older(), later=90, heard=SOME)
    probed = Probed(
        at=at(70),
        lines=LineCount(why="HTTP 403: the token lacks logs:read"),
        orders={"pizza-factory": LineCount(count=0, newest=at(-1800))},
        factory=FactoryVisit(at=at(-60), secure=True, difference=0.4),
    )
    heard = LastContact(at=at(60), sender="grafana")
    web.readiness = judge(
        ReadinessFacts(
            at=at(90),
            heard=heard,
            probed=probed,
            memory=Uptime(since=at(-86400)),
            rules=(RULE,),
        )
    )
    return web


def drilled(*, ended: bool) -> Web:
    """A drill under way, or one that broke at its fourth step."""
    web = web_of(older(), later=90, heard=SOME)
    taken = [
        Taken(
            part=DrillStep.DELIVERED, came=Came.DONE, words="answered 202 after 0.1 s"
        ),
        Taken(part=DrillStep.STORED, came=Came.DONE, words="the alert is stored"),
    ]
    if ended:
        mend = "compare rules[].match with the labels of your alert"
        words = "no rule takes the marked alert"
        broken = Taken(part=DrillStep.MATCHED, came=Came.BROKEN, words=words, mend=mend)
        taken.append(broken)
    drill = Drill(
        id="5c0ffee5c0ff",
        rule=RULE.name,
        by="David Higueros",
        at=at(60),
        taken=tuple(taken),
        ended_at=at(70) if ended else None,
    )
    web.drills.save(drill)
    return web


SCENES: dict[str, Callable[[], Web]] = {
    "first-start": lambda: web_of(later=0),
    "drilling": lambda: drilled(ended=False),
    "drill-broken": lambda: drilled(ended=True),
    "quiet": lambda: web_of(older(), later=90, heard=[SOME[0], IGNORED]),
    "recovered": lambda: web_of(recovered_events(), older(), later=270, heard=SOME),
    "working": lambda: web_of(working_events(), older(), later=14, heard=SOME),
    "veto": lambda: web_of(veto_events(), older(), later=6, heard=SOME),
    "not-ready": not_ready,
    "login": lambda: Web(operators={"David": Secret("pass-of-david")}),
    "paused": lambda: web_of(
        older(),
        later=90,
        heard=SOME,
        paused=Pause(at=at(-400), by="David Higueros", until=at(6800)),
    ),
    "waiting": lambda: web_of(waiting_events(), older(), later=95, heard=SOME),
    "shared": lambda: web_of(working_events(), sharing_events(), later=14, heard=SOME),
    "shadow": lambda: web_of(shadow_events(), older(), later=90, heard=SOME),
    "blind": lambda: web_of(blind_events(), older(), later=155, heard=SOME),
    "dead-worker": lambda: web_of(working_events(), older(), alive=False, heard=SOME),
}
