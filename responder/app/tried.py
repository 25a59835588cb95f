"""Rules that are not automatic yet, tried on a cassette as if they were."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from responder.app.played import Played
from responder.cassette.schema import By, Cassette, Expect
from responder.config.settings import Settings
from responder.incident.names import Mode, State
from responder.incident.rule import Rule

_AFTER_A_CALL = frozenset({State.REPORTING, State.VERIFYING, State.RECOVERED})


class Shown(StrEnum):
    """What a cassette shows of a rule that is concerned in it."""

    REPORTED = "reported"
    """As expected, and the rule made a call that the cassette expects."""
    NOT_REPORTED = "not_reported"
    """As expected, and the rule made no call: so it made no wrong one."""
    NOT_AS_EXPECTED = "not_as_expected"
    UNSAID = "unsaid"
    """The rule made a call, and the cassette does not say whether it should."""


def on_trial(settings: Settings) -> list[str]:
    """The names of the rules that are not automatic yet."""
    return [rule.name for rule in settings.rules if rule.mode is not Mode.AUTO]


def promoted(settings: Settings) -> Settings:
    """The same with every rule automatic. In memory only: people promote a rule."""
    rules: list[Rule] = [replace(rule, mode=Mode.AUTO) for rule in settings.rules]
    return replace(settings, rules=tuple(rules))


def expectation(cassette: Cassette) -> Expect | str:
    """What to hold an automatic rule against, or why nothing can be.

    What was recorded of a rule in shadow or veto, and expects no call, says only that
    the rule made none: not that it should make none. What people did then says it.
    """
    expect = cassette.expect
    if expect == Expect():
        return "it expects nothing; write its `expect:`"
    bound = cassette.mode in (Mode.SHADOW, Mode.VETO) and expect.calls == []
    if not bound or expect.reported is not None:
        return expect
    if any(call.by is By.PERSON for call in cassette.calls):
        return Expect(reported=True)
    return (
        f"it was recorded in {cassette.mode}, and nobody reported then; write `expect: "
        "{reported: true}`, or `false`, in place of its own"
    )


def shown(
    played: Played, expect: Expect, *, fine: bool, rules: Sequence[str]
) -> Mapping[str, Shown]:
    """What it shows of each of these rules; those that it does not concern are absent.

    A rule is concerned where it opened an incident. Where none did and that was not as
    expected, any of them should have: all are concerned.
    """
    return dict(_shown(played, expect, fine, rules))


def _shown(
    played: Played, expect: Expect, fine: bool, rules: Sequence[str]
) -> Iterator[tuple[str, Shown]]:
    for name in rules:
        ours = [lived for lived in played.incidents if lived.rule.name == name]
        if not fine and (ours or not played.incidents):
            yield name, Shown.NOT_AS_EXPECTED
        elif any(lived.incident.reports for lived in ours):
            asked = _expects_a_call(expect)
            yield name, Shown.REPORTED if asked else Shown.UNSAID
        elif ours:
            yield name, Shown.NOT_REPORTED


def _expects_a_call(expect: Expect) -> bool:
    states = {*(expect.ends or ()), *(expect.passes or ())}
    proven = expect.proof is not None or expect.within is not None
    asked = bool(expect.reported or expect.calls or states & _AFTER_A_CALL)
    return asked or proven
