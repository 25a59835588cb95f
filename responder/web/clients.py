"""Where a request comes from: the peer, or behind a trusted proxy the proxy's own."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

UNKNOWN = "unknown"
"""Who asks cannot be told: a trusted proxy says nothing, or two different things."""
_SINGLE = frozenset({"Forwarded", "Via"})
_MOST_HOPS = 20
_LONGEST = 2000
_PAIR = re.compile(
    r'[ \t]*(?:(?P<name>[\w!#$%&\'*+.^`|~-]+)=(?P<value>[^",; \t]*|"(?:[^"\\]|\\.)*"))?'
    r"[ \t]*(?P<end>[;,]|$)"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_forwarding(header: str) -> bool:
    """Whether a header says that a proxy is in between."""
    title = header.title()
    return title in _SINGLE or title.startswith("X-Forwarded-")


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether an address is one of the proxies that are believed."""
    found = _address(address)
    return found is not None and any(found in network for network in trusted)


def client_of(
    peer: str, headers: Iterable[tuple[str, str]], trusted: Sequence[Network]
) -> str:
    """The address that a request comes from, or `UNKNOWN`.

    Only a trusted proxy is believed, and of what it says the last hop that is no
    trusted proxy itself: whatever stands before that, the client may have written.
    """
    if not is_trusted(peer, trusted):
        return peer
    said = {name.title(): value for name, value in headers if is_forwarding(name)}
    if not said:
        return peer
    told = []
    if "Forwarded" in said:
        told.append(_forwarded(said["Forwarded"]))
    if "X-Forwarded-For" in said:
        told.append(said["X-Forwarded-For"].rsplit(",", _MOST_HOPS)[-_MOST_HOPS:])
    # A proxy that writes one of the two may pass on the other as the client wrote it.
    found = {_last_stranger(hops, trusted) for hops in told}
    return found.pop() if len(found) == 1 else UNKNOWN


def _last_stranger(hops: Sequence[str], trusted: Sequence[Network]) -> str:
    nearest = UNKNOWN
    for hop in reversed(hops):
        found = _address(hop)
        if found is None:
            return UNKNOWN
        nearest = str(found)
        if not is_trusted(nearest, trusted):
            break
    return nearest


def _forwarded(text: str) -> list[str]:
    """The `for` of each element, "" where it has none; nothing if it is malformed."""
    hops, current, at = [], "", 0
    while len(text) <= _LONGEST and (found := _PAIR.match(text, at)):
        if (found["name"] or "").lower() == "for":
            current = re.sub(r"\\(.)", r"\1", found["value"].strip('"'))
        if found["end"] != ";":
            hops.append(current)
            current = ""
        if not found["end"]:
            return hops
        at = found.end()
    return []


def _address(text: str) -> _Address | None:
    """An address with or without its port, IPv6 in brackets or bare."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_of(address: str) -> str:
    """The address, of IPv6 the /64 that one customer commands as a whole."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return found.packed[:8].hex()
    return address if found is None else str(found)
