"""What a replay came to, as text or JSON, without a secret in either."""

from dataclasses import dataclass, field

from responder.incident.alert import AlertVerdict
from responder.incident.names import Verdict
from responder.masking import Masker
from responder.replay import Replay


@dataclass(slots=True)
class Decided:
    """The incidents of a replay; beside a file's name each alert, each refusal."""

    replay: Replay
    alerts: list[tuple[str, AlertVerdict]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    """The names of each file's alerts."""


def json_values(decided: Decided, masker: Masker) -> dict[str, object]:
    """`incidents`, `alerts` and `refused`, masked."""
    found = {
        "incidents": [one.as_json() for one in decided.replay.incidents.values()],
        "alerts": [
            {
                "file": name,
                "fingerprint": verdict.fingerprint,
                "verdict": str(verdict.verdict),
                "incident": verdict.incident,
                "why": verdict.why,
            }
            for name, verdict in decided.alerts
        ],
        "refused": [{"file": name, "why": why} for name, why in decided.refused],
    }
    # Before it is written as JSON, whose escapes could hide a secret from the masker.
    return {key: masked(value, masker) for key, value in found.items()}


def as_text(decided: Decided, masker: Masker) -> str:
    """A line for each decision, indented its reasons; then what led to none."""
    lines = []
    for found in decided.replay.incidents.values():
        group = f" ({found.incident.group})" if found.incident.group else ""
        lines.append(f"{found.rule.name}{group}: {found.decision}")
        lines += [f"  {reason}" for reason in found.reasons]
    for name, verdict in decided.alerts:
        if verdict.incident is None:
            why = verdict.why or _WHY.get(verdict.verdict, "")
            why = f": {why}" if why else ""
            lines.append(f"{name}: alert {verdict.fingerprint} {verdict.verdict}{why}")
    lines += [f"{name}: refused: {why}" for name, why in decided.refused]
    return masker("\n".join(lines or ["no alert in these bodies"]))


_WHY = {
    Verdict.RESOLVED: "no incident is open for it",
    Verdict.TEST: "a test notification, never acted on",
    Verdict.NO_DATA: "it says that measuring failed, never acted on",
    Verdict.HEARTBEAT: "a heartbeat, never acted on",
}


def masked(value: object, masker: Masker) -> object:
    """JSON values with every text in them masked."""
    if isinstance(value, str):
        return masker(value)
    if isinstance(value, list):
        return [masked(item, masker) for item in value]
    if isinstance(value, dict):
        return {key: masked(item, masker) for key, item in value.items()}
    return value
