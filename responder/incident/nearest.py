"""Why no rule took an alert: the nearest rule, the matcher that failed, its mend."""

import json
from collections.abc import Mapping, Sequence

from responder.incident.rule import Matcher, Rule


def why_ignored(labels: Mapping[str, str], rules: Sequence[Rule]) -> str:
    """One sentence with the YAML line that would have taken the alert."""
    if not rules:
        return "no rule is configured; add one under `rules:`"
    scored = [
        (len(failed) - len(alternative), len(failed), rule, failed)
        for rule in rules
        for alternative in rule.match
        if (failed := [m for m in alternative if not m.holds(labels)])
    ]
    if not scored:
        return "no rule is configured; add one under `rules:`"
    _, _, rule, failed = min(scored, key=lambda entry: entry[:2])
    name = labels.get("alertname", "")
    mend = json.dumps({"alertname": name}, ensure_ascii=False)
    return (
        f"nearest rule {rule.name!r}: {_mismatch(failed[0], labels)}; "
        f"to take it, add to its `match`: - {mend}"
    )


def _mismatch(matcher: Matcher, labels: Mapping[str, str]) -> str:
    wanted = f"{matcher.label}{matcher.op}{matcher.value!r}"
    if matcher.label not in labels:
        return f"wants {wanted}, the alert has no label {matcher.label!r}"
    return f"wants {wanted}, the alert has {labels[matcher.label]!r}"
