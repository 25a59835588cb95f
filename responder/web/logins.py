"""Slows down whoever guesses an operator's password."""

import hashlib
import ipaddress
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""Failures in a row that cost nothing: people mistype."""
LONGEST = 60.0
"""Seconds that a pair is shut at most."""
FORGOTTEN = 15 * 60.0
"""Seconds after its last failure that a pair starts anew."""
MOST = 10_000
"""Pairs that are remembered; beyond, the one that failed longest ago is forgotten."""


@dataclass(slots=True)
class _Failures:
    count: int
    latest: float


class Logins:
    """Failed logins by user and address.

    From the sixth failure in a row on, the pair is shut for 1 s, doubling to 60 s.
    Asking while it is shut compares nothing and prolongs nothing, and no thread
    sleeps. `monotonic` gives seconds. Safe to use from several threads.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, _Failures] = OrderedDict()
        # Nobody who reads our memory's shape can choose names that meet in it.
        self._salt = secrets.token_bytes(16)

    def __len__(self) -> int:
        return len(self._known)

    def shut_for(self, user: str, address: str) -> float:
        """Seconds until this pair may try again, 0.0 if it may now."""
        with self._lock:
            failures = self._known.get(self._key(user, address))
            if failures is None or failures.count < FREE:
                return 0.0
            doubled = 2.0 ** min(failures.count - FREE, 10)
            ends = failures.latest + min(doubled, LONGEST)
            return max(ends - self._monotonic(), 0.0)

    def failed(self, user: str, address: str) -> None:
        """The pair gave a wrong password."""
        now, key = self._monotonic(), self._key(user, address)
        with self._lock:
            failures = self._known.pop(key, None)
            if failures is None or now - failures.latest > FORGOTTEN:
                failures = _Failures(0, now)
            self._known[key] = _Failures(failures.count + 1, now)
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def succeeded(self, user: str, address: str) -> None:
        """The pair gave the right password: its failures are forgotten."""
        with self._lock:
            self._known.pop(self._key(user, address), None)

    def _key(self, user: str, address: str) -> bytes:
        text = f"{_network(address)}\0{user}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._salt).digest()


def _network(address: str) -> str:
    """The address, of IPv6 the /64 that one customer commands as a whole."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or parsed.packed[:8].hex())
