"""Assumed log lines, for a replay of webhook bodies without logs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from responder.incident.evaluation import FAILED, TRAFFIC
from responder.incident.evidence import (
    Counted,
    Evidence,
    FoundLink,
    LinkPlace,
    LogLine,
    Question,
    ReportLink,
    Unreadable,
    to_ns,
)
from responder.incident.names import UnreadableReason
from responder.logs.query import parse_logql

SUPPOSED_LINK = ReportLink(token="supposed", code="supposed")
"""Stands in the supposed lines of `--errors` where a real one would."""
_OF_A_LINK = re.compile(r"api/support|/report/|reportUrl|followLinkToEndChaos")
MOST_READ = 1000
"""As many lines as a log source gives; beyond them it only counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedLogs:
    """A log source without a socket: `errors` lines for every check, or None.

    None means that nothing can be read; `named` has other numbers for single checks.
    With `linked` each line has a report link; without, a check that looks for links
    finds no line. Orders, good or failed, are none.
    """

    errors: int | None
    named: Mapping[str, int] = field(default_factory=dict)
    linked: bool = True

    def read(self, asked: Sequence[Question]) -> tuple[Evidence, ...]:
        return tuple(self._answer(question) for question in asked)

    def _answer(self, question: Question) -> Evidence:
        if self.errors is None:
            return Unreadable(
                name=question.name,
                reason=UnreadableReason.UNREACHABLE,
                detail="supposed unreadable",
            )
        number = self._number(question)
        last = to_ns(question.until) - 6_000_000_000
        links = (FoundLink(SUPPOSED_LINK, LinkPlace.RESPONSE),) if self.linked else ()
        lines = tuple(
            LogLine(at_ns=last - n * 1_000_000, digest=f"{n:016x}", links=links)
            for n in range(min(number, MOST_READ))
        )
        return Counted(
            name=question.name,
            lines=lines,
            since=question.since,
            until=question.until,
            at_least=number > MOST_READ,
            total=number,
        )

    def _number(self, question: Question) -> int:
        no_order = question.name in (TRAFFIC, FAILED)
        if no_order or not (self.linked or _takes_linkless(question.query)):
            return 0
        return self.named.get(question.name, self.errors or 0)


def _takes_linkless(query: str) -> bool:
    """Whether a line without a report link may pass the query's line filters."""
    demanded = (f for f in parse_logql(query).filters if f.op.startswith("|"))
    return not any(
        all(_OF_A_LINK.search(value.replace("\\", "")) for value in one.values)
        for one in demanded
    )
