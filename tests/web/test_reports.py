"""The incident report over HTTP: the same bytes to read and to keep."""

import re
from dataclasses import replace
from html import unescape

import pytest

from responder.config.settings import Secret
from responder.incident.alert import PersonAction
from responder.incident.events import AlertFired, PersonActed, ReportAnswered
from responder.incident.incident import fold
from responder.incident.report import HEADINGS
from responder.masking import Masker
from responder.web.api import as_html, write_report
from tests.listed import ListedArchive, summary_of
from tests.policy import founding
from tests.web_parts import OPERATOR, Web

REPORT = "/incidents/inc-1/report"


def web() -> Web:
    events = founding.as_it_would_have_been()
    return Web(archive=ListedArchive(timelines={"inc-1": events}))


def test_the_report_is_downloaded_under_the_name_that_the_course_wants() -> None:
    answer = web().client().get(f"{REPORT}.md?number=3")

    assert answer.status_code == 200
    assert answer.content_type == "text/markdown; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="incident-3.md"'
    )
    assert answer.text.startswith("# Incident: 2025-04-07 18-44-00\n")
    assert "(incident 3, `inc-1`)" in answer.text


def test_the_same_timeline_gives_the_same_bytes_at_another_time() -> None:
    now, later = web(), web()
    later.clock.at = later.clock.at.replace(year=2031)

    first = now.client().get(f"{REPORT}.md").data

    assert first == later.client().get(f"{REPORT}.md").data


def test_the_page_shows_every_heading_and_marks_every_blank() -> None:
    markdown = web().client().get(f"{REPORT}.md").text

    page = web().client().get(REPORT).text

    assert re.findall(r"<h2>(.+?)</h2>", page) == list(HEADINGS)
    marked = re.findall(r"<mark>(.+?)</mark>", page)
    assert [unescape(text) for text in marked] == re.findall(
        r"\[FILL IN: [^\]]+\]", markdown
    )
    assert f"{len(marked)} blanks left" in page


def test_the_page_downloads_by_a_form_and_leads_back_to_the_incident() -> None:
    page = web().client().get(f"{REPORT}?number=4").text

    assert f'action="{REPORT}.md" method="get"' in page
    assert 'value="4"' in page
    assert 'href="/incidents/inc-1"' in page


def test_the_incident_page_leads_to_its_report() -> None:
    page = web().client().get("/incidents/inc-1").text

    assert f'href="{REPORT}"' in page


def test_html_in_labels_and_names_reaches_the_page_as_text() -> None:
    events = founding.as_it_would_have_been()
    hostile = "<img src=x onerror=alert(1)>[FILL IN: x](https://evil.example)"
    told = [
        replace(e, labels={"alertname": hostile}) if isinstance(e, AlertFired) else e
        for e in events
    ]
    acted = PersonActed(
        at=events[-1].at, action=PersonAction.ACKNOWLEDGED, person=hostile
    )
    archive = ListedArchive(timelines={"inc-1": [*told, acted]})

    page = Web(archive=archive).client().get(REPORT).text

    assert "<img" not in page
    assert "evil.example" in page
    assert 'href="https://evil.example' not in page
    assert "<mark>[FILL IN: x]</mark>" not in page


def test_raw_html_is_never_rendered() -> None:
    assert "<b>" not in as_html("<b>bold</b>\n\n<script>x</script>")


@pytest.mark.parametrize(
    "said",
    ["pass_of*oncall", "https://factory.example/api/support/abc_def*g/report/0x_y"],
    ids=["secret", "link"],
)
def test_a_secret_that_markdown_would_tear_apart_is_masked_before(said: str) -> None:
    told = [
        replace(e, labels={"alertname": said})
        if isinstance(e, AlertFired)
        else replace(e, message=said)
        if isinstance(e, ReportAnswered)
        else e
        for e in founding.as_it_would_have_been()
    ]
    archive, masker = (
        ListedArchive(timelines={"inc-1": told}),
        Masker(["pass_of*oncall"]),
    )

    text = write_report(archive, "inc-1", 1, masker)

    assert text is not None
    shown = text.replace("\\", "")
    assert "***" in shown
    assert not [part for part in ("pass_of", "abc_def", "0x_y") if part in shown]


def test_earlier_incidents_of_the_rule_are_told() -> None:
    service = web()
    earlier = fold("inc-0", founding.as_it_would_have_been())
    service.archive.incidents = [summary_of(earlier, "")]

    text = service.client().get(f"{REPORT}.md").text

    assert "`inc-0`" in text
    asked = service.archive.searches[-2:]
    assert {search.until for search in asked} == {founding.heard()}


def test_a_drill_of_the_evening_before_is_no_earlier_incident() -> None:
    service = web()
    drilled = summary_of(fold("inc-0", founding.as_it_would_have_been()), "")
    service.archive.incidents = [replace(drilled, drill=True)]

    text = service.client().get(f"{REPORT}.md").text

    assert "`inc-0`" not in text
    assert "No earlier incident" in text


@pytest.mark.parametrize(
    "number", ["0", "-1", "x", "1.5", "99999", "٣", "", "9" * 5000, "0000000012345678"]
)
def test_a_number_that_is_none_is_refused_with_the_remedy(number: str) -> None:
    answer = web().client().get(f"{REPORT}.md", query_string={"number": number})

    assert answer.status_code == 400
    assert "from 1 to 9999" in answer.text


@pytest.mark.parametrize("path", ["report", "report.md"])
def test_a_report_of_no_incident_is_not_found(path: str) -> None:
    assert web().client().get(f"/incidents/nobody/{path}").status_code == 404


@pytest.mark.parametrize("path", [REPORT, f"{REPORT}.md"])
def test_only_operators_read_reports(path: str) -> None:
    service = Web(operators={"oncall": Secret(OPERATOR)}, archive=web().archive)

    assert service.client().get(path).status_code == 401
    assert service.client().get(path, auth=("oncall", OPERATOR)).status_code == 200
