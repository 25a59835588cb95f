"""What a drill sends: its alert, to our own public address."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.config.settings import Credential, Settings
from responder.incident.names import Sender, Status
from responder.masking import Masker
from responder.senders import samples
from responder.senders.signing import proof
from responder.tell.wire import Reply, exchange

TIMEOUT = 5.0
"""Seconds for one request."""
_SENDERS = (Sender.GRAFANA, Sender.ALERTMANAGER, Sender.IRM)
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, or none (`status` is None and `words` says why)."""

    status: int | None
    words: str
    document: object = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Outward:
    """Delivers as the configuration says that others do."""

    def __init__(self, settings: Settings, masker: Masker, address: str) -> None:
        self._mask = masker
        self.address = (settings.server.public_url or address).rstrip("/")
        self.sender, self._credential = _who(settings.webhook_auth)

    def deliver(
        self, labels: dict[str, str], starts_at: datetime, now: datetime, status: Status
    ) -> Said:
        """The alert, with everything that its credential demands."""
        body = samples.body(self.sender, labels, now, status, starts_at)
        raw = json.dumps(body).encode()
        headers: dict[str, str | bytes] = {"Content-Type": "application/json"}
        if self._credential:
            shown = proof(self._credential, raw, now)
            headers |= {name: text.encode() for name, text in shown.items()}
        return self._post(f"{self.address}/webhooks/{self.sender}", raw, headers)

    def _post(self, url: str, raw: bytes, headers: dict[str, str | bytes]) -> Said:
        with exchange(headers, TIMEOUT) as made:
            reply = made.ask("POST", url, body=raw)
        if reply is None:
            late = f"no complete answer within {TIMEOUT:g} s"
            why = late if made.call.expired or made.call.sent else made.call.stage
            return Said(status=None, words=why)
        words = f"HTTP {reply.status}{self._first_line(reply)}"
        return Said(status=reply.status, words=words, document=reply.document())

    def _first_line(self, reply: Reply) -> str:
        text = " ".join(reply.body.decode("utf-8", "replace").split())
        shown = "".join(c for c in self._mask(text) if c.isprintable())[:_LONGEST]
        return f": {shown}" if shown and not shown.startswith("<") else ""


def _who(
    credentials: Sequence[Credential],
) -> tuple[Sender, Credential | None]:
    """As whom the alert is sent: Grafana before all others."""
    for sender in _SENDERS:
        for credential in credentials:
            if sender in credential.senders:
                return sender, credential
    return Sender.GRAFANA, None
