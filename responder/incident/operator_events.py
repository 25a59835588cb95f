"""What people do to an incident here, and what their brakes do to it: rules 13, 14.

`by` is the operator's name.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from responder.incident.names import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlanned:
    """Veto mode: a report leaves at `act_at` unless somebody stops it."""

    at: datetime
    act_at: datetime
    link: str
    digest: str
    reason: Reason
    event: Literal["report_planned"] = "report_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetoed:
    """A person stopped Responder from reporting this incident."""

    at: datetime
    by: str
    event: Literal["vetoed"] = "vetoed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoUndone:
    """Only earlier versions wrote it: the veto was taken back.

    `act_at`: when the planned report then left.
    """

    at: datetime
    by: str
    act_at: datetime | None = None
    event: Literal["veto_undone"] = "veto_undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequested:
    """A person said: report now.

    Earlier versions also wrote `link` and `digest`, of a link that the person pasted.
    """

    at: datetime
    by: str
    event: Literal["report_requested"] = "report_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedByHand:
    """A person called the factory themselves, at `reported_at`."""

    at: datetime
    by: str
    reported_at: datetime
    event: Literal["reported_by_hand"] = "reported_by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A person's words."""

    at: datetime
    by: str
    text: str
    event: Literal["noted"] = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """All reports stand from `at` on, until `until` or until somebody resumes.

    `pressed_at`: when `by` pressed it, which may be before the incident; None in
    events that do not know.
    """

    at: datetime
    by: str
    until: datetime | None = None
    pressed_at: datetime | None = None
    event: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The pause ended: by a person, or by itself (`by` is "")."""

    at: datetime
    by: str = ""
    event: Literal["resumed"] = "resumed"


OperatorEvent = (
    ReportPlanned
    | Vetoed
    | VetoUndone
    | ReportRequested
    | ReportedByHand
    | Noted
    | Paused
    | Resumed
)
