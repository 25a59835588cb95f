"""What could be better: Prevention and Action items of the incident report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from responder.incident.event_words import unreadable_words
from responder.incident.listing import IncidentSummary
from responder.incident.names import Outcome, Proof, Reason
from responder.incident.phrases import count_of
from responder.incident.report_record import Record
from responder.incident.report_text import blank, plain

_SLOW = timedelta(seconds=30)
"""A wait that is worth an action item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was before this incident. `earlier`: of its rule, newest first.

    `first` says that nothing at all is recorded before it; `more` that `earlier` is
    not all.
    """

    earlier: Sequence[IncidentSummary] = ()
    more: bool = False
    first: bool = False


def prevention(record: Record, history: History) -> str:
    """What was known of this fault before."""
    said = []
    if relapse := record.incident.relapse_of:
        said.append(f"This is a relapse of incident `{relapse}`: its fix did not hold.")
    rule = plain(record.incident.rule)
    if not history.earlier:
        begins = " (which begins with this one)" if history.first else ""
        said.append(
            f"No earlier incident with rule {rule} is in Responder's history{begins}."
        )
        return " ".join(said)
    least = "at least " if history.more else ""
    many = count_of(len(history.earlier), "earlier incident")
    last = history.earlier[0]
    began = (last.first_error_at or last.opened_at).astimezone(UTC)
    said.append(
        f"Responder's history holds {least}{many} with rule {rule}. The last, "
        f"`{last.id}`, began at {began:%Y-%m-%d %H:%M} with {_size(last)}; this one "
        f"has {count_of(record.incident.errors, 'error log')}"
        f"{_orders(record.incident.failed_orders)}."
    )
    return " ".join(said)


def _size(last: IncidentSummary) -> str:
    return f"{count_of(last.errors, 'error log')}{_orders(last.failed_orders)}"


def _orders(failed: int) -> str:
    return f" and {count_of(failed, 'failed order')}" if failed else ""


def action_items(record: Record) -> str:
    """What the evidence suggests, each with its evidence, and a free line."""
    owner = blank("owner, date")
    items = [f"{owner} {action} ({why})" for action, why in _suggested(record)]
    items.append(blank('owner, date and action of your own, or "none"'))
    return "\n".join(f"{n}. {item}" for n, item in enumerate(items, start=1))


def _suggested(record: Record) -> Iterator[tuple[str, str]]:
    yield from _earlier_alert(record)
    yield from _of_mode(record)
    yield from _of_evidence(record)
    yield from _of_supplier(record)


def _earlier_alert(record: Record) -> Iterator[tuple[str, str]]:
    late, whole = record.detection_delay, record.outage
    if late is None or late < _SLOW:
        return
    whose = f" of {record.length(whole)}" if whole and late < whole else ""
    yield (
        "Shorten the alert's pending period and group wait.",
        f"{record.length(late)}{whose} passed before the alert arrived",
    )


def _of_mode(record: Record) -> Iterator[tuple[str, str]]:
    withheld = record.incident.withheld_at
    if withheld is None:
        return
    until = record.by_hand.reported_at if record.by_hand else record.last_error
    why = f"it would have reported at {record.clock(withheld)}"
    if until and until > withheld:
        why += f", {record.length(until - withheld)} earlier"
    rule = plain(record.incident.rule)
    yield f"Move rule {rule} from shadow to veto or auto.", why


def _of_evidence(record: Record) -> Iterator[tuple[str, str]]:
    if gaps := record.uncounted:
        yield (
            "Make the logs readable for Responder at all times.",
            f"{unreadable_words(gaps[0].reason)} at {record.clock(gaps[0].since)}",
        )
    asked = any(look.failed_asked for look in record.looks)
    if record.lines and not record.failed and not asked:
        yield (
            "Let the rule count failed orders (its setting `failed`).",
            "the record holds error logs only",
        )
    if record.incident.proof is Proof.QUIET:
        yield (
            "Let the rule look for good orders (its setting `traffic`).",
            "recovery was judged by silence",
        )


def _of_supplier(record: Record) -> Iterator[tuple[str, str]]:
    called = record.called_person
    if called and called.reason is Reason.NO_LINK:
        yield (
            "Find out why the failing orders carried no report link.",
            "a person was called for it",
        )
    if called and called.reason in (Reason.ERRORS_CONTINUE, Reason.MAX_REPORTS):
        yield (
            "Ask the supplier why the report did not help.",
            f"{count_of(len(record.calls), 'call')}, and orders still failed",
        )
    failed = (Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.UNKNOWN)
    unheard = [call for call in record.calls if call.outcome in failed]
    if unheard:
        yield (
            "Ask the supplier why its report address did not answer as agreed.",
            f"{count_of(len(unheard), 'call')} without a proper answer",
        )
