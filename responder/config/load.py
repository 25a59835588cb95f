"""From a document to frozen `Settings`, or to every problem at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from responder.config import addresses, build, checks
from responder.config.checks import Purpose
from responder.config.document import DEFAULT_TEXT, Document, parse, read
from responder.config.expand import Expanded, expand
from responder.config.parts import ParseQuery, Parts, judge
from responder.config.problem import Problem, Refused, masked, problem
from responder.config.settings import Settings

__all__ = ["Document", "Loaded", "Problem", "Purpose", "load", "read"]


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
        default, _ = parse(Document(text=DEFAULT_TEXT, origin="built-in defaults"))
        tree["rules"] = default["rules"]
    expanded = expand(tree, document.env)
    parts, bench = judge(expanded, parse_query)
    listen, bad_port = _listen(parts, document)
    parts = build.with_listen(parts, listen)
    wrong = [*unread, *bad_port, *expanded.problems, *bench.problems]
    wrong += checks.problems(parts, expanded, purpose)
    doubts = list(checks.warnings(parts, expanded))
    (wrong if purpose is Purpose.SERVE else doubts).extend(_unset(expanded))
    strict = purpose is Purpose.CHECK
    if not (strict and allow_literal_secrets):
        (wrong if strict else doubts).extend(_literal(expanded))
    return Loaded(
        settings=None if wrong else build.settings(parts, expanded, document.sha),
        problems=masked(wrong, expanded.secrets),
        warnings=masked(doubts, expanded.secrets),
    )


def _listen(parts: Parts, document: Document) -> tuple[tuple[str, int], list[Problem]]:
    """Where to listen: PORT, which hosting services set, overrides the port."""
    host, number = parts.server.value.listen
    text = document.env.get("PORT", "")
    if not text:
        return (host, number), []
    try:
        number = addresses.port(text)
    except Refused as error:
        found = problem(("PORT",), str(error), error.remedy, text)
        return (host, number), [found]
    given = parts.given("server", "listen") is not None
    return (host if given else "0.0.0.0", number), []


def _unset(expanded: Expanded) -> Iterator[Problem]:
    for path, missing in expanded.unset.items():
        remedy = "set it before serving, or remove this key"
        yield problem(path, f"has no value: {missing}", remedy)


def _literal(expanded: Expanded) -> Iterator[Problem]:
    for path in expanded.literal:
        remedy = 'write "${NAME}" or the key with _file, and change the secret'
        yield problem(path, "is a secret in clear in the document", remedy, "***")
