"""Who is told: each configured place with a thread of its own."""

import time
from dataclasses import dataclass

from responder.config.settings import Settings
from responder.incident.outbox import Voice
from responder.incident.told import Where
from responder.masking import Masker
from responder.metrics import Metrics
from responder.store.store import Store
from responder.tell.annotations import GrafanaAnnotations
from responder.tell.irm import IrmGroups
from responder.tell.notices import Webhook
from responder.worker.teller import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Tellers:
    """All of them; none where nothing is configured."""

    each: tuple[Teller, ...]

    def start(self) -> None:
        for teller in self.each:
            teller.start()

    def stop(self, within: float | None = None) -> None:
        """Begin nothing more, and wait so many seconds for what is being told.

        What is left is told at the next start.
        """
        for teller in self.each:
            teller.stop(0)
        ends = time.monotonic() + (within or 0)
        for teller in self.each:
            left = None if within is None else max(0.0, ends - time.monotonic())
            teller.stop(left)


def tellers_of(
    settings: Settings, store: Store, masker: Masker, metrics: Metrics
) -> Tellers:
    voices = _voices(settings, masker)
    rules = {rule.name: rule for rule in settings.rules}
    outbox = store.outbox(tuple(voices))
    public = settings.server.public_url

    def page(incident: str) -> str:
        return f"{public}/incidents/{incident}" if public else ""

    return Tellers(
        each=tuple(
            Teller(
                where,
                voice,
                outbox,
                rules=rules,
                clock=store.clock,
                page=page,
                meter=metrics.tellings,
            )
            for where, voice in voices.items()
        )
    )


def _voices(settings: Settings, masker: Masker) -> dict[Where, Voice]:
    voices: dict[Where, Voice] = {}
    grafana, irm, notify = settings.grafana, settings.irm, settings.notify
    if grafana and grafana.annotations:
        voices[Where.GRAFANA] = GrafanaAnnotations(grafana, masker)
    if irm:
        stack = grafana.url if grafana else None
        voices[Where.IRM] = IrmGroups(irm, masker, stack_url=stack)
    if notify:
        voices[Where.NOTIFY] = Webhook(notify, masker)
    return voices
