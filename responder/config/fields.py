"""What a single value of the configuration may be, and what is told if it is not."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import ValidationInfo as Info

from responder.config.durations import duration
from responder.config.problem import Refused
from responder.config.settings import Secret
from responder.incident.expression import BadExpression, expression
from responder.incident.names import WEBHOOKS, Sender
from responder.incident.rule import Matcher

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise Refused("must be longer than nothing", "write it as 30s or 5m")
    return value


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise Refused("must be a text of printable characters", "write some text")
    return value


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise Refused("is not a header's name", "write it as X-Some-Header")
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        remedy = "use small letters, digits, - and _, at most 63, as in pizza-factory"
        raise Refused("is not a plain name", remedy)
    return value


def _secret(value: object) -> Secret | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise Refused("must be one text that is not empty", 'write it as "${NAME}"')
    if value != value.encode("utf-8", "replace").decode():
        raise Refused("is not UTF-8 text", "write it in UTF-8")
    return Secret(value)


def _user(value: object) -> Secret | None:
    if isinstance(value, dict):
        if set(value) != {"password"}:
            remedy = "write {password_file: /run/secrets/name} or a password"
            raise Refused("holds something other than a password", remedy)
        value = value["password"]
    return _secret(value)


def _username(value: str) -> str:
    if not value or ":" in value or not value.isprintable():
        remedy = "HTTP Basic cannot carry it: leave out the colon"
        raise Refused("is not a user's name", remedy)
    return value


def _query(value: str, info: Info) -> str:
    """The text of a log query, as the parser that was handed in accepts it."""
    judge = (info.context or {}).get("query")
    if judge is not None:
        judge(value)
    return value


def report_method(value: str) -> str:
    known = {"AUTO": "auto", "POST": "POST", "GET": "GET"}
    if value.upper() not in known:
        raise Refused("is not a method of reporting", "use auto, POST or GET")
    return known[value.upper()]


def _webhook(value: object) -> object:
    """A sender that delivers: what we ask ourselves needs no credential here."""
    if value not in WEBHOOKS:
        *first, last = (f"'{sender}'" for sender in WEBHOOKS)
        remedy = f"use {', '.join(first)} or {last}"
        raise Refused("is not one of the values", remedy)
    return value


def _alternative(value: object) -> tuple[Matcher, ...]:
    if not isinstance(value, Mapping) or not value:
        remedy = "write {label: value}, or match: [] to take every alert"
        raise Refused("is not a mapping of labels to values", remedy)
    return tuple(_matcher(label, text) for label, text in value.items())


def _matcher(label: str, value: object) -> Matcher:
    if not label or not isinstance(value, str):
        remedy = 'write x, "=~expression", "!=x" or "!~expression"'
        raise Refused(f"has no text for the label {label}", remedy)
    op = next((op for op in ("=~", "!~", "!=") if value.startswith(op)), "=")
    wanted = value if op == "=" else value[2:]
    if op.endswith("~"):
        try:
            expression(wanted)
        except BadExpression as error:
            why = f"has an expression for {label} that cannot be used"
            raise Refused(why, str(error)) from None
    return Matcher(label=label, op=op, value=wanted)


Length = Annotated[timedelta, BeforeValidator(duration)]
Positive = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_positive)]
Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_slug)]
Header = Annotated[str, AfterValidator(_header)]
Username = Annotated[str, AfterValidator(_username)]
Query = Annotated[str, AfterValidator(_query)]
MaybeSecret = Annotated[Secret | None, BeforeValidator(_secret)]
Password = Annotated[Secret | None, BeforeValidator(_user)]
Alternative = Annotated[tuple[Matcher, ...], BeforeValidator(_alternative)]
Webhook = Annotated[Sender, BeforeValidator(_webhook)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
