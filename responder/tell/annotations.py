"""Grafana's annotations: one region for each incident, once it has ended.

Written from the documentation of `/api/annotations`; times are epoch milliseconds.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from responder.config.settings import GrafanaSettings
from responder.incident.outbox import Heard
from responder.incident.telling_kinds import Region, Telling, incident_tag
from responder.incident.told import Reception
from responder.tell.wire import TIMEOUT, Exchange, Reply, exchange, failure

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GrafanaAnnotations:
    """`Voice` for regions. Safe to use from several threads."""

    def __init__(
        self,
        settings: GrafanaSettings,
        mask: Callable[[str], str],
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = f"{settings.url.rstrip('/')}/api/annotations"
        token = settings.token.reveal().strip() if settings.token else ""
        # As bytes, because a header's text must be Latin-1 and a secret need not.
        self._headers = {"Authorization": f"Bearer {token}".encode()}
        self._mask = mask
        self._timeout = timeout

    def tell(self, telling: Telling, *, again: bool) -> Heard:
        """Make the annotation, unless it is there already."""
        if not isinstance(telling, Region):
            raise TypeError("dashboards show regions only")
        with exchange(self._headers, self._timeout) as made:
            found = self._find(made, telling.incident) if again else None
            return found or self._add(made, telling)

    def _find(self, made: Exchange, incident: str) -> Heard | None:
        """The annotation if it is there, or a failure to look; None if it is not."""
        asked = [("tags", "responder"), ("tags", incident_tag(incident))]
        parameters = [*asked, ("type", "annotation"), ("limit", "10")]
        reply = made.ask("GET", self._url, parameters=parameters)
        document = reply.document() if reply and reply.good else None
        if not isinstance(document, list):
            return self._failed(reply, made)
        found = [item.get("id") for item in document if isinstance(item, dict)]
        known = [number for number in found if isinstance(number, int)]
        # The first that was made, should there be several.
        return Heard(reception=Reception.TOLD, ref=str(min(known))) if known else None

    def _add(self, made: Exchange, region: Region) -> Heard:
        reply = made.ask("POST", self._url, document=self._body(region))
        if reply is None or not reply.good:
            return self._failed(reply, made)
        if ref := reply.identity():
            return Heard(reception=Reception.TOLD, ref=ref)
        # It is found by its tag when it is told again.
        detail = f"HTTP {reply.status} without the annotation's id"
        return Heard(reception=Reception.FAILED, detail=detail)

    def _body(self, region: Region) -> dict[str, Any]:
        return {
            "time": _milliseconds(region.start),
            "timeEnd": _milliseconds(region.end),
            "text": self._mask(region.text),
            "tags": [self._mask(tag) for tag in region.tags],
        }

    def _failed(self, reply: Reply | None, made: Exchange) -> Heard:
        if reply and reply.good:
            detail = "what answered is no Grafana"
            return Heard(reception=Reception.REFUSED, detail=detail)
        return failure(reply, made, self._mask, self._timeout)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
