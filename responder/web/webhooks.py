"""The webhook routes: a delivery is stored before it is acknowledged."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import IO, cast

from flask import Blueprint, Response, jsonify, request

from responder.incident.alert import Delivery, Notification
from responder.incident.names import WEBHOOKS, Sender, Verdict
from responder.incident.ports import Accepted, StorageUnavailable
from responder.masking import Masker, rewritten
from responder.web.auth import stranger, text
from responder.web.parts import Authenticated, Services, WebhookCounting

# After a delivery is stored: metrics, and one log line.

_log = logging.getLogger("responder.webhooks")


def tell(metrics: WebhookCounting, delivery: Delivery, accepted: Accepted) -> None:
    """Count a stored delivery and its alerts, and write its line."""
    notification = delivery.notification
    if not notification.drill:
        metrics.heard(delivery.received_at)
    for alert, said in zip(notification.alerts, accepted.verdicts, strict=False):
        if said.verdict is Verdict.DRILL:
            continue
        metrics.alert(alert.status, said.verdict)
        if said.verdict is Verdict.HEARTBEAT:
            metrics.heartbeat(delivery.received_at)
        if said.rule and said.verdict in (Verdict.OPENED, Verdict.JOINED):
            delay = delivery.received_at - alert.starts_at
            metrics.alert_delay(said.rule, delay.total_seconds())
    _log.info(
        "delivery accepted",
        extra={
            "delivery": delivery.id,
            "sender": notification.sender.value,
            "credential": delivery.credential,
            "verdicts": dict(Counter(v.verdict.value for v in accepted.verdicts)),
            "incidents": sorted({v.incident for v in accepted.verdicts if v.incident}),
        },
    )


# Request bodies: read up to a limit, and politely dropped beyond it.

DROPPED = 64 * 1024 * 1024
_PIECE = 64 * 1024


def read_body(stream: IO[bytes], limit: int, dropped: int = DROPPED) -> bytes | None:
    """The whole body, or None if it is longer than `limit` bytes.

    A longer one is read and thrown away up to `dropped` bytes, because a sender
    still writing when we answer would see a reset connection, not our 413.
    """
    pieces: list[bytes] = []
    length = 0
    while length <= max(limit, dropped):
        piece = stream.read(_PIECE)
        if not piece:
            return b"".join(pieces) if length <= limit else None
        length += len(piece)
        if length <= limit:
            pieces.append(piece)
        else:
            pieces.clear()
    return None


_REMEDY = "Configure `webhook_auth` to let other machines deliver."
_AT_ONCE = 1000
_OTHERS = 1024 * 1024
"""Bytes kept of what pages and the API are sent, who all take less."""
_ANSWER_BYTES = 1000
"""Grafana's page shows the first 1,024 bytes of a refusal."""


