"""Slows down whoever guesses an operator's password, and nobody else."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from responder.web.clients import network_of

FREE = 5
"""Failures of a client or a device that cost nothing: people mistype."""
FREE_BY_NAME = 50
"""Failures with an operator's name, from anywhere, until it is closed to newcomers."""
LONGEST = 60.0
"""Seconds that a client, device or name is shut at most."""
FORGOTTEN = 15 * 60.0
"""Seconds after the last failure that counting starts anew."""
MOST = 10_000
"""Clients that are remembered, and devices; beyond, who failed longest ago is not."""
MOST_KNOWN = 100
"""Networks of each operator that are remembered for having logged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who tries: the name that is claimed, the address, and the device's own number.

    `device` is "" for a browser that has not logged in with this name before.
    """

    user: str
    address: str
    device: str = ""


@dataclass(slots=True)
class _Failures:
    """By name, so that one name's success clears nothing of another's."""

    latest: float
    by_name: dict[str, int] = field(default_factory=dict)

    def shut_for(self, free: int, now: float) -> float:
        count = sum(self.by_name.values())
        if count < free:
            return 0.0
        doubled = 2.0 ** min(count - free, 10)
        return max(self.latest + min(doubled, LONGEST) - now, 0.0)


class Logins:
    """Failed logins by client, by operator's name, and by device.

    From the sixth failure on, a client is shut for 1 s, doubling to 60 s. A name that
    failed 50 times is closed in the same steps to clients that never logged in with
    it. A device that has logged in before has a count of its own instead of both, so
    that nobody else can shut it out. Names that nobody has count against the client
    alone. Asking while shut prolongs nothing, and no thread sleeps. `monotonic` gives
    seconds. Safe to use from several threads.
    """

    def __init__(self, monotonic: Callable[[], float], users: Iterable[str]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._callers: OrderedDict[bytes, _Failures] = OrderedDict()
        self._names = {user: _Failures(0.0) for user in users}
        self._known: dict[str, OrderedDict[bytes, None]] = {
            user: OrderedDict() for user in self._names
        }
        # Nobody who reads our memory's shape can choose names that meet in it.
        self._salt = secrets.token_bytes(16)

    def __len__(self) -> int:
        return len(self._callers)

    def shut_for(self, caller: Caller) -> float:
        """Seconds until this client or device may try again, 0.0 if it may now."""
        with self._lock:
            failures = self._callers.get(self._key(caller))
            return failures.shut_for(FREE, self._monotonic()) if failures else 0.0

    def name_closed(self, caller: Caller) -> bool:
        """Whether the name is closed to this caller, whatever password it gives."""
        with self._lock:
            failures = self._names.get(caller.user)
            if failures is None or caller.device:
                return False
            if self._key(caller) in self._known[caller.user]:
                return False
            return failures.shut_for(FREE_BY_NAME, self._monotonic()) > 0

    def failed(self, caller: Caller, *, closed: bool = False) -> None:
        """The caller gave a wrong password; `closed`: or any, while the name was."""
        now, key = self._monotonic(), self._key(caller)
        known = caller.user if caller.user in self._names else ""
        with self._lock:
            failures = self._callers.pop(key, None)
            self._callers[key] = _counted(failures or _Failures(now), known, now)
            while len(self._callers) > MOST:
                self._callers.popitem(last=False)
            if known and not caller.device and not closed:
                _counted(self._names[known], known, now)

    def succeeded(self, caller: Caller) -> None:
        """The caller gave the right password: its failures with it are forgotten."""
        key = self._key(caller)
        with self._lock:
            if failures := self._callers.get(key):
                failures.by_name.pop(caller.user, None)
                if not failures.by_name:
                    del self._callers[key]
            known = self._known[caller.user]
            if not caller.device:
                known[key] = None
                known.move_to_end(key)
                while len(known) > MOST_KNOWN:
                    known.popitem(last=False)

    def _key(self, caller: Caller) -> bytes:
        who = (
            f"device\0{caller.device}" if caller.device else network_of(caller.address)
        )
        text = who.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._salt).digest()


def _counted(failures: _Failures, name: str, now: float) -> _Failures:
    if now - failures.latest > FORGOTTEN:
        failures.by_name.clear()
    failures.by_name[name] = failures.by_name.get(name, 0) + 1
    failures.latest = now
    return failures
