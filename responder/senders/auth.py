"""Authenticate a webhook from its raw bytes, before anything is parsed."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.config.settings import Basic, Credential, Hmac, Secret
from responder.incident.names import Sender

_LONGEST_WHY = 500
_UNIX_SECONDS = re.compile(r"[0-9]{1,12}")
_USUAL_TIMESTAMP_HEADER = "X-Grafana-Alerting-Timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentic:
    """The request carries everything that `credential` demands.

    `clock_difference` is our clock minus the signed timestamp, in seconds; None
    where no timestamp is signed.
    """

    credential: str
    clock_difference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """No credential held. `why` says what to compare, in at most 500 characters.

    It holds no secret and nothing that the request carried, so it may be answered
    to a stranger.
    """

    why: str


def authenticate(
    credentials: Sequence[Credential],
    sender: Sender,
    headers: Mapping[str, str],
    raw: bytes | None,
    now: datetime,
) -> Authentic | Rejected:
    """Whether one of the credentials for this sender holds in all its parts.

    Without a body (`raw` is None) whether one may still hold: a signature is not
    looked at, what the headers alone decide is.

    `headers` may spell names in any case. Comparisons take constant time. With no
    credential for this sender the answer is Rejected: the caller decides beforehand
    whether it demands any.
    """
    complaints: list[str] = []
    for credential in credentials:
        if sender not in credential.senders:
            continue
        request = _Request(credential.name, headers, raw, now)
        complaint = request.complaint(credential)
        if complaint is None:
            return Authentic(
                credential=credential.name, clock_difference=request.clock_difference
            )
        complaints.append(complaint)
    if not complaints:
        complaints = [
            f"no entry of webhook_auth has '{sender}' among its senders: add one, or "
            "send to the path of the sender that you configured"
        ]
    return Rejected(why=_within_bounds("; or ".join(complaints)))


def sign(secret: str, raw: bytes, timestamp: str | None = None) -> str:
    """Grafana's signature: lowercase hex HMAC-SHA256, no prefix.

    Over the raw body, or over `<timestamp>:<raw body>` where the contact point names
    a timestamp header.
    """
    signed = raw if timestamp is None else _bytes_of(timestamp) + b":" + raw
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class _Request:
    """One request held against one credential."""

    def __init__(
        self, name: str, headers: Mapping[str, str], raw: bytes | None, now: datetime
    ) -> None:
        self._entry = f"webhook_auth '{name}'"
        self._headers = {key.lower(): value for key, value in headers.items()}
        self._raw = raw
        self._now = now
        self.clock_difference: float | None = None

    def complaint(self, credential: Credential) -> str | None:
        """What does not hold, None if everything does."""
        found = [
            self._bearer(credential.bearer) if credential.bearer else None,
            self._basic(credential.basic) if credential.basic else None,
            self._signature(credential.hmac) if credential.hmac else None,
        ]
        if not (credential.hmac or credential.bearer or credential.basic):
            return f"{self._entry} demands nothing, so it admits nobody"
        return next((complaint for complaint in found if complaint), None)

    def _signature(self, wanted: Hmac) -> str | None:
        given = self._header(wanted.header)
        if given is None:
            return (
                f"the header {wanted.header} is missing: set the HMAC signature "
                f"secret of the contact point to that of {self._entry}"
            )
        timestamp = None
        if wanted.timestamp_header is not None:
            timestamp = self._header(wanted.timestamp_header)
            if timestamp is None:
                return (
                    f"the header {wanted.timestamp_header} is missing: name it as the "
                    f"timestamp header of the contact point, as {self._entry} does"
                )
        if self._raw is None:
            return None
        # Every secret is tried, so that time does not tell which one matched.
        matches = [
            _same(sign(secret.reveal(), self._raw, timestamp), given)
            for secret in wanted.secrets
        ]
        if not any(matches):
            return self._mismatch(wanted)
        return None if timestamp is None else self._skew(wanted, timestamp)

    def _mismatch(self, wanted: Hmac) -> str:
        why = (
            "the signature does not match: compare the secret of the contact point "
            f"with {self._entry}"
        )
        if wanted.timestamp_header is None and self._header(_USUAL_TIMESTAMP_HEADER):
            why += (
                f" (the contact point signs {_USUAL_TIMESTAMP_HEADER} too: "
                "set hmac.timestamp_header)"
            )
        return why

    def _skew(self, wanted: Hmac, timestamp: str) -> str | None:
        if not _UNIX_SECONDS.fullmatch(timestamp):
            return f"the header {wanted.timestamp_header} holds no Unix seconds"
        difference = self._now.timestamp() - int(timestamp)
        allowed = wanted.max_skew.total_seconds()
        if abs(difference) > allowed:
            side = "ahead" if difference > 0 else "behind"
            return (
                f"the signature is good, but the clock differs by "
                f"{abs(difference):.0f} s (ours is {side}) and {self._entry} allows "
                f"{allowed:.0f} s: compare both machines' clocks, or this is an old "
                "request sent again"
            )
        self.clock_difference = difference
        return None

    def _bearer(self, wanted: Secret) -> str | None:
        given = self._authorization("bearer")
        if given is None:
            return (
                f"{self._entry} wants the header 'Authorization: Bearer <token>', "
                f"and {self._found_authorization()}"
            )
        if not _same(wanted.reveal(), given):
            return f"the bearer token is not that of {self._entry}: compare them"
        return None

    def _basic(self, wanted: Basic) -> str | None:
        given = self._authorization("basic")
        if given is None:
            return (
                f"{self._entry} wants HTTP Basic authentication (username and "
                f"password), and {self._found_authorization()}"
            )
        try:
            pair = base64.b64decode(_bytes_of(given), validate=True)
        except binascii.Error:
            return "the Authorization header holds no base64 of username:password"
        username, _, password = pair.partition(b":")
        # Both are compared before either counts, so that time tells neither.
        matches = [
            _same(wanted.username, username),
            _same(wanted.password.reveal(), password),
        ]
        if not all(matches):
            return f"username or password is not that of {self._entry}: compare them"
        return None

    def _header(self, name: str) -> str | None:
        value = self._headers.get(name.lower())
        return value.strip() if value and value.strip() else None

    def _authorization(self, scheme: str) -> str | None:
        given, _, rest = (self._header("authorization") or "").partition(" ")
        return rest.strip() if given.lower() == scheme and rest.strip() else None

    def _found_authorization(self) -> str:
        if self._header("authorization") is None:
            return "there is no Authorization header"
        return "the Authorization header has another form"


def _bytes_of(header: str) -> bytes:
    """A header value's bytes: WSGI hands them over as Latin-1 text."""
    try:
        return header.encode("latin-1")
    except UnicodeEncodeError:
        return header.encode("utf-8", "surrogatepass")


def _same(secret: str, given: str | bytes) -> bool:
    """Whether `given` is the secret in UTF-8 or Latin-1, the two that clients send."""
    sent = given if isinstance(given, bytes) else _bytes_of(given)
    in_utf_8 = hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), sent)
    return hmac.compare_digest(_bytes_of(secret), sent) or in_utf_8


def _within_bounds(why: str) -> str:
    return why if len(why) <= _LONGEST_WHY else why[: _LONGEST_WHY - 1] + "…"


# The sender's side: what a sender with a credential puts on a request.


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
