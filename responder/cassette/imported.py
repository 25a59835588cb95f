"""A cassette from what other programs kept: webhook bodies and an export of Loki."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from responder.cassette.masked import PLACE, Hider
from responder.cassette.schema import Cassette, Delivery, Fault, Lines
from responder.incident.alert import Notification
from responder.incident.evidence import from_ns
from responder.incident.names import Status

_MS = timedelta(milliseconds=1)
_ERRORS = frozenset({"error", "fatal", "critical"})
Labels = tuple[tuple[str, str], ...]
Entry = tuple[datetime, Labels, str]


class BadExport(ValueError):
    """A file that is no answer of Loki's query_range, without a word of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recorded body, understood; `at` is when it came, if that is known."""

    body: Mapping[str, Any]
    notification: Notification
    at: datetime | None = None

    @property
    def received_at(self) -> datetime:
        """When it came: as told, else when what it tells of happened."""
        if self.at is not None:
            return self.at
        person = self.notification.person
        times = [person.at] if person and person.at else []
        for alert in self.notification.alerts:
            resolved = alert.status is Status.RESOLVED and alert.ends_at
            times.append(resolved or alert.starts_at)
        if not times:
            raise ValueError("a body without any time in it: write FILE@TIME")
        return max(times)


def entries_of(raw: bytes) -> list[Entry]:
    """The lines of a query_range answer with `streams`. Raises BadExport."""
    try:
        document = json.loads(raw)
        streams = document["data"]["result"]
        return [entry for stream in streams for entry in _entries(stream)]
    except (ValueError, KeyError, TypeError, IndexError, OverflowError):
        raise BadExport(
            "is no answer of Loki with streams; export it by "
            "GET /loki/api/v1/query_range"
        ) from None


def _entries(stream: Any) -> Iterator[Entry]:
    labels = tuple(sorted((str(k), str(v)) for k, v in stream["stream"].items()))
    if not labels:
        raise BadExport("a stream has no labels")
    for value in stream["values"]:
        if not isinstance(value[1], str):
            raise TypeError("a line is a text")
        yield from_ns(int(value[0])), labels, value[1]


def import_all(
    name: str,
    heard: Sequence[Heard],
    entries: Sequence[Entry],
    *,
    host: str = "",
    mask: Callable[[str], str] = lambda text: text,
) -> Cassette:
    """The cassette of these webhooks and lines.

    Links become names, and what stood in them is masked everywhere; `host` is the
    factory's. Each link is taken for a fault that lasted as long as it was logged.
    Raises ValueError if there is nothing to import.
    """
    hider = Hider(host, mask)
    for one in heard:
        hider.see_all(one.body)
    for _, labels, text in entries:
        hider.see_all(dict(labels))
        hider.see(text)
    times = [one.received_at for one in heard] + [at for at, _, _ in entries]
    if not times:
        raise ValueError("there is neither a body nor a line to import")
    reel = _Reel(start=min(times).replace(microsecond=0))
    for at, labels, text in sorted(entries):
        shown = tuple((hider.text(k), hider.text(v)) for k, v in labels)
        reel.add(at, shown, hider.line(text))
    faults = reel.faults()
    return Cassette(
        cassette=1,
        name=name,
        about="Imported from recorded webhooks and an export of Loki.",
        precision="to the millisecond; webhooks without a time come as their alert",
        start=reel.start,
        deliveries=tuple(_deliveries(heard, reel.start, hider)),
        faults=faults,
        lines=tuple(reel.lines(faults)),
    )


def _deliveries(
    heard: Sequence[Heard], start: datetime, hider: Hider
) -> Iterator[Delivery]:
    for one in sorted(heard, key=lambda h: h.received_at):
        body = hider.all(one.body)
        assert isinstance(body, dict)
        at = (one.received_at - start) // _MS * _MS
        yield Delivery(at=at, sender=one.notification.sender, body=body)


@dataclass(slots=True)
class _Reel:
    """Lines by labels and text, and how long each link was logged."""

    start: datetime
    kept: dict[tuple[Labels, str], set[timedelta]] = field(default_factory=dict)
    seen: dict[str, list[timedelta]] = field(default_factory=dict)

    def add(self, at: datetime, labels: Labels, text: str) -> None:
        times = self.kept.setdefault((labels, text), set())
        offset = (at - self.start) // _MS * _MS
        while offset in times:
            # Two lines of one millisecond stay two.
            offset += _MS
        times.add(offset)
        for found in PLACE.finditer(text):
            self.seen.setdefault(found[1], []).append(offset)

    def faults(self) -> tuple[Fault, ...]:
        return tuple(
            Fault(name=f"fault-{link}", since=min(at), until=max(at) + _MS, link=link)
            for link, at in sorted(self.seen.items(), key=lambda pair: min(pair[1]))
        )

    def lines(self, faults: Sequence[Fault]) -> Iterator[Lines]:
        for (labels, text), times in self.kept.items():
            during, after = _place(dict(labels), text, times, faults)
            yield Lines(
                at=[*sorted(times)],
                labels=dict(labels),
                text=text,
                during=during,
                after=after,
            )


def _place(
    labels: Mapping[str, str],
    text: str,
    times: set[timedelta],
    faults: Sequence[Fault],
) -> tuple[str | None, str | None]:
    """The fault that lines belong to, or that they follow."""
    found = PLACE.search(text)
    for fault in faults:
        assert fault.until is not None
        if found and fault.link == found[1]:
            return fault.name, None
        inside = fault.since <= min(times) and max(times) <= fault.until
        if not found and inside and labels.get("level") in _ERRORS:
            return fault.name, None
    last = max(faults, key=lambda f: f.until or f.since, default=None)
    if last and last.until and not found and min(times) >= last.until:
        return None, last.name
    return None, None
