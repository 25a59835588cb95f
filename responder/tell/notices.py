"""One outgoing webhook for those without IRM: Alertmanager's form, or plain words."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from responder.config.settings import NoticeForm, NotifySettings
from responder.incident.outbox import Heard
from responder.incident.telling_kinds import Notice, Telling
from responder.incident.told import Reception
from responder.tell.wire import TIMEOUT, exchange, failure

_ZERO = "0001-01-01T00:00:00Z"
"""How an alert that lasts writes its end."""
_LONGEST_DISCORD = 2000


class Webhook:
    """`Voice` for notices: at least once, as nobody can be asked what came."""

    def __init__(
        self,
        settings: NotifySettings,
        mask: Callable[[str], str],
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = settings.webhook_url.reveal().strip()
        self._form = settings.form
        self._headers: dict[str, str | bytes] = {}
        if settings.bearer:
            bearer = f"Bearer {settings.bearer.reveal().strip()}"
            self._headers["Authorization"] = bearer.encode()
        self._mask = mask
        self._timeout = timeout

    def tell(self, telling: Telling, *, again: bool) -> Heard:
        """Send it."""
        if not isinstance(telling, Notice):
            raise TypeError("a webhook takes notices only")
        with exchange(self._headers, self._timeout) as made:
            if self._form is NoticeForm.TEXT:
                kind = {"Content-Type": "text/plain; charset=utf-8"}
                body = self._mask(_plain(telling)).encode("utf-8", "replace")
                reply = made.ask("POST", self._url, body=body, headers=kind)
            else:
                reply = made.ask("POST", self._url, document=self._document(telling))
            if reply and reply.good:
                return Heard(reception=Reception.TOLD)
            return failure(reply, made, self._mask, self._timeout)

    def _document(self, notice: Notice) -> dict[str, Any]:
        if self._form is NoticeForm.DISCORD:
            words = self._mask(_plain(notice))[:_LONGEST_DISCORD]
            # No word of ours may call a whole channel.
            return {"content": words, "allowed_mentions": {"parse": []}}
        return alertmanager(notice, self._mask)


def alertmanager(notice: Notice, mask: Callable[[str], str]) -> dict[str, Any]:
    """The notice in Alertmanager's form, version 4: firing while people are needed."""
    status = "firing" if notice.firing else "resolved"
    labels = {
        "alertname": "Responder",
        "incident": notice.incident,
        "rule": notice.rule,
    }
    words = {"summary": mask(notice.title), "description": mask(notice.text)}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": words,
        "startsAt": _written(notice.start),
        "endsAt": _ZERO if notice.end is None else _written(notice.end),
        "generatorURL": notice.page,
        "fingerprint": hashlib.sha256(notice.incident.encode()).hexdigest()[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{incident="{notice.incident}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "responder",
        "groupLabels": {"incident": notice.incident},
        "commonLabels": labels,
        "commonAnnotations": words,
        "externalURL": notice.page,
        "alerts": [alert],
    }


def _plain(notice: Notice) -> str:
    parts = (notice.title, notice.text, notice.page)
    return "\n".join(part for part in parts if part)


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
