"""What was heard, as rows: deliveries with their verdicts, and firings."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert

from responder.incident.alert import Delivery
from responder.incident.known import FiringRow, Triaged
from responder.store.codec import encode_verdicts, storable
from responder.store.tables import deliveries, delivery_incidents, firings
from responder.store.upsert import put


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery with its masked text, packed before it comes to the lane."""

    delivery: Delivery
    body: bytes


def write_firings(
    conn: Connection, rows: Iterable[FiringRow], heard_at: datetime
) -> None:
    """Remember the firings, each once, as they are known now."""
    values = [
        {
            "rule": row.rule,
            "fingerprint": row.fingerprint,
            "starts_at": row.starts_at,
            "incident": row.incident,
            "resolved": row.resolved,
            "heard_at": heard_at,
            "silenced_by": storable(row.silence.by) if row.silence else None,
            "silenced_until": row.silence.until if row.silence else None,
        }
        # In one order, whoever writes them.
        for row in sorted(rows, key=_key)
    ]
    if values:
        names = frozenset(values[0])
        conn.execute(put(conn.dialect.name, firings, names, _NEWS), values)


_NEWS = frozenset({"incident", "resolved", "heard_at", "silenced_by", "silenced_until"})


def _key(row: FiringRow) -> tuple[str, str, datetime]:
    return row.fingerprint, row.rule, row.starts_at


def write_deliveries(
    conn: Connection, arrivals: Sequence[Arrival], found: Sequence[Triaged]
) -> None:
    """Keep each delivery with its verdicts, and the incidents that it spoke of."""
    pairs = list(zip(arrivals, found, strict=True))
    conn.execute(_DELIVERY, [_delivery(a, t) for a, t in pairs])
    spoken = [
        {"delivery": arrival.delivery.id, "incident": incident}
        for arrival, result in pairs
        for incident in sorted(
            {v.incident for v in result.verdicts if v.incident} | set(result.events)
        )
    ]
    if spoken:
        conn.execute(_SPOKEN, spoken)


def write_and_remove(conn: Connection, now: datetime) -> None:
    """Take the room of a delivery of 64 KiB. Nobody ever sees it."""
    name = f"probe-{os.urandom(8).hex()}"
    texts = ("sender", "credential", "receiver", "group_key", "alert_group", "kinds")
    row: dict[str, Any] = dict.fromkeys(texts, "")
    row |= {"id": name, "received_at": now, "truncated": 0, "alerts": 0}
    conn.execute(_DELIVERY, row | {"verdicts": [], "body": os.urandom(65536)})
    conn.execute(delete(deliveries).where(deliveries.c.id == name))


_DELIVERY = insert(deliveries)
_SPOKEN = insert(delivery_incidents)


def _delivery(arrival: Arrival, found: Triaged) -> dict[str, Any]:
    delivery, notice = arrival.delivery, arrival.delivery.notification
    kinds = sorted({verdict.verdict.value for verdict in found.verdicts})
    return {
        "id": delivery.id,
        "received_at": delivery.received_at,
        "sender": notice.sender.value,
        "credential": delivery.credential,
        "receiver": storable(notice.receiver),
        "group_key": storable(notice.group_key),
        "alert_group": storable(notice.alert_group),
        "truncated": notice.truncated_alerts,
        "alerts": len(notice.alerts),
        "verdicts": encode_verdicts(tuple(found.verdicts)),
        "kinds": f",{','.join(kinds)},",
        "body": arrival.body,
        "clock_difference": delivery.clock_difference,
    }
