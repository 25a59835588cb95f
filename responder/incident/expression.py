"""Expressions that people configure, in RE2's syntax as in Grafana, Alertmanager, Loki.

RE2 does not backtrack: no text keeps an expression busy for longer than its length.
Its syntax: https://github.com/google/re2/wiki/Syntax
"""

from functools import lru_cache
from typing import Any

import re2


class BadExpression(ValueError):
    """An expression that RE2 refuses: why, and what to write instead."""


class Expression:
    """One compiled expression. Raises `BadExpression` when made of a bad one.

    `dot_all`: the dot matches a line's end too.
    """

    def __init__(self, pattern: str, *, dot_all: bool = False) -> None:
        options = re2.Options()
        options.log_errors = False
        options.dot_nl = dot_all
        try:
            self._compiled: Any = re2.compile(_bytes(pattern), options)
        except re2.error as error:
            (why,) = error.args
            told = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
            raise BadExpression(f"{told}; {_remedy(told)}") from None

    def whole(self, text: str) -> bool:
        """Whether it matches the whole text."""
        return self._compiled.fullmatch(_bytes(text)) is not None

    def within(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return self._compiled.search(_bytes(text)) is not None


@lru_cache(maxsize=1000)
def expression(pattern: str) -> Expression:
    """The compiled expression, made once. Raises `BadExpression`."""
    return Expression(pattern)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _remedy(why: str) -> str:
    if why.startswith("invalid perl operator"):
        return (
            "there is no look-ahead or look-behind: use a second condition, with !~ "
            "for what must not be there"
        )
    if why.startswith("bad repetition operator"):
        return "there is no possessive repetition: put a backslash before a literal +"
    if why.startswith("invalid escape sequence"):
        return (
            "repeat the expression in place of a back reference, and write a "
            "character itself in place of \\u and the like"
        )
    return "put a backslash before a character that is meant literally"
