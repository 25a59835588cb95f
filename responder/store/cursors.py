"""Where a page of incidents ends and the next begins, as a text."""

import base64
import binascii
from datetime import datetime

from responder.incident.listing import BadCursor
from responder.store.tables import AnyRow, from_us, to_us


def cursor_of(row: AnyRow) -> str:
    text = f"{to_us(row.opened_at)}.{row.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        us, _, last = text.partition(".")
        at = from_us(int(us))
    except (ValueError, OverflowError, binascii.Error):
        raise BadCursor("this cursor was not issued by this service") from None
    if not last.isalnum():
        raise BadCursor("this cursor was not issued by this service")
    return at, last
