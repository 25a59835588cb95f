"""Sessions of operators in signed cookies."""

import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from itsdangerous import BadData, URLSafeSerializer

from responder.config.settings import Secret

LASTS = timedelta(days=30)
DEVICE_LASTS = timedelta(days=365)
_SALT = "responder session"
_DEVICE = "responder device"
_LONGEST = 4096
"""Characters; browsers keep no longer cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login by the form; it ends by itself at `ends_at`."""

    user: str
    id: str
    epoch: int
    ends_at: datetime


class SessionStore(Protocol):
    """Which sessions were ended. All raise `StorageUnavailable`."""

    def epoch(self, user: str) -> int:
        """How often this operator has ended all sessions."""

    def is_open(self, user: str, session: str, epoch: int) -> bool:
        """Whether the session of that epoch was not ended, alone or with all."""

    def end(self, session: str, ends_at: datetime) -> None:
        """End one; it may be forgotten after `ends_at`, when its cookie is void."""

    def end_all(self, user: str) -> None:
        """End all sessions of this operator that there are now."""


class Sessions:
    """Makes and reads the cookies of these operators.

    A cookie's key is drawn from its operator's password, slowly: it outlives a
    restart, holds in every replica, and is void once the password is another. That a
    session was ended is known to `store` alone.
    """

    def __init__(self, users: Mapping[str, Secret], store: SessionStore) -> None:
        self._users = users
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, bytes] = {}

    def cookie(self, user: str, now: datetime) -> str:
        """The value for this operator's cookie. Raises `KeyError` for a stranger."""
        ends = int((now + LASTS).timestamp())
        claims = [user, ends, secrets.token_hex(16), self._store.epoch(user)]
        return str(self._signer(user, _SALT).dumps(claims))

    def session_of(self, cookie: str, now: datetime) -> Session | None:
        """The session that this cookie stands for, None if it is over or nobody's."""
        match self._claims(cookie, _SALT):
            case [str(user), int(ends), str(session), int(epoch)]:
                ends_at = datetime.fromtimestamp(ends, UTC)
            case _:
                return None
        if ends_at <= now or not self._store.is_open(user, session, epoch):
            return None
        return Session(user=user, id=session, epoch=epoch, ends_at=ends_at)

    def end(self, session: Session) -> None:
        """Its cookie is void from now on, in every replica."""
        self._store.end(session.id, session.ends_at)

    def end_all(self, user: str) -> None:
        """Every cookie of this operator is void from now on, in every replica."""
        self._store.end_all(user)

    def device_cookie(self, user: str, device: str = "") -> str:
        """Proves that a browser has logged in as this operator; a new one for ""."""
        claims = [user, device or secrets.token_hex(16)]
        return str(self._signer(user, _DEVICE).dumps(claims))

    def device_of(self, cookie: str, user: str) -> str:
        """The number of the device that logged in as `user` before, "" if none did."""
        match self._claims(cookie, _DEVICE):
            case [str(name), str(device)] if name == user:
                return device
        return ""

    def _claims(self, cookie: str, salt: str) -> object:
        """What the cookie says, once its operator's key has proven it; else None."""
        # What is packed swells a thousandfold before anything is proven.
        if len(cookie) > _LONGEST:
            return None
        # The name is only believed once its own key has proven the whole.
        _, claimed = URLSafeSerializer("").loads_unsafe(cookie)
        name = claimed[0] if isinstance(claimed, list) and claimed else None
        if not isinstance(name, str) or name not in self._users:
            return None
        try:
            return self._signer(name, salt).loads(cookie)
        except (BadData, ValueError, TypeError):
            return None

    def _signer(self, user: str, salt: str) -> URLSafeSerializer:
        with self._lock:
            if user not in self._known:
                drawn = f"{_SALT}\0{user}".encode()
                self._known[user] = self._users[user].derive(drawn)
            key = self._known[user]
        return URLSafeSerializer(
            key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
        )
