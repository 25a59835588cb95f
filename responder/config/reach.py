"""Rules that no alert can reach, because earlier ones take all that they take."""

from collections.abc import Iterator, Sequence

from responder.config.problem import Problem, problem
from responder.config.schema import RuleSection
from responder.config.sections import Judged
from responder.incident.rule import Matcher

Alternative = tuple[Matcher, ...]


def unreachable(rules: Sequence[Judged[RuleSection]]) -> Iterator[Problem]:
    """Finds what follows from equalities and equal matchers; expressions are not
    compared with each other, so that a rule named here is certainly unreachable."""
    for i, late in enumerate(rules):
        if not late.fine("match"):
            continue
        earlier = [early for early in rules[:i] if early.fine("match")]
        takers = _takers(late.value, [early.value for early in earlier])
        if takers:
            message = f"can never be reached: {' and '.join(takers)} before it "
            verb = "takes" if len(takers) == 1 else "take"
            message += f"{verb} every alert that {late.value.name} takes"
            remedy = f"move {late.value.name} up, or narrow the earlier match"
            yield problem(("rules", i, "match"), message, remedy)


def _takers(late: RuleSection, earlier: Sequence[RuleSection]) -> list[str]:
    """The names of the rules that together take all of `late`, none if not all."""
    names: list[str] = []
    for alternative in late.match or [()]:
        taker = next((e for e in earlier if _takes(e, alternative)), None)
        if taker is None:
            return []
        if taker.name not in names:
            names.append(taker.name)
    return names


def _takes(early: RuleSection, alternative: Alternative) -> bool:
    return not early.match or any(
        all(_follows(matcher, alternative) for matcher in one) for one in early.match
    )


def _follows(matcher: Matcher, alternative: Alternative) -> bool:
    """Whether every alert of the alternative satisfies the matcher."""
    return any(
        given == matcher
        or (
            given.op == "="
            and given.label == matcher.label
            and matcher.holds({given.label: given.value})
        )
        for given in alternative
    )
