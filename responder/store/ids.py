"""Identities made by the application: short, lower-case, in the order of time."""

import secrets
import threading
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 16
_RANDOM_BITS = 30


class Ids:
    """Makes ids of 16 characters (Crockford's base32): 48 bits of ms, 30 random.

    Ids of one process rise strictly, also within one millisecond and when the
    clock goes back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, now: datetime) -> str:
        fresh = int(now.timestamp() * 1000) << _RANDOM_BITS
        fresh |= secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return _spell(self._last)


def _spell(number: int) -> str:
    shifts = range(5 * (_LENGTH - 1), -1, -5)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in shifts)
