"""The walk back through the logs to the first error of an incident."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from responder.incident.events import FirstErrorFound
from responder.incident.evidence import Counted, Evidence, LogLine, Question
from responder.incident.look import FAILED, MOST_LINES, affected
from responder.incident.model import Incident
from responder.incident.ports import LogSource
from responder.incident.rule import Rule

FARTHEST = timedelta(hours=1)
MOST_READS = 40


def trace_back(
    logs: LogSource, incident: Incident, rule: Rule, now: datetime
) -> FirstErrorFound:
    """Read window by window until one passes without a line, an hour at most.

    An answer that cannot be read ends the walk where it is, marked incomplete.
    """
    known = incident.first_error_at or now
    floor = incident.base_floor
    earliest = known - FARTHEST if floor is None else max(floor, known - FARTHEST)
    first, complete = known, True
    found: dict[str, LogLine] = {}
    failed: dict[str, LogLine] = {}
    for _ in range(MOST_READS):
        since = max(earliest, first - rule.longest_window)
        answers = logs.read(_questions(rule, since, first))
        complete = complete and all(isinstance(a, Counted) for a in answers)
        # In the order of the questions: a check may be named as failed orders are.
        errors = _lines(answers[: len(rule.checks)])
        found.update(errors)
        failed.update(_lines(answers[len(rule.checks) :]))
        times = [line.at for line in errors.values()]
        if not complete or not times:
            break
        first = min(times)
        if first <= earliest:
            break
    asked = rule.failed is not None and complete
    others = affected(found.values(), failed.values()) if asked else {}
    return FirstErrorFound(
        at=now,
        first_error_at=first,
        lines=tuple(sorted(found)[:MOST_LINES]),
        failed_lines=tuple(sorted(failed)[:MOST_LINES]),
        affected_lines=tuple(sorted(others)[:MOST_LINES]),
        complete=complete,
    )


def _lines(answers: Sequence[Evidence]) -> dict[str, LogLine]:
    counted = (answer for answer in answers if isinstance(answer, Counted))
    return {line.key: line for answer in counted for line in answer.lines}


def _questions(rule: Rule, since: datetime, until: datetime) -> list[Question]:
    asked = [
        Question(name=c.name, query=c.query, since=since, until=until)
        for c in rule.checks
    ]
    if rule.failed:
        # One window more on this side: orders whose log line came with the first.
        asked.append(
            Question(
                name=FAILED,
                query=rule.failed,
                since=since,
                until=until + rule.longest_window,
            )
        )
    return asked
