"""Stand-ins for those who keep and run drills."""

from dataclasses import dataclass, field

from responder.incident.drills import Drill
from responder.incident.openings import NoSuchRule
from tests.fakes import NOON


@dataclass
class ListedDrills:
    """Keeps drills in a list, the newest last."""

    kept: list[Drill] = field(default_factory=list)

    def save(self, drill: Drill) -> None:
        self.kept = [d for d in self.kept if d.id != drill.id] + [drill]

    def find(self, drill: str) -> Drill | None:
        return next((d for d in self.kept if d.id == drill), None)

    def last(self, rule: str | None = None) -> Drill | None:
        ours = [d for d in self.kept if rule in (None, d.rule)]
        return ours[-1] if ours else None


@dataclass
class ListedDrilling:
    """Begins drills that take no step."""

    drills: ListedDrills
    rules: tuple[str, ...]
    begun: list[tuple[str, str]] = field(default_factory=list)
    """Who began one, and our own address."""
    ready: Drill | None = None
    """What is answered in place of a drill that takes no step."""

    def start(self, rule: str | None, by: str, listening: str) -> Drill:
        if rule not in (None, *self.rules):
            raise NoSuchRule(f"no such rule; there are: {', '.join(self.rules)}")
        self.begun.append((by, listening))
        drill = self.ready or Drill(
            id=f"drill{len(self.begun):07}", rule=rule or self.rules[0], by=by, at=NOON
        )
        self.drills.save(drill)
        return drill
