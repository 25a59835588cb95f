"""One finding of `doctor`: what is wrong, why it matters and how to fix it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters. Only a problem makes `doctor` fail."""

    OK = "ok"
    NOTE = "note"
    """As it must be or may be meant so; it costs something that is told."""
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judgement. Holds no secret: texts of others are masked before they come here.

    `check` names what was judged, as in `grafana.people`; `mend` is the exact line or
    setting, "" where there is nothing to mend.
    """

    check: str
    level: Level
    says: str
    why: str = ""
    mend: str = ""


def ok(check: str, says: str) -> Finding:
    return Finding(check=check, level=Level.OK, says=says)


def note(check: str, says: str, why: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.NOTE, says=says, why=why, mend=mend)


def warning(check: str, says: str, why: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, says=says, why=why, mend=mend)


def problem(check: str, says: str, why: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.PROBLEM, says=says, why=why, mend=mend)