class HttpRefusal(Exception):
    """Why a delivery is refused: the answer, and how the metrics call it."""

    def __init__(self, status: int, result: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.result = result
        self.words = words


def webhooks(parts: Services) -> Blueprint:
    """The routes of every sender; the path alone says who speaks."""
    blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
    reception = _Reception(parts)

    @blueprint.route("/grafana", methods=["POST", "PUT"])
    def grafana() -> Response:
        return reception.receive(Sender.GRAFANA)

    @blueprint.post("/alertmanager")
    def alertmanager() -> Response:
        return reception.receive(Sender.ALERTMANAGER)

    @blueprint.post("/irm")
    def irm() -> Response:
        return reception.receive(Sender.IRM)

    return blueprint


def body_limit(parts: Services) -> Callable[[str, Mapping[str, str]], int]:
    """Bytes that are worth keeping of a request's body, by its path and headers.

    0 for a delivery that is refused whatever its body holds: then none is read.
    """
    senders = {f"/webhooks/{sender}": sender for sender in WEBHOOKS}

    def limit(path: str, headers: Mapping[str, str]) -> int:
        sender = senders.get(path)
        if sender is None:
            return _OTHERS
        if not parts.credentials:
            return parts.server.max_body
        found = parts.authenticate(sender, headers, None, parts.clock.now())
        return 0 if isinstance(found, str) else parts.server.max_body

    return limit


class _Reception:
    """One webhook request, from the first byte to the answer."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def receive(self, sender: Sender) -> Response:
        clock = self._parts.clock
        started, result = clock.monotonic(), "unavailable"
        drill = False
        try:
            delivery, accepted = self._taken(sender, clock.now())
            result = _result(delivery, accepted)
            drill = delivery.notification.drill
            return _acknowledged(delivery, accepted)
        except HttpRefusal as refusal:
            result = refusal.result
            return self._refused(sender, refusal)
        finally:
            if not drill:
                seconds = clock.monotonic() - started
                self._parts.metrics.webhook(sender, result, seconds)

    def _taken(self, sender: Sender, now: datetime) -> tuple[Delivery, Accepted]:
        parts = self._parts
        delivery = self._understood(sender, now)
        try:
            accepted = parts.intake.accept(delivery)
        except StorageUnavailable:
            words = "503: the delivery could not be stored. Our own trouble, try again."
            raise HttpRefusal(503, "unavailable", words) from None
        if not accepted.spooled:
            parts.taken_in(delivery, accepted)
        return delivery, accepted

    def _understood(self, sender: Sender, now: datetime) -> Delivery:
        parts, raw = self._parts, self._permitted_body()
        proof = self._authenticated(sender, raw, now)
        try:
            document = parts.decode(raw)
            document, body = self._masked(document, raw)
            notification = self._parsed(sender, document)
        except ValueError as error:
            words = parts.masker(f"400: {error}")
            raise HttpRefusal(400, "bad_request", words) from None
        return Delivery(
            id=parts.new_id(),
            received_at=now,
            notification=notification,
            credential=proof.credential,
            body=body,
            clock_difference=proof.clock_difference,
        )

    def _permitted_body(self) -> bytes:
        parts = self._parts
        why = None if parts.credentials else stranger(parts.server, _REMEDY)
        raw = read_body(request.stream, parts.server.max_body)
        if why:
            raise HttpRefusal(403, "forbidden", why)
        if raw is None:
            limit = parts.server.max_body
            words = f"413: the body is longer than {limit} bytes (server.max_body)."
            raise HttpRefusal(413, "too_large", words)
        return raw

    def _authenticated(
        self, sender: Sender, raw: bytes, now: datetime
    ) -> Authenticated:
        parts = self._parts
        if not parts.credentials:
            return Authenticated(credential="")
        answer = parts.authenticate(sender, dict(request.headers), raw, now)
        if isinstance(answer, str):
            raise HttpRefusal(401, "unauthorized", parts.masker(f"401: {answer}"))
        return answer

    def _parsed(self, sender: Sender, document: dict[str, object]) -> Notification:
        if sender is Sender.IRM:
            return self._parts.parse_irm(document)
        return self._parts.parse_grafana(document, sender)

    def _masked(
        self, document: dict[str, object], raw: bytes
    ) -> tuple[dict[str, object], str]:
        """The document and its text without secrets.

        An escape such as `\\u002f` may hide a secret in the text as received, so the
        text is written anew wherever the understood document holds one.
        """
        masker, received = self._parts.masker, raw.decode("utf-8-sig", "replace")
        text = masker(received)
        if text == received and ("\\" not in text or not _holds(document, masker)):
            return document, text
        masked = cast(dict[str, object], rewritten(document, masker))
        return masked, masker(json.dumps(masked, ensure_ascii=False))

    def _refused(self, sender: Sender, refusal: HttpRefusal) -> Response:
        _log.warning(
            "delivery refused",
            extra={
                "sender": sender.value,
                "result": refusal.result,
                "status": refusal.status,
                "why": refusal.words,
            },
        )
        short = refusal.words.encode("utf-8", "replace")[:_ANSWER_BYTES]
        response = text(refusal.status, short.decode("utf-8", "ignore"))
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="webhooks"'
        return response


def _holds(document: dict[str, object], masker: Masker) -> bool:
    """Whether a key or string of the document would be masked."""
    waiting: list[object] = [document]
    texts: list[str] = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            texts.extend(value)
            waiting.extend(value.values())
        # Many at once: one by one they take ten times as long.
        if len(texts) >= _AT_ONCE or not waiting:
            together = "\n".join(texts)
            if masker(together) != together:
                return True
            texts.clear()
    return False


def _result(delivery: Delivery, accepted: Accepted) -> str:
    if accepted.spooled:
        return "spooled"
    return "test" if delivery.notification.test else "accepted"


def _acknowledged(delivery: Delivery, accepted: Accepted) -> Response:
    alerts: list[dict[str, object]] = [
        {
            "fingerprint": said.fingerprint,
            "verdict": said.verdict.value,
            "incident": said.incident,
        }
        for said in accepted.verdicts
    ]
    if accepted.spooled:
        alerts = [
            {"fingerprint": alert.fingerprint, "verdict": "spooled", "incident": None}
            for alert in delivery.notification.alerts
        ]
    answer: dict[str, object] = {"delivery": delivery.id, "alerts": alerts}
    if delivery.notification.test:
        answer["message"] = tested_words(delivery.credential, delivery.clock_difference)
    response = jsonify(answer)
    response.status_code = 200 if delivery.notification.test else 202
    return response


def tested_words(credential: str, clock_difference: float | None) -> str:
    """What a test notification proved, and what it did not."""
    if clock_difference is not None:
        proof = f"signature good, clock difference {abs(clock_difference):.0f} s"
    elif credential:
        proof = f"credential {credential} good"
    else:
        proof = "heard, no credential is configured"
    return f"{proof}; your rule was not tested"
