"""Gathers the facts that `doctor` judges, and hands each to its judgement."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from responder.config.settings import Settings
from responder.doctor.public import Seen, judge_public
from responder.doctor.supplier import judge_factory
from responder.doctor.visit import Reached, visit
from responder.evidence.judge import judge_logs
from responder.evidence.judge import judge_token as judge_log_token
from responder.evidence.loki_probe import LokiProbe
from responder.evidence.volume import Asking
from responder.findings import Finding, note, problem
from responder.grafana.client import Grafana, Refused
from responder.grafana.judge import judge, judge_token
from responder.grafana.ours import Matter
from responder.grafana.wanted import every
from responder.masking import Masker

_AGAIN = 5
"""How often the public address is asked: a replica may answer for another."""


class Examiner:
    """Everything that a deployment can be asked. `pause` waits so many seconds."""

    def __init__(
        self,
        settings: Settings,
        mask: Masker,
        now: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._mask = mask
        self._now = now
        self._pause = pause
        self._every: timedelta | None = None

    def public(self, server: str) -> Iterator[Finding]:
        """Our address, as the world and as this machine reach it."""
        url = self._settings.server.public_url
        own = visit(f"{server}/-/healthy")
        instance = own.instance if isinstance(own, Reached) else ""
        public = []
        for _ in range(_AGAIN if url else 0):
            public.append(visit(f"{str(url).rstrip('/')}/-/healthy"))
            last = public[-1]
            if not isinstance(last, Reached) or last.instance in ("", instance):
                break
        shared = self._settings.storage_file() is None
        yield from judge_public(
            Seen(public_url=url, server=server, own=own, public=public, shared=shared)
        )

    def grafana(self) -> Iterator[Finding]:
        """Grafana's contact points, policies and rules."""
        grafana = self._settings.grafana
        if grafana is None:
            yield note(
                "grafana.settings",
                "grafana is not configured: nothing is known of its contact points",
                "most of what goes wrong goes wrong there",
                'grafana: {url: "https://name.grafana.net", token: "${GRAFANA_TOKEN}"}',
            )
            return
        found = [*judge_token(grafana)]
        yield from found
        if found:
            return
        try:
            seen = Grafana(grafana, self._mask).look()
        except Refused as refused:
            yield problem(
                "grafana.api",
                str(refused),
                "nothing can be read of Grafana, so nothing is known of it",
                'grafana: {url: "https://name.grafana.net", token: "${GRAFANA_TOKEN}"}'
                "   # a service account's, with the role Admin",
            )
            return
        matter = Matter(seen=seen, settings=self._settings)
        asked = [seen.intervals[rule.folder, rule.group] for rule in matter.feeding]
        self._every = min((one for one in asked if one), default=None)
        yield from judge(matter)

    def logs(self, watch: float) -> Iterator[Finding]:
        """The log source; waits at most `watch` seconds for a new line."""
        logs = self._settings.logs
        if logs is None:
            return  # The configuration's own finding.
        found = [*judge_log_token(logs)]
        yield from found
        if found:
            return
        probe = LokiProbe(logs, self._now, self._pause)
        try:
            facts = probe.facts(self._settings.rules, watch)
        finally:
            probe.close()
        cloud = ".grafana.net" in logs.url
        asking = Asking(
            rules=self._settings.rules, every=self._every or every(cloud), cloud=cloud
        )
        yield from judge_logs(facts, logs, asking)

    def factory(self) -> Iterator[Finding]:
        """The factory's first page: nothing that could be a report."""
        url = self._settings.factory.url
        yield from judge_factory(url, visit(f"{url}/"), self._now())
