"""The part of `responder shadow` that tries rules on cassettes; opens no socket."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from responder.app.tried import Shown, expectation, promoted, shown
from responder.cassette.schema import Cassette
from responder.cli.configured import Usage
from responder.cli.files import find
from responder.cli.lived import Judged
from responder.cli.replay import play_one
from responder.config.settings import Settings

_TOLD = (Shown.REPORTED, Shown.NOT_REPORTED, Shown.NOT_AS_EXPECTED)
_WORDS = {
    Shown.REPORTED: "reports",
    Shown.NOT_REPORTED: "does not report",
    Shown.NOT_AS_EXPECTED: "is concerned",
    Shown.UNSAID: "reports, and nothing is expected of that",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One cassette. Without `judged` it cannot be held against, and `why` says so."""

    file: str
    name: str
    judged: Judged | None = None
    why: str = ""
    shown: Mapping[str, Shown] = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        return self.judged is None or self.judged.fine


def tried_on(
    names: list[str], settings: Settings, rules: Sequence[str]
) -> Iterator[Tried]:
    """Each cassette that the arguments name, with every rule as if automatic.

    Raises `Usage` for what cannot be read or is no cassette, and for two of one name.
    """
    found = find(names, settings.server.max_body)
    if found.bodies:
        name = found.bodies[0][0]
        raise Usage(f"{name}: is no cassette; make one by responder cassette import")
    files: dict[str, str] = {}
    for file, cassette in found.cassettes:
        other = files.setdefault(cassette.name, file)
        if other != file:
            raise Usage(f"{file}: has the name of {other}: {cassette.name}")
    acting = promoted(settings)
    for file, cassette in dict(found.cassettes).items():
        yield _tried(file, cassette, acting, rules)


def body_for(rule: str, sha: str, tried: Sequence[Tried]) -> dict[str, object]:
    """What the service is told of a rule."""
    return {
        "config": sha,
        **{
            str(kind): [one.name for one in tried if one.shown.get(rule) is kind]
            for kind in _TOLD
        },
    }


def as_text(tried: Tried) -> str:
    """A line, and one more for each expectation that was not met."""
    if tried.judged is None:
        return f"{tried.name}: not counted: {tried.why}"
    told = [f"{rule} {_WORDS[what]}" for rule, what in tried.shown.items()]
    verdict = "as expected" if tried.fine else "NOT AS EXPECTED"
    concerned = ", ".join(told) or "no rule in shadow or veto is concerned"
    lines = [f"{tried.name}: {verdict} ({concerned})"]
    lines += [f"  ! {line}" for line in tried.judged.unmet]
    return "\n".join(lines)


def as_json(tried: Tried) -> dict[str, object]:
    """The same as JSON values; `as_expected` is null where it is not counted."""
    judged = tried.judged
    return {
        "name": tried.name,
        "file": tried.file,
        "as_expected": None if judged is None else judged.fine,
        "unmet": list(judged.unmet) if judged else [],
        "why": tried.why or None,
        "rules": {rule: str(what) for rule, what in tried.shown.items()},
    }


def _tried(
    file: str, cassette: Cassette, acting: Settings, rules: Sequence[str]
) -> Tried:
    expect = expectation(cassette)
    if isinstance(expect, str):
        return Tried(file=file, name=cassette.name, why=expect)
    judged = play_one(file, cassette, acting, expect)
    found = shown(judged.played, expect, fine=judged.fine, rules=rules)
    return Tried(file=file, name=cassette.name, judged=judged, shown=found)
