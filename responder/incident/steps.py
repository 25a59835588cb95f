"""What `playbook.next_step` can answer: one thing to do next."""

from dataclasses import dataclass
from datetime import datetime

from responder.incident.events import Paused, ReportPlanned, Resumed
from responder.incident.names import Proof, Reason, State
from responder.incident.service import LinkRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """Look at the logs now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceBack:
    """Walk back through the logs to the first error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Ask whether the factory answers at all; no report is sent (rule 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Reserve and send one report with this link."""

    name: str
    digest: str
    reason: Reason
    check: str = ""
    observed: int | None = None
    limit: int | None = None
    by: str = ""
    """The person who asked for it, "" if none did (rule 13)."""
    method: str = ""
    """The HTTP method to begin with, "" for the one of this kind of link (rule 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An intent whose answer can no longer come: record it as unknown (rule 10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Another incident's report answered for this link: verify from that (rule 2)."""

    name: str
    record: LinkRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Withhold:
    """Shadow mode: note where a report would have been sent."""

    name: str
    digest: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Write down what the brakes brought: a pause, its end, a planned report."""

    event: Paused | Resumed | ReportPlanned


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Be in this state for this reason, and look again at `until`.

    `told`: the time to tell people, where looks come before it.
    """

    until: datetime
    state: State
    reason: Reason
    told: datetime | None = None
    check: str = ""
    observed: int | None = None
    limit: int | None = None
    link: str = ""
    """The link that the factory said twice is fixed (rule 15(b))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The incident ends."""

    state: State
    reason: Reason
    proof: Proof | None = None
    good_orders: int | None = None
    stray: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Ended and watched: look again at `until` (rule 16)."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Relapse:
    """Ended, watched, and failing again: open a new incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Ended, and nothing is left to watch."""


Step = (
    Gather
    | TraceBack
    | Probe
    | Send
    | Lost
    | Share
    | Withhold
    | Note
    | Wait
    | Finish
    | Watch
    | Relapse
    | Rest
)
