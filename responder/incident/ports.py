"""What the core and the worker need from the world, as Protocols.

Adapters satisfy these; tests satisfy them with hand-written fakes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from responder.incident.evidence import Evidence, Question
from responder.incident.link import ReportLink
from responder.incident.names import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one report. `message` is the factory's words, masked."""

    outcome: Outcome
    method: str
    status: int | None
    message: str
    seconds: float


class Clock(Protocol):
    """Time, so that a replay can bring its own."""

    def now(self) -> datetime:
        """The time as aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class LogSource(Protocol):
    """Where log lines are read."""

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        """One answer for each question, in order, asked together. Never raises."""


class Factory(Protocol):
    """The supplier that takes reports."""

    @property
    def name(self) -> str:
        """The factory's host: the key of its floor and links."""

    def report(self, link: ReportLink) -> Answer:
        """Call the link once. Never raises; the link is in no text that comes out."""
