"""What was told elsewhere, and the names that tellings go by."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Where(StrEnum):
    """Where Responder tells what it does."""

    GRAFANA = "grafana"
    """Annotations on dashboards."""
    IRM = "irm"
    """The alert groups of Grafana IRM."""
    NOTIFY = "notify"
    """One outgoing webhook."""


class What(StrEnum):
    """What is told there."""

    REGION_OPENED = "region_opened"
    REGION_UPDATED = "region_updated"
    """Stored by earlier versions, which annotated from the beginning."""
    REGION_CLOSED = "region_closed"
    ACTED = "acted"
    NEEDS_HUMAN = "needs_human"
    RECOVERED = "recovered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    """It failed again and needs a person: what we acknowledged is taken back."""


class Reception(StrEnum):
    """How one attempt to tell was received; the label `result` of its metric."""

    TOLD = "told"
    REFUSED = "refused"
    """A complete answer that says no: the connection is wrong, somebody must mend."""
    FAILED = "failed"
    """No answer, or the other side's own trouble."""
    LIMITED = "limited"
    """Too many calls; the other side says when to come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something is known elsewhere now, or was refused there (`refused` says why).

    `ref` is its id there, `group` IRM's alert group, `mark` tells two of a kind apart.
    """

    at: datetime
    where: Where
    what: What
    ref: str = ""
    group: str = ""
    mark: str = ""
    refused: str = ""
    event: Literal["told"] = "told"
