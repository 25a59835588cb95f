"""The runbook, served by the service that it is about: a link to it works anywhere."""

from functools import cache
from importlib import resources
from itertools import pairwise

from flask import Blueprint, Response, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

from responder.web.guard import Operators


def runbook(operators: Operators) -> Blueprint:
    """`/runbook`; each entry is found by its name in lower case."""
    blueprint = Blueprint("runbook", __name__)
    blueprint.before_request(operators.admit_person)

    @blueprint.get("/runbook")
    def read() -> Response:
        return Response(render_template("runbook.html", body=_written()))

    return blueprint


@cache
def _written() -> Markup:
    """The runbook as HTML, its headings named so that links can lead to them."""
    text = resources.files(__package__).joinpath("runbook.md").read_text("utf-8")
    parser = MarkdownIt("commonmark", {"html": False})
    tokens = parser.parse(text)
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", inside.content.lower())
    return Markup(parser.renderer.render(tokens, parser.options, {}))
