"""The other side of `signature`: what a sender with a credential puts on a request."""

import base64
from datetime import datetime

from responder.config.settings import Credential
from responder.senders.signature import sign


def proof(credential: Credential, raw: bytes, now: datetime) -> dict[str, str]:
    """Headers that the credential accepts for this body, sent at `now`."""
    headers: dict[str, str] = {}
    if credential.hmac:
        wanted, stamp = credential.hmac, None
        if wanted.timestamp_header:
            stamp = str(int(now.timestamp()))
            headers[wanted.timestamp_header] = stamp
        headers[wanted.header] = sign(wanted.secrets[0].reveal(), raw, stamp)
    if credential.bearer:
        headers["Authorization"] = f"Bearer {credential.bearer.reveal()}"
    elif credential.basic:
        pair = f"{credential.basic.username}:{credential.basic.password.reveal()}"
        code = base64.b64encode(pair.encode("utf-8", "surrogatepass")).decode()
        headers["Authorization"] = f"Basic {code}"
    return headers
