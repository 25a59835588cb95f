"""What Responder would have done beside what people did, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from responder.incident.agreement import Agreement
from responder.incident.listing import IncidentSummary
from responder.incident.model import Incident
from responder.incident.names import Mode
from responder.incident.phrases import clock, count_of
from responder.incident.rule import Rule

_NOT = "did not get to a report"


def agreement_words(
    incident: Incident | IncidentSummary, said: Agreement | None
) -> str:
    """One sentence, "" where Responder reported or nobody has said anything.

    Of a drill there is nothing to say.
    """
    if incident.drill:
        return ""
    at = incident.withheld_at
    would = f"would have reported at {clock(at)} UTC" if at else _NOT
    if said is None:
        if at is None or incident.reports:
            return ""
        return f"Responder {would}; nobody said yet what people did."
    verdict = "Agreed" if said is Agreement.AGREED else "Disagreed"
    return f"{verdict}: Responder {would}, {_person(incident, said)}."


def _person(incident: Incident | IncidentSummary, said: Agreement) -> str:
    if incident.reported_by_hand_at:
        return f"a person did at {clock(incident.reported_by_hand_at)} UTC"
    acted = (said is Agreement.AGREED) is (incident.withheld_at is not None)
    return "a person fixed it by hand" if acted else "a person closed it as not real"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often people did as a rule would have done."""

    rule: str
    agreed: int
    disagreed: int

    @property
    def words(self) -> str:
        judged = self.agreed + self.disagreed
        if not judged:
            return "nobody said yet what people did"
        return f"people did the same in {self.agreed} of {count_of(judged, 'incident')}"


def tallies(
    found: Mapping[tuple[str, Agreement], int], rules: Sequence[Rule]
) -> list[Tally]:
    """One for each shadow rule, and for each other that people were compared with."""
    shadows = [rule.name for rule in rules if rule.mode is Mode.SHADOW]
    names = dict.fromkeys([*shadows, *sorted(rule for rule, _ in found)])
    return [
        Tally(
            rule=name,
            agreed=found.get((name, Agreement.AGREED), 0),
            disagreed=found.get((name, Agreement.DISAGREED), 0),
        )
        for name in names
    ]
