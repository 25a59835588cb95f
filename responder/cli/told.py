"""Findings as people and as programs read them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from responder.findings import Finding, Level

_SIGNS = {
    Level.OK: "ok     ",
    Level.NOTE: "note   ",
    Level.WARNING: "warning",
    Level.PROBLEM: "PROBLEM",
}
_ORDER = (Level.PROBLEM, Level.WARNING, Level.NOTE, Level.OK)


def as_text(findings: Sequence[Finding]) -> str:
    """The worst last, where the eye is; then one line of counts."""
    lines = [
        line
        for level in reversed(_ORDER)
        for one in findings
        if one.level is level
        for line in _lines(one)
    ]
    return "\n".join([*lines, _total(findings)])


def as_json(findings: Sequence[Finding]) -> str:
    """`{problems, warnings, findings: [{check, level, says, why, mend}]}`."""
    counts = Counter(one.level for one in findings)
    document = {
        "problems": counts[Level.PROBLEM],
        "warnings": counts[Level.WARNING],
        "findings": [asdict(one) for one in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _lines(one: Finding) -> list[str]:
    lines = [f"{_SIGNS[one.level]}  {one.says}"]
    if one.why:
        lines.append(f"         why   {one.why}")
    if one.mend:
        lines.append(f"         mend  {one.mend}")
    return lines


def _total(findings: Sequence[Finding]) -> str:
    counts = Counter(one.level for one in findings)
    named = (
        (counts[Level.PROBLEM], "problem"),
        (counts[Level.WARNING], "warning"),
        (counts[Level.NOTE], "note"),
    )
    told = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in named]
    return f"{', '.join(told)}; {counts[Level.OK]} as they should be"
