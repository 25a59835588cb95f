"""What a CI job shows of a replay: JUnit, a step summary, and notes at lines.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from responder.app.compared import in_short
from responder.app.expected import telling
from responder.cli.configured import Usage
from responder.cli.lived import Judged
from responder.config.document import BUILT_IN, Document
from responder.config.lines import line_of
from responder.config.settings import Settings
from responder.incident.names import Reason, Verdict

Refused = Sequence[tuple[str, str]]


def junit(file: str, judged: Sequence[Judged], refused: Refused) -> None:
    """Write JUnit's XML, a test case for each cassette and each refused body."""
    bad = sum(1 for one in judged if not one.fine) + len(refused)
    suite = ElementTree.Element(
        "testsuite",
        name="responder replay",
        tests=str(len(judged) + len(refused)),
        failures=str(bad),
        errors="0",
        skipped="0",
        time=f"{sum(one.seconds for one in judged):.3f}",
    )
    for one in judged:
        case = _case(suite, one.name, one.seconds)
        if not one.fine:
            _failure(case, one.unmet)
    for name, why in refused:
        _failure(_case(suite, name, 0.0), [f"refused: {why}"])
    text = ElementTree.tostring(suite, "unicode", xml_declaration=True)
    try:
        Path(file).write_text(text + "\n", "utf-8")
    except OSError as problem:
        raise Usage(f"{file}: cannot be written: {problem.strerror}") from None


def _case(suite: ElementTree.Element, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname="cassettes", name=_xml(name), time=f"{seconds:.3f}"
    )


def _failure(case: ElementTree.Element, lines: Sequence[str]) -> None:
    text = _xml("\n".join(lines))
    found = ElementTree.SubElement(case, "failure", message=text.split("\n")[0])
    found.text = text


def _xml(text: str) -> str:
    """Without the characters that no XML document may hold."""
    return "".join(c if c in "\n\t" or c.isprintable() else "�" for c in text)


def summary(document: Document, judged: Sequence[Judged], refused: Refused) -> None:
    """Append a table to the job's summary, where there is one."""
    lines = [
        f"### responder replay, configuration `{document.sha}`",
        "",
        "| | Cassette | What became of it | Not as expected |",
        "| --- | --- | --- | --- |",
    ]
    for one in judged:
        sign, why = "✅" if one.fine else "❌", "<br>".join(map(cell, one.unmet))
        lines.append(f"| {sign} | {cell(one.name)} | {in_short(one.played)} | {why} |")
    for name, why in refused:
        lines.append(f"| ❌ | {cell(name)} | refused | {cell(why)} |")
    step_summary("\n".join([*lines, "", ""]))


def step_summary(text: str) -> None:
    """Append Markdown to the step's summary, outside of GitHub's CI do nothing."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(text)


def cell(text: str) -> str:
    """Text that fits into a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def in_actions() -> bool:
    """Whether a GitHub Actions runner reads what is printed."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotate(
    document: Document,
    settings: Settings,
    judged: Sequence[Judged],
    out: TextIO | None = None,
) -> None:
    """A note at the line of the configuration that decided, for each failure."""
    for one in judged:
        if one.fine:
            continue
        place = f"file={_property(one.file)},line=1"
        if document.origin != BUILT_IN and Path(document.origin).is_file():
            line = line_of(document.text, culprit(one, settings))
            place = f"file={_property(document.origin)},line={line}"
        title = _property(f"{one.name} not as expected")
        print(
            f"::error {place},title={title}::{_data('; '.join(one.unmet))}",
            file=out or sys.stdout,
        )


def culprit(judged: Judged, settings: Settings) -> str:
    """The path of the setting that most likely decided."""
    played = judged.played
    if not played.incidents:
        ignored = any(v.verdict is Verdict.IGNORED for v in played.verdicts)
        return "rules[0].match" if ignored else "rules"
    incident, rule = telling(played.incidents[-1]), played.incidents[-1].rule
    index = settings.rules.index(rule)
    short = incident.reason in (Reason.BELOW_THRESHOLD, Reason.NOT_CONFIRMED)
    look = incident.look
    if short and look:
        nearest = max(
            range(len(look.checks)),
            key=lambda n: (look.checks[n].count or 0, -look.checks[n].threshold),
        )
        return f"rules[{index}].checks[{nearest}].threshold"
    if incident.reason is Reason.SHADOW:
        return f"rules[{index}].mode"
    return f"rules[{index}].name"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
