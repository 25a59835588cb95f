"""The part of LogQL that Responder understands: selectors, filters, their strings."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from responder.incident.rule import BadExpression, Expression


class BadQuery(ValueError):
    """A query that cannot be used. `position` counts characters from 1."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"at character {position}: {problem}")
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMatcher:
    """One label condition; `op` is `=`, `!=`, `=~` or `!~`. A missing label is "".

    Expressions are anchored at both ends, as Loki does.
    """

    label: str
    op: str
    value: str
    pattern: Expression | None = field(default=None, repr=False, compare=False)

    def holds(self, labels: Mapping[str, str]) -> bool:
        actual = labels.get(self.label, "")
        if self.pattern is not None:
            same = self.pattern.whole(actual)
        else:
            same = actual == self.value
        return same is self.op.startswith("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """One condition on a line's text; `op` is `|=`, `!=`, `|~` or `!~`.

    Several `values` are alternatives (`|= "a" or "b"`); expressions match anywhere.
    """

    op: str
    values: tuple[str, ...]
    patterns: tuple[Expression, ...] = field(default=(), repr=False, compare=False)

    def holds(self, text: str) -> bool:
        if self.patterns:
            found = any(pattern.within(text) for pattern in self.patterns)
        else:
            found = any(value in text for value in self.values)
        return found is self.op.startswith("|")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """A log query, understood as far as `rest`, which only Loki can evaluate."""

    matchers: tuple[LabelMatcher, ...]
    filters: tuple[LineFilter, ...] = ()
    rest: str = ""

    def matches_labels(self, labels: Mapping[str, str]) -> bool:
        return all(matcher.holds(labels) for matcher in self.matchers)

    def matches_line(self, text: str) -> bool:
        """Whether the line passes every line filter; `rest` is not looked at."""
        return all(line_filter.holds(text) for line_filter in self.filters)


def parse_logql(query: str) -> LogQuery:
    """Understand a log query; raise BadQuery with the place and the remedy."""
    text = _Reader(query)
    matchers = _selector(text)
    filters = _filters(text)
    rest = text.rest()
    if rest and not rest.startswith("|"):
        raise text.refused(
            "only line filters and `|` stages may follow the selector; leave out "
            "ranges such as [5m], the window of the check sets them"
        )
    return LogQuery(matchers=matchers, filters=filters, rest=rest)


_SPACE = re.compile(r"(?:\s|#[^\n]*(?:\n|$))*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL_OP = re.compile(r"=~|!~|!=|=")
_LINE_OP = re.compile(r"\|=|\|~|!=|!~")
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`')
_OR = re.compile(r"or\b")
_ESCAPE = re.compile(
    rb'\\(?:([abfnrtv\\"])|x([0-9A-Fa-f]{2})|([0-7]{3})'
    rb"|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.?))",
    re.DOTALL,
)
_SHORT = dict(zip(b'abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))


class _Reader:
    """A query and how far it has been read."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0

    def take(self, token: re.Pattern[str]) -> re.Match[str] | None:
        """The token if it comes next, past white space and comments."""
        self._at = self._after_space()
        found = token.match(self._query, self._at)
        if found:
            self._at = found.end()
        return found

    def take_sign(self, sign: str) -> bool:
        return self.take(re.compile(re.escape(sign))) is not None

    def string(self, where: str) -> str:
        """The quoted text that must come next."""
        found = self.take(_QUOTED)
        if found is None:
            raise self.refused(
                f'{where} needs a text in "double quotes" or `backticks`'
            )
        if found[2] is not None:
            return found[2]
        try:
            return _unescaped(found[1])
        except ValueError as reason:
            self._at = found.start()
            raise self.refused(str(reason)) from None

    def back_to(self, at: int) -> None:
        self._at = at

    @property
    def at(self) -> int:
        return self._at

    def rest(self) -> str:
        self._at = self._after_space()
        return self._query[self._at :].strip()

    def refused(self, problem: str) -> BadQuery:
        return BadQuery(self._after_space() + 1, problem)

    def _after_space(self) -> int:
        found = _SPACE.match(self._query, self._at)
        return found.end() if found else self._at


def _selector(text: _Reader) -> tuple[LabelMatcher, ...]:
    if not text.take_sign("{"):
        raise text.refused(
            'a log query starts with a stream selector, like {component="name"}; '
            "metric queries such as sum(count_over_time(...)) are not for checks"
        )
    start = text.at
    if text.take_sign("}"):
        raise text.refused('the selector is empty; name a label: {component="name"}')
    matchers = [_matcher(text)]
    while not text.take_sign("}"):
        if not text.take_sign(","):
            raise text.refused("expected `,` or `}` after a label condition")
        matchers.append(_matcher(text))
    if all(matcher.holds({}) for matcher in matchers):
        text.back_to(start)
        raise text.refused(
            "every condition also holds for a label that is absent, which Loki "
            'refuses; add one that does not, like component="name"'
        )
    return tuple(matchers)


def _matcher(text: _Reader) -> LabelMatcher:
    label = text.take(_LABEL)
    if label is None:
        raise text.refused("expected a label name, like component")
    op = text.take(_LABEL_OP)
    if op is None:
        raise text.refused(f"expected =, !=, =~ or !~ after {label[0]}")
    start = text.at
    value = text.string(f"{label[0]}{op[0]}")
    pattern = _pattern(text, start, value, dot_all=True) if "~" in op[0] else None
    return LabelMatcher(label=label[0], op=op[0], value=value, pattern=pattern)


def _filters(text: _Reader) -> tuple[LineFilter, ...]:
    filters: list[LineFilter] = []
    while op := text.take(_LINE_OP):
        # `|= ip("...")` compares addresses: Loki can, the text before it still counts.
        if op[0] in ("|=", "!=") and text.take(re.compile(r"ip\s*\(")):
            text.back_to(op.start())
            break
        filters.append(_line_filter(text, op[0]))
    return tuple(filters)


def _line_filter(text: _Reader, op: str) -> LineFilter:
    values, patterns = [], []
    while True:
        start = text.at
        values.append(text.string(op))
        if "~" in op:
            patterns.append(_pattern(text, start, values[-1]))
        if not text.take(_OR):
            return LineFilter(op=op, values=tuple(values), patterns=tuple(patterns))


def _pattern(
    text: _Reader, start: int, value: str, *, dot_all: bool = False
) -> Expression:
    try:
        return Expression(value, dot_all=dot_all)
    except BadExpression as reason:
        text.back_to(start)
        raise text.refused(f"the expression cannot be used: {reason}") from None


def _unescaped(quoted: str) -> str:
    """The text of a Go string literal; raises ValueError with the remedy."""
    try:
        return _ESCAPE.sub(_meant, quoted.encode()).decode()
    except UnicodeError:
        raise ValueError("the quoted text is no valid UTF-8") from None


def _meant(escape: re.Match[bytes]) -> bytes:
    short, byte, octal, small, big, unknown = escape.groups()
    if unknown is not None:
        shown = unknown.decode("ascii", "replace")
        raise ValueError(
            f"\\{shown} is no escape in double quotes; write \\\\{shown} "
            "or put the text in `backticks`"
        )
    if short:
        return bytes([_SHORT[short[0]]])
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8) & 0xFF])
    return chr(min(int(small or big, 16), 0x10FFFF)).encode()


