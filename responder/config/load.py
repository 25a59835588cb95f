"""From a document to frozen `Settings`, or to every problem at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from responder.config import addresses, build, checks
from responder.config.checks import Purpose
from responder.config.document import (
    BUILT_IN,
    DEFAULT_TEXT,
    Document,
    Tree,
    parse,
    read,
)
from responder.config.expand import Expanded, expand
from responder.config.parts import ParseQuery, Parts, judge
from responder.config.problem import Problem, Refused, masked, one_line, problem
from responder.config.removed import take_removed
from responder.config.settings import Settings

__all__ = ["Document", "Loaded", "Problem", "Purpose", "listening", "load", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a document came to. `settings` is None exactly when there are problems."""

    settings: Settings | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def load(
    document: Document,
    *,
    purpose: Purpose,
    parse_query: ParseQuery,
    allow_literal_secrets: bool = False,
) -> Loaded:
    """Judge a document for a purpose. Never raises for what stands in it.

    `parse_query` understands one log query or raises ValueError with the place.
    """
    tree, unread = parse(document)
    if document.problems or (unread and not tree):
        return Loaded(settings=None, problems=tuple(unread))
    if "rules" not in tree:
        default, _ = parse(Document(text=DEFAULT_TEXT, origin=BUILT_IN))
        tree["rules"] = default["rules"]
    removed = list(take_removed(tree))
    expanded = expand(tree, document.env)
    parts, bench = judge(expanded, parse_query)
    parts, bad_port = _ported(parts, document)
    wrong = [*unread, *removed, *bad_port, *expanded.problems, *bench.problems]
    wrong += checks.problems(parts, expanded, purpose)
    refused, doubted = _secrets(expanded, purpose, allow_literal_secrets)
    wrong += refused
    doubts = [*checks.warnings(parts, expanded), *doubted]
    return Loaded(
        settings=None if wrong else build.settings(parts, expanded, document.sha),
        problems=masked(_in_rules(wrong, expanded.tree), expanded.secrets),
        warnings=masked(_in_rules(doubts, expanded.tree), expanded.secrets),
    )


def _in_rules(problems: list[Problem], tree: Tree) -> Iterator[Problem]:
    """The problems, those of a rule with its name."""
    listed = tree.get("rules")
    rules = dict(enumerate(listed)) if isinstance(listed, list) else {}
    for one in problems:
        found = re.match(r"rules\[(\d+)\]", one.path)
        rule = rules.get(int(found[1])) if found else None
        name = rule.get("name") if isinstance(rule, dict) else None
        yield replace(one, rule=one_line(name)) if isinstance(name, str) else one


def listening(document: Document, parse_query: ParseQuery) -> tuple[str, int]:
    """Host and port of the service, as far as even a broken document says.

    For asking a service that runs: its file may have been changed since.
    """
    tree, _ = parse(document)
    parts, _ = judge(expand(tree, document.env), parse_query)
    return _ported(parts, document)[0].server.value.listen


def _ported(parts: Parts, document: Document) -> tuple[Parts, list[Problem]]:
    """The parts listening where PORT says, which hosting services set.

    They reach us from outside, so every address is listened on where none is given;
    but the built-in defaults have no credentials and stay on this machine.
    """
    text = document.env.get("PORT", "")
    if not text:
        return parts, []
    try:
        number = addresses.port(text)
    except Refused as error:
        return parts, [problem(("PORT",), str(error), error.remedy, text)]
    given = parts.given("server", "listen") is not None
    stays = given or document.origin == BUILT_IN
    host = parts.server.value.listen[0] if stays else "0.0.0.0"
    return build.with_listen(parts, (host, number)), []


def _secrets(
    expanded: Expanded, purpose: Purpose, allow_literal: bool
) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings: serving needs values, published files need none."""
    refused: list[Problem] = []
    doubted: list[Problem] = []
    (refused if purpose is Purpose.SERVE else doubted).extend(_unset(expanded))
    strict = purpose is Purpose.CHECK
    if not (strict and allow_literal):
        (refused if strict else doubted).extend(_literal(expanded))
    return refused, doubted


def _unset(expanded: Expanded) -> Iterator[Problem]:
    for path, missing in expanded.unset.items():
        remedy = "set it before serving, or remove this key"
        yield problem(path, f"has no value: {missing}", remedy)


def _literal(expanded: Expanded) -> Iterator[Problem]:
    for path in expanded.literal:
        remedy = 'write "${NAME}" or the key with _file, and change the secret'
        yield problem(path, "is a secret in clear in the document", remedy, "***")
