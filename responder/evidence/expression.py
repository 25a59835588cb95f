"""Regular expressions that mean the same to Loki (RE2) and to Python.

RE2's syntax: https://github.com/google/re2/wiki/Syntax
"""

import re
import warnings


class BadExpression(ValueError):
    """An expression that one of the two would refuse or read differently."""


_BACKSLASHED = {
    "p": "write the characters out, like [A-Za-z]",
    "P": "write the characters out, like [^A-Za-z]",
    "z": "write $ for the end of the text",
    "Z": "write $ for the end of the text",
    "Q": "put a backslash before each special character",
    "E": "put a backslash before each special character",
    "C": "write . for any character",
    "N": "write the character itself",
    "u": "write the character itself",
    "U": "write the character itself",
} | dict.fromkeys("123456789", "repeat the expression in place of a back reference")

_TOKEN = re.compile(
    r"(?P<hex>\\x\{)|\\(?P<escaped>.)|(?P<posix>\[:\^?\w+:\])"
    r"|(?P<group>\(\?(?:P?<?[=!>#(<\w-]?[\w-]*[:)=>]?))|(?P<repeat>[*+?}]\+)"
    r"|(?P<opened>\[\^?\]?)|(?P<closed>\])",
    re.DOTALL,
)
_SHARED_GROUP = re.compile(r"\(\?(?:P<\w+>|[ims]*(?:-[ims]+)?:)")
_FLAGS = re.compile(r"\(\?[ims]+\)")


def compile_shared(expression: str, flags: int = 0) -> re.Pattern[str]:
    """Compile what both understand; raise BadExpression with the remedy."""
    in_class = False
    for token in _TOKEN.finditer(expression):
        in_class = not token["closed"] and (in_class or bool(token["opened"]))
        remedy = _remedy(token, in_class)
        if remedy:
            raise BadExpression(
                f"the expression cannot be used at {token[0]!r}: {remedy}"
            )
    try:
        # "Possible nested set" is a warning about Python's future, not about RE2.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(expression, flags | re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadExpression(
            f"the expression is not valid ({error}); put a backslash before a "
            "character that is meant literally"
        ) from None


def _remedy(token: re.Match[str], in_class: bool) -> str:
    if token["escaped"]:
        return _BACKSLASHED.get(token["escaped"], "")
    if token["hex"]:
        return "write the character itself"
    if token["posix"]:
        return "write the characters out, like [0-9A-Za-z]"
    if in_class or token["closed"]:
        return ""
    if token["repeat"]:
        return "Loki has no possessive repetition; put a backslash before a literal +"
    return _group_remedy(token["group"], at_start=token.start() == 0)


def _group_remedy(group: str, at_start: bool) -> str:
    if _SHARED_GROUP.fullmatch(group):
        return ""
    if _FLAGS.fullmatch(group):
        return "" if at_start else "put flags at the start of the expression"
    return (
        "Loki knows no look-ahead, look-behind or conditions; "
        "use a second line filter, or (?:...) and (?P<name>...)"
    )
