"""The OpenAPI document of the routes."""

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from importlib import resources
from typing import Any, get_args

import yaml

from responder import __version__
from responder.incident.events import Event
from responder.incident.names import Outcome, Proof, Reason, State, Verdict

UNWRITTEN = frozenset({"HEAD", "OPTIONS"})
"""Methods that Flask adds to every route by itself."""

Document = dict[str, Any]


@cache
def whole_document() -> Document:
    """Every route, with today's words in its enums."""
    text = resources.files(__package__).joinpath("openapi.yaml").read_text("utf-8")
    found: Document = yaml.safe_load(text)
    found["info"]["version"] = __version__
    found["components"]["schemas"] |= _names()
    return found


def template(rule: str) -> str:
    """Flask's `/incidents/<path:name>` as OpenAPI's `/incidents/{name}`."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _names() -> Mapping[str, Document]:
    enums = (State, Reason, Outcome, Proof, Verdict)
    found = {names.__name__: [str(name) for name in names] for names in enums}
    found["EventKind"] = [_kind(event) for event in get_args(Event)]
    return {name: {"type": "string", "enum": words} for name, words in found.items()}


def _kind(event: type[Any]) -> str:
    return next(str(f.default) for f in fields(event) if f.name == "event")
