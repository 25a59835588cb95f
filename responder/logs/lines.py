"""From a line's text to its facts: a digest, and the usable report links."""

import hashlib
import json
import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

from responder.incident.evidence import FoundLink, LinkPlace, LogLine, ReportLink

_LINK = re.compile(
    r"https://(?P<host>[A-Za-z0-9.-]+)/api/support/(?P<token>[A-Za-z0-9_-]+)"
    r"/report/(?P<code>[0-9a-z]{1,11})(?![0-9A-Za-z/?%_.-])"
)

# Field names are compared without case and without `_`, `-` and spaces.
_RESPONSE_FIELD = re.compile(
    r"(?:factory)?res(?:ponse)?(?:body|data|text)?", re.IGNORECASE
)
# What the service called the link in its answers, over the years; the last is today's.
_SERVICE_FIELD = re.compile(
    r"reportErrorToPizzaFactoryUrl|reportSlowPizzaToFactoryUrl"
    r"|reportPizzaCreationErrorToPizzaFactoryUrl|followLinkToEndChaos",
    re.IGNORECASE,
)
# The factory itself says `reportUrl`.
_LINK_FIELD = re.compile(rf"reportUrl|{_SERVICE_FIELD.pattern}", re.IGNORECASE)
# The last two rows are what an answer echoes of a request: an order's items, a name.
_REQUEST_FIELD = re.compile(
    r"(?:factory)?req(?:uest)?(?:body|data|text|headers|url)?"
    r"|headers|cookies|path|ur[li]|originalurl|params|ip|useragent|referr?er"
    r"|query|sql(?:query)?|statement"
    r"|orders?|order(?:req|request|info)|items|diner|users?|username|name|email"
    r"|description|title|franchises?|stores?",
    re.IGNORECASE,
)

# A line is encoded at most three times in practice; beyond these nobody is honest.
_DEEPEST_ENCODING = 6
_DEEPEST_NESTING = 40
# A number of thousands of digits must not make a line unreadable: only strings count.
_DECODER = json.JSONDecoder(parse_int=float)


class _Origin(Enum):
    """Whose words a part of a line repeats."""

    LINE = auto()
    RESPONSE = auto()
    REQUEST = auto()
    UNKNOWN = auto()


class LineReader:
    """Reads lines for one factory. With `api_key`, only links with that token count.

    `factory_host` is a host name without port; case does not matter.
    """

    def __init__(self, factory_host: str, api_key: str | None) -> None:
        self._host = factory_host.lower()
        self._api_key = api_key

    def __repr__(self) -> str:
        return f"LineReader({self._host!r})"

    def read(self, at_ns: int, text: str) -> LogLine:
        """The line of that time (nanoseconds since 1970) and text. Never raises."""
        digest = hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=8
        ).hexdigest()
        links, foreign = self._links(text)
        return LogLine(
            at_ns=at_ns,
            digest=digest,
            links=links,
            foreign=foreign,
            to_customer=bool(links) and _SERVICE_FIELD.search(text) is not None,
        )

    def _links(self, text: str) -> tuple[tuple[FoundLink, ...], bool]:
        """The usable links, and whether all that there are carry another key."""
        if "support" not in text:
            return (), False
        places: dict[ReportLink, LinkPlace] = {}
        foreign = False
        for origin, leaf in _leaves(text):
            if origin is _Origin.REQUEST:
                continue
            for link in self._of_factory(leaf):
                if not self._ours(link):
                    foreign = True
                elif origin is _Origin.RESPONSE:
                    places[link] = LinkPlace.RESPONSE
                else:
                    places.setdefault(link, LinkPlace.UNKNOWN)
        found = (FoundLink(link, place) for link, place in places.items())
        return tuple(found), foreign and not places

    def _of_factory(self, leaf: str) -> Iterator[ReportLink]:
        for found in _LINK.finditer(leaf):
            if found["host"].lower() == self._host:
                yield ReportLink(token=found["token"], code=found["code"])

    def _ours(self, link: ReportLink) -> bool:
        return self._api_key is None or link.has_token(self._api_key)


def _leaves(text: str) -> Iterator[tuple[_Origin, str]]:
    """Every piece of plain text in a line and whose words it is."""
    # A stack of our own: hostile nesting must not meet the interpreter's limit.
    waiting: list[tuple[_Origin, Any, int, int]] = [(_Origin.LINE, text, 0, 0)]
    while waiting:
        origin, part, encoded, nested = waiting.pop()
        if nested > _DEEPEST_NESTING:
            continue
        if isinstance(part, str):
            try:
                inner = _decoded(part) if encoded < _DEEPEST_ENCODING else None
            except RecursionError:
                # Nobody but a forger nests so deep: nothing in it is believed.
                continue
            if inner is None:
                yield origin, part
            else:
                waiting.append((origin, inner, encoded + 1, nested))
        elif isinstance(part, dict):
            for key, value in reversed(part.items()):
                waiting.append((_beneath(origin, key), value, encoded, nested + 1))
        elif isinstance(part, list):
            inside = _Origin.UNKNOWN if origin is _Origin.LINE else origin
            waiting += [(inside, item, encoded, nested + 1) for item in reversed(part)]


def _decoded(text: str) -> Any:
    """The JSON object, list or string that the text is, or None."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return _DECODER.decode(text)
    except ValueError:
        return None


def _beneath(origin: _Origin, key: str) -> _Origin:
    """Whose words a field repeats, given whose the object is.

    What lies within a request stays the request's, whatever its name.
    """
    name = re.sub(r"[_\- ]", "", key)
    if origin is _Origin.REQUEST or _REQUEST_FIELD.fullmatch(name):
        return _Origin.REQUEST
    if origin is _Origin.RESPONSE or _RESPONSE_FIELD.fullmatch(name):
        return _Origin.RESPONSE
    if origin is _Origin.LINE and _LINK_FIELD.fullmatch(name):
        return _Origin.RESPONSE
    return _Origin.UNKNOWN