# Grafana's look-alike tokens, distinguished by their prefixes.
#
# A leaf without imports of ours: log sources and Grafana's own API are each given the
# other's token by mistake.
# https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/

_PLAIN = re.compile(r"[\w .-]{1,60}")


class TokenKind(StrEnum):
    """What a token is, as people read it."""

    SERVICE_ACCOUNT = "a Grafana service account's token (glsa_)"
    ACCESS_POLICY = "a token of a Cloud access policy (glc_)"
    OTHER = "no token of Grafana's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The kind of a token, and the name that people gave it where it says so."""

    kind: TokenKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} named {self.name!r}" if self.name else str(self.kind)


def told_apart(text: str) -> Token:
    """What this token is. Of an `id:token`, as pushers write it, the token counts."""
    token = text.strip().rpartition(":")[2]
    if token.startswith("glsa_"):
        return Token(kind=TokenKind.SERVICE_ACCOUNT)
    if token.startswith("glc_"):
        return Token(kind=TokenKind.ACCESS_POLICY, name=_name(token[4:]))
    return Token(kind=TokenKind.OTHER)


def _name(encoded: str) -> str:
    """The name within a `glc_` token: base64 of JSON with o, n, k and m."""
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        found = json.loads(base64.b64decode(padded, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return ""
    name = found.get("n") if isinstance(found, dict) else None
    return name if isinstance(name, str) and _PLAIN.fullmatch(name) else ""
