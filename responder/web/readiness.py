"""Whether an outage would be answered: for a page, for the API, for the headline."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify

from responder.incident.names import Mode
from responder.incident.phrases import ended
from responder.incident.readiness import Aspect, Fact, Readiness
from responder.incident.rule import Rule
from responder.web.clocks import ago
from responder.web.guard import Operators
from responder.web.headline import Headline, paused, worker_dead
from responder.web.live import QUIET, fingerprint, served
from responder.web.parts import Parts
from responder.web.presenting import iso
from responder.web.standing import standing_words

_YET = "Responder has just started: nobody was asked yet"


def readiness(parts: Parts, operators: Operators) -> Blueprint:
    """`/readiness` and `/api/readiness`."""
    blueprint = Blueprint("readiness", __name__)

    @blueprint.get("/api/readiness")
    def facts() -> Response:
        if (refused := operators.admit()) is not None:
            return refused
        ready = parts.readiness(parts.clock.now())
        return jsonify(readiness_json(ready, parts.rules, _held(parts)))

    @blueprint.get("/readiness")
    def page() -> Response:
        if (refused := operators.admit_person()) is not None:
            return refused
        return _page(parts)

    return blueprint


def _page(parts: Parts) -> Response:
    at = parts.clock.now()
    ready, held = parts.readiness(at), _held(parts)

    def values() -> Mapping[str, object]:
        return {"head": held or _head(ready, parts.rules), "ready": ready, "ago": ago}

    tag = fingerprint(shown(ready), held, int(at.timestamp() // 15))
    return served("readiness", tag, at, QUIET, values)


def _held(parts: Parts) -> Headline | None:
    """What keeps reports from leaving, however ready all else is; None if nothing."""
    if not parts.worker_alive():
        return worker_dead()
    words = standing_words(parts.controls.standing())
    return paused(words) if words else None


def acts(rules: Sequence[Rule]) -> str:
    """What Responder would do: `act`, or where a rule is in shadow, what instead."""
    watching = [rule.name for rule in rules if rule.mode is Mode.SHADOW]
    if not watching:
        return "act"
    if len(watching) == len(rules):
        return "only note what it would have done (mode: shadow)"
    return f"act (but for {', '.join(watching)}, in mode: shadow)"


def _head(ready: Readiness | None, rules: Sequence[Rule]) -> Headline:
    if ready and ready.ready:
        does = acts(rules)
        seen = f"An outage would be seen. Responder would {does}"
        answered = "An outage would be answered" if does == "act" else seen
        words = f"{answered}: {would_act(ready)}."
        return Headline(word="READY", icon="✓", tone="quiet", sentence=words)
    words = "Nothing is known to be wrong, but an outage would be missed: "
    missing = ready.missing if ready else None
    words = f"{words}{ended(missing.words)}" if missing else f"{_YET}."
    return Headline(
        word="NOT READY",
        icon="◇",
        tone="not-ready",
        sentence=words,
        ask=f"Next: {ended(missing.mend)}" if missing else "",
    )


def missed(ready: Readiness | None) -> str:
    """Why an outage would be missed, "" if it would not be or nothing is known."""
    fact = ready.missing if ready else None
    return f"{ended(fact.words)} Next: {ended(fact.mend)}" if fact else ""


def would_act(ready: Readiness | None) -> str:
    """`alert path heard 40 s ago, 12 orders in 10 min`; "" unless all is ready."""
    if ready is None or not ready.ready:
        return ""
    path, traffic = ready.fact(Aspect.ALERT_PATH), ready.fact(Aspect.TRAFFIC)
    heard = f" {ago(ready.at - path.at)}" if path.at else ""
    return f"{path.words}{heard}, {traffic.words}"


def shown(ready: Readiness | None) -> object:
    """What of it a page shows, without ages that grow by themselves."""
    return ready and [(f.aspect, f.ok, f.mend) for f in ready.facts]


def readiness_json(
    ready: Readiness | None,
    rules: Sequence[Rule] = (),
    held: Headline | None = None,
) -> dict[str, Any]:
    """The facts as JSON; none before the first questions are answered.

    `held` keeps reports from leaving, however ready all else is.
    """
    if ready is None:
        return {"ready": False, "at": None, "sentence": f"{_YET}.", "facts": []}
    missing, does = ready.missing, acts(rules)
    sentence = ended(missing.words) if missing else f"{would_act(ready)}."
    if not missing and does != "act":
        sentence = f"Responder would {does}: {sentence}"
    if held:
        sentence = f"{held.sentence} {held.ask}".strip()
    return {
        "ready": ready.ready and held is None,
        "at": iso(ready.at),
        "sentence": f"{sentence[:1].upper()}{sentence[1:]}",
        "facts": [_fact(fact, ready) for fact in ready.facts],
    }


def _fact(fact: Fact, ready: Readiness) -> dict[str, Any]:
    age = (ready.at - fact.at).total_seconds() if fact.at else None
    return {
        "aspect": fact.aspect,
        "ok": fact.ok,
        "words": fact.words,
        "at": iso(fact.at),
        "age": None if age is None else round(max(age, 0.0), 1),
        "mend": fact.mend or None,
    }
