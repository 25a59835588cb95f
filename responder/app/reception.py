"""What the web is handed: the intake with its spool, and everything pages read."""

from collections.abc import Callable, Mapping
from datetime import datetime

from responder.config.settings import Settings
from responder.incident.alert import Delivery, Notification
from responder.incident.names import Sender
from responder.incident.ports import Accepted
from responder.masking import Masker
from responder.metrics import Metrics
from responder.senders import body, grafana, irm, signature
from responder.spool import Spool, Spooled, SpoolingIntake
from responder.store.store import Store
from responder.web import received
from responder.web.parts import Authenticated, Parts
from responder.worker.loop import Worker
from responder.worker.tools import Tools

TakenIn = Callable[[Delivery, Accepted], None]


def taken_in_by(worker: Worker, metrics: Metrics) -> TakenIn:
    def taken_in(delivery: Delivery, accepted: Accepted) -> None:
        worker.hand_over(accepted.leases)
        received.tell(metrics, delivery, accepted)

    return taken_in


def spooling_intake(
    settings: Settings, store: Store, masker: Masker, taken_in: TakenIn
) -> SpoolingIntake:
    def parse(spooled: Spooled) -> Notification:
        document = body.decode(spooled.body.encode())
        if spooled.sender is Sender.IRM:
            return irm.parse(document)
        return grafana.parse(document, spooled.sender)

    return SpoolingIntake(
        store,
        Spool(settings.spool_folder(), settings.spool_max),
        parse=parse,
        brought_in=taken_in,
        masker=masker,
    )


def web_parts(
    settings: Settings,
    intake: SpoolingIntake,
    store: Store,
    worker: Worker,
    tools: Tools,
    metrics: Metrics,
    masker: Masker,
) -> Parts:
    return Parts(
        intake=intake,
        archive=store,
        controls=store.controls,
        openings=store.openings,
        drills=store.drills,
        clock=tools.clock,
        server=settings.server,
        sessions=store.sessions,
        metrics=metrics,
        masker=masker,
        hand_over=worker.hand_over,
        taken_in=taken_in_by(worker, metrics),
        storing=intake.storing,
        storage_lost=lambda: store.lost,
        spooled=intake.waiting,
        worker_alive=worker.alive,
        new_id=store.new_id,
        authenticate=_authentication(settings),
        decode=body.decode,
        parse_grafana=grafana.parse,
        parse_irm=irm.parse,
        credentials=settings.webhook_auth,
        operators=settings.operators,
        rules=settings.rules,
        config_sha=settings.sha,
        heartbeat_within=settings.heartbeat_within,
        fixed_link=settings.factory.report_url is not None,
    )


def _authentication(
    settings: Settings,
) -> Callable[[Sender, Mapping[str, str], bytes | None, datetime], Authenticated | str]:
    def authenticate(
        sender: Sender, headers: Mapping[str, str], raw: bytes | None, now: datetime
    ) -> Authenticated | str:
        credentials = settings.webhook_auth
        found = signature.authenticate(credentials, sender, headers, raw, now)
        if isinstance(found, signature.Rejected):
            return found.why
        return Authenticated(
            credential=found.credential, clock_difference=found.clock_difference
        )

    return authenticate
