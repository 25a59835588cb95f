"""Judges sections one by one and turns pydantic's errors into our problems."""

import difflib
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args

from pydantic import ValidationError

from responder.config.expand import Expanded
from responder.config.problem import Path, Problem, Refused, is_secret, problem
from responder.config.schema import Section

S = TypeVar("S", bound=Section)
_TWINNED = {
    "bearer",
    "password",
    "secrets",
    "api_key",
    "report_url",
    "token",
    "webhook_url",
}
_MISTAKES: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "add it"),
    "int_parsing": ("is not a whole number", "write digits only"),
    "int_type": ("is not a whole number", "write digits only"),
    "greater_than_equal": ("is too small", "write {ge} or more"),
    "less_than_equal": ("is too large", "write {le} or less"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "list_type": ("is not a list", "write it as [...] or with a dash per line"),
    "dict_type": ("is not a mapping", "write it as {{key: value}}"),
    "model_type": ("is not a mapping", "write it as {{key: value}}"),
    "string_type": ("is not a text", "write one value"),
    "enum": ("is not one of the values", "use {expected}"),
    "too_short": ("is empty", "give at least one"),
}


@dataclass(frozen=True, slots=True)
class Judged(Generic[S]):
    """A section as far as it is valid; `bad` names its keys that are not."""

    value: S
    bad: frozenset[str] = frozenset()

    def fine(self, *keys: str) -> bool:
        return self.bad.isdisjoint(keys)


@dataclass(slots=True)
class Bench:
    """Where sections are judged: the expanded document, and the problems so far."""

    expanded: Expanded
    query: Callable[[str], object]
    problems: list[Problem] = field(default_factory=list)

    def judge(self, model: type[S], raw: object, at: Path) -> Judged[S]:
        """The valid part of a section; every error in it becomes a problem."""
        context = {"query": self.query}
        given = raw if isinstance(raw, dict) else {}
        try:
            return Judged(model.model_validate(raw, context=context))
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)
        bad = {str(e["loc"][0]) for e in wrong if e["loc"]}
        for mistake in wrong:
            self._tell(model, mistake, raw, at)
        kept = {k: v for k, v in given.items() if k not in bad}
        whole = model.model_validate({**model.stand_in, **kept})  # queries were judged
        return Judged(whole, frozenset(bad or model.model_fields))

    def _tell(self, model: type[S], mistake: Any, raw: object, at: Path) -> None:
        loc = tuple(part for part in mistake["loc"] if part != "[key]")
        path = (*at, *loc)
        unknown = mistake["type"] == "extra_forbidden"
        if any(path[: len(p)] == p for p in self.expanded.blamed):
            if not unknown:
                return
            self.forget(path)
        message, remedy = _said(model, mistake, loc)
        lacking = mistake["type"] == "missing"
        hidden = unknown or (is_secret(path) and not lacking)
        value = "***" if hidden else _at(raw, loc)
        self.problems.append(problem(path, message, remedy, value))

    def forget(self, path: Path) -> None:
        """An unknown key needs no value: only the key is told."""
        told = problem(path, "", "").path
        within = (f"{told}.", f"{told}[")
        mine = self.expanded.problems
        mine[:] = [p for p in mine if p.path != told and not p.path.startswith(within)]


def _said(model: type[Section], mistake: Any, loc: Path) -> tuple[str, str]:
    context = mistake.get("ctx", {})
    if isinstance(cause := context.get("error"), Refused):
        return str(cause), cause.remedy
    if isinstance(cause, ValueError):  # the query parser's own, with its place
        return f"cannot be understood: {cause}", "mend the query there"
    if mistake["type"] == "extra_forbidden":
        return "is not a known key", suggestion(str(loc[-1]), _known(model, loc[:-1]))
    message, remedy = _MISTAKES.get(
        mistake["type"], ("is not valid", "see responder.example.yaml")
    )
    return message, remedy.format_map({"ge": "", "le": "", "expected": "", **context})


def suggestion(key: str, known: list[str]) -> str:
    """What may have been meant by an unknown key."""
    close = difflib.get_close_matches(key[:80], known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(known)}" if known else "remove it"


def _known(model: type[Section], loc: Path) -> list[str]:
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            inner = _section_in(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    names = list(model.model_fields)
    names += [f"{name}_file" for name in names if name in _TWINNED]
    return names + (["checks"] if "group_by" in names else [])


def _section_in(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, Section) else None
    found = (_section_in(arg) for arg in get_args(annotation))
    return next((inner for inner in found if inner), None)


def _at(raw: object, loc: Path) -> object:
    for part in loc:
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw
