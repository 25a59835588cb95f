"""The incident report: to download, and as a page to read."""

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, render_template, request
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape

from responder.incident.listing import Search
from responder.incident.ports import Archive
from responder.incident.report import History, file_name, report
from responder.incident.report_text import BLANK, blanks
from responder.web.api import plain
from responder.web.guard import Operators, text
from responder.web.masked import timeline_of
from responder.web.parts import Parts

_MOST = 9999
_HISTORY = 50
"""So many earlier incidents are counted; beyond them it says `at least`."""


def reports(parts: Parts, operators: Operators) -> Blueprint:
    """`/incidents/<id>/report.md` and `/incidents/<id>/report`, `?number=1`."""
    blueprint = Blueprint("reports", __name__)
    blueprint.before_request(operators.admit_person)

    @blueprint.get("/incidents/<incident_id>/report.md")
    def download(incident_id: str) -> Response:
        number, written = _asked(parts, incident_id)
        if isinstance(written, Response):
            return written
        response = Response(written, content_type="text/markdown; charset=utf-8")
        named = f'attachment; filename="{file_name(number)}"'
        response.headers["Content-Disposition"] = named
        return response

    @blueprint.get("/incidents/<incident_id>/report")
    def read(incident_id: str) -> Response:
        number, written = _asked(parts, incident_id)
        if isinstance(written, Response):
            return written
        page = render_template(
            "report.html",
            incident_id=incident_id,
            number=number,
            file=file_name(number),
            left=len(blanks(written)),
            body=as_html(written),
        )
        return Response(page)

    return blueprint


def write_report(
    archive: Archive, incident_id: str, number: int, mask: Callable[[str], str]
) -> str | None:
    """The report of a stored incident; None if there is no such incident.

    Masked before it is written: escapes would tear a secret apart.
    """
    found = timeline_of(archive, incident_id, mask) if plain(incident_id) else None
    if found is None:
        return None
    incident, events = found
    before = Search(until=incident.opened_at, limit=1, drills=False)
    earlier = archive.search(replace(before, rule=incident.rule, limit=_HISTORY))
    history = History(
        earlier=earlier.incidents,
        more=earlier.cursor is not None,
        first=not archive.search(before).incidents,
    )
    return report(incident, events, number=number, history=history)


def as_html(markdown: str) -> Markup:
    """Markdown as safe HTML: raw HTML is text, and every blank is a `<mark>`."""
    parser = MarkdownIt("commonmark", {"html": False})
    # Before links, after escapes: a bracket that was escaped is not a blank.
    parser.inline.ruler.before("link", "blank", _blank)
    parser.add_render_rule("blank", _mark)
    return Markup(parser.render(markdown))


def _blank(state: StateInline, silent: bool) -> bool:
    found = BLANK.match(state.src, state.pos)
    end = state.src.find("]", state.pos)
    if found is None or end < 0:
        return False
    if not silent:
        token = state.push("blank", "mark", 0)
        token.content = state.src[state.pos : end + 1]
    state.pos = end + 1
    return True


def _mark(
    _renderer: RendererHTML,
    tokens: list[Token],
    index: int,
    _options: object,
    _env: object,
) -> str:
    return f"<mark>{escape(tokens[index].content)}</mark>"


def _asked(parts: Parts, incident_id: str) -> tuple[int, str | Response]:
    given = request.args.get("number", "1")
    # Only few digits are made a number at all: a long row of them costs seconds.
    digits = given.isascii() and given.isdigit() and len(given) <= len(str(_MOST))
    number = int(given) if digits else 0
    if not 1 <= number <= _MOST:
        refusal = f"400: number: give a whole number from 1 to {_MOST}"
        return 0, text(400, refusal)
    written = write_report(parts.archive, incident_id, number, parts.masker)
    if written is None:
        return 0, text(404, "404: no such incident. The latest are on the first page.")
    return number, written
