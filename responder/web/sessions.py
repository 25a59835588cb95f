"""Signed cookies, so that a woken phone opens the page and not a password box."""

import hashlib
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from responder.config.settings import Secret

LASTS = timedelta(days=30)
_SALT = "responder session"
_LONGEST = 4096
"""Characters; browsers keep no longer cookie."""


class Sessions:
    """Makes and reads the cookies of these operators.

    A cookie's key is drawn from its operator's password, slowly: it outlives a
    restart, holds in every replica, and is void once the password is another.
    """

    def __init__(self, users: Mapping[str, Secret]) -> None:
        self._users = users
        self._lock = threading.Lock()
        self._known: dict[str, URLSafeSerializer] = {}

    def cookie(self, user: str, now: datetime) -> str:
        """The value for this operator's cookie. Raises `KeyError` for a stranger."""
        ends = int((now + LASTS).timestamp())
        return str(self._signer(user).dumps([user, ends]))

    def user_of(self, cookie: str, now: datetime) -> str | None:
        """Whose cookie this is, None if it is nobody's any more."""
        # What is packed swells a thousandfold before anything is proven.
        if len(cookie) > _LONGEST:
            return None
        # The name is only believed once its own key has proven the whole.
        _, claimed = URLSafeSerializer("").loads_unsafe(cookie)
        name = claimed[0] if isinstance(claimed, list) and claimed else None
        if not isinstance(name, str) or name not in self._users:
            return None
        try:
            user, ends = self._signer(name).loads(cookie)
        except (BadData, ValueError, TypeError):
            return None
        return user if datetime.fromtimestamp(ends, UTC) > now else None

    def _signer(self, user: str) -> URLSafeSerializer:
        with self._lock:
            if user not in self._known:
                key = self._users[user].derive(f"{_SALT}\0{user}".encode())
                self._known[user] = URLSafeSerializer(
                    key, salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256}
                )
            return self._known[user]
