"""Pasted links, from the press of a button to the calls that they are for."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from responder.incident.link import ReportLink

AGAIN = timedelta(seconds=1)
"""How soon to try again to work on an incident that somebody else works on."""


class PastedLinks:
    """Links that people pasted, each for one incident, in the memory of this process.

    Stored is what is stored of every link: its name and digest. What a restart forgets
    has to be pasted again; another replica knows the name only and leaves it to us.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, ReportLink]] = {}
        self._due: dict[str, datetime] = {}

    def keep(self, incident: str, link: ReportLink) -> None:
        """For a call that is on the incident's timeline as asked for."""
        with self._lock:
            self._kept.setdefault(incident, {})[link.digest] = link
            self._due.pop(incident, None)

    def of(self, incident: str) -> Mapping[str, ReportLink]:
        """The incident's links by digest, as of now."""
        with self._lock:
            return dict(self._kept.get(incident, {}))

    def due(self, now: datetime) -> list[str]:
        """Incidents to be worked on here, whatever their rows say."""
        with self._lock:
            found = [i for i in self._kept if self._due.get(i, now) <= now]
            self._due.update((incident, now + AGAIN) for incident in found)
            return found

    def settle(
        self,
        incident: str,
        seen: Mapping[str, ReportLink],
        awaited: str,
        due: datetime | None,
    ) -> None:
        """After work that knew the links `seen`: keep the awaited one until it is due.

        What was pasted meanwhile stays as it is.
        """
        with self._lock:
            kept = self._kept.get(incident, {})
            gone = [d for d, link in seen.items() if d != awaited]
            for digest in gone:
                if kept.get(digest) is seen[digest]:
                    del kept[digest]
            if not kept:
                self._kept.pop(incident, None)
                self._due.pop(incident, None)
            elif due and all(seen.get(d) is link for d, link in kept.items()):
                self._due[incident] = due
