"""Whether a replay came out as a cassette expects, and in which words it did not."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from responder.app.played import Lived, Played
from responder.cassette.schema import Expect
from responder.incident.events import (
    Decided,
    Finished,
    Looked,
    Opened,
    ReportIntended,
)
from responder.incident.fold import apply
from responder.incident.model import Incident
from responder.incident.names import Reason, State, Verdict
from responder.incident.phrases import count_of, span
from responder.incident.words import sentence

REPORTED = "reported"
NOT_REPORTED = "not-reported"
WORDS = (REPORTED, NOT_REPORTED, *(str(state) for state in State))
"""What `--expect` understands."""


def expected(words: list[str], within: timedelta | None) -> Expect:
    """The expectation of `--expect` words: each is something that must have been.

    Raises ValueError for a word that is none of `WORDS`.
    """
    for word in words:
        if word not in WORDS:
            raise ValueError(f"{word!r} is none of {', '.join(WORDS)}")
    if REPORTED in words and NOT_REPORTED in words:
        raise ValueError(f"{REPORTED} and {NOT_REPORTED} exclude each other")
    told = None
    if REPORTED in words or NOT_REPORTED in words:
        told = REPORTED in words
    states = [State(word) for word in words if word not in (REPORTED, NOT_REPORTED)]
    return Expect(reported=told, passes=states or None, within=within)


def unmet(played: Played, expect: Expect) -> list[str]:
    """A sentence for each expectation that was not met; none: as expected."""
    told = [f"a body was refused: {why}" for why in played.refused]
    return [*told, *_calls(played, expect), *_ends(played, expect)]


def story(played: Played) -> str:
    """What became of it in a sentence or two: why nothing was done, or the end."""
    if not played.incidents:
        ignored = [v for v in played.verdicts if v.verdict is Verdict.IGNORED]
        if ignored:
            return f"no incident: the alert is ignored: {ignored[0].why}"
        return "no incident was opened"
    return played.plain(" ".join(said(lived) for lived in played.incidents))


def said(lived: Lived) -> str:
    """The sentence of an incident as it ended, and why nothing was done before."""
    end = sentence(lived.incident, lived.rule)
    held = sentence(telling(lived), lived.rule)
    if lived.incident.reports or held == end:
        return end
    return f"{held} {end}"


def telling(lived: Lived) -> Incident:
    """The incident when what held it was nearest to a report; at the end, if reported.

    Of several counts below the limit the highest, else the last reason of all.
    """
    found = lived.incident
    if found.reports:
        return found
    nearest = -1.0
    current: Incident | None = None
    for event in lived.events:
        current = apply(current, event, found.id)
        if current.state not in _HELD:
            continue
        short = current.reason is Reason.BELOW_THRESHOLD
        share = _share(current) if short else float("inf")
        if share >= nearest and isinstance(event, Decided | Looked):
            found, nearest = current, share
    return found


def _share(incident: Incident) -> float:
    checks = incident.look.checks if incident.look else ()
    return max(((c.count or 0) / c.threshold for c in checks), default=0.0)


_HELD = frozenset({State.HOLDING, State.NEEDS_HUMAN})


def first_call(played: Played) -> timedelta | None:
    """From the webhook to the first call of whichever incident called first."""
    waits = [
        event.at - lived.incident.opened_at
        for lived in played.incidents
        for event in lived.events
        if isinstance(event, ReportIntended)
    ]
    return min(waits, default=None)


def passed(lived: Lived) -> list[State]:
    """Every state that an incident went through, in order."""
    states = [State.INVESTIGATING]
    for event in lived.events:
        if isinstance(event, Decided | Finished):
            states.append(event.state)
        elif isinstance(event, ReportIntended):
            states.append(State.REPORTING)
    return list(dict.fromkeys(states))


def relapses(played: Played) -> int:
    """How many incidents were opened by a watch, without a webhook."""
    return sum(
        1
        for lived in played.incidents
        for event in lived.events
        if isinstance(event, Opened) and event.relapse_of
    )


def _calls(played: Played, expect: Expect) -> Iterator[str]:
    made = played.calls
    if expect.incidents is not None and len(played.incidents) != expect.incidents:
        wanted = count_of(expect.incidents, "incident")
        yield f"expected {wanted}, not {len(played.incidents)}: {story(played)}"
    if expect.reported is True and not made:
        yield f"expected a report to the factory, none was made: {story(played)}"
    if expect.reported is False and made:
        yield f"expected no report to the factory, link {made[0]} was called"
    if expect.calls is not None and made != expect.calls:
        yield (
            f"expected calls of {_listed(expect.calls)}, not of {_listed(made)}: "
            f"{story(played)}"
        )
    if expect.within is not None and expect.reported is not False:
        waited = first_call(played)
        if waited is None:
            if expect.reported is None and not expect.calls:
                yield f"expected a call within {span(expect.within)}, none was made"
        elif waited > expect.within:
            yield f"expected a call within {span(expect.within)}, not {span(waited)}"


def _ends(played: Played, expect: Expect) -> Iterator[str]:
    found = [lived.incident for lived in played.incidents]
    states = [incident.state for incident in found]
    if expect.ends is not None and states != expect.ends:
        yield (
            f"expected it to end {_listed(expect.ends)}, not {_listed(states)}: "
            f"{story(played)}"
        )
    been = {state for lived in played.incidents for state in passed(lived)}
    for state in expect.passes or ():
        if state not in been:
            yield f"expected {state}, which never came: {story(played)}"
    for state in expect.never or ():
        if state in been:
            yield f"expected never {state}, which came: {story(played)}"
    reasons = [incident.reason for incident in found]
    if expect.reasons is not None and reasons != expect.reasons:
        yield f"expected reason {_listed(expect.reasons)}, not {_listed(reasons)}"
    proofs = [incident.proof for incident in found if incident.proof]
    if expect.proof is not None and expect.proof not in proofs:
        yield f"expected proof {expect.proof}, not {_listed(proofs)}"


def _listed(words: Sequence[str]) -> str:
    items = [str(word) for word in words]
    return ", ".join(items) or "none"
