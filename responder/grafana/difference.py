"""How what is there differs from what is wanted, without a secret. Pure."""

import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from responder.grafana.objects import REDACTED
from responder.masking import MASK

_SECRET = ("secret", "authorization_credentials", "password")


def contains(actual: object, wanted: object) -> bool:
    """Whether everything wanted is there; Grafana adds defaults of its own."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            key in actual and contains(actual[key], value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(contains(*pair) for pair in zip(actual, wanted, strict=True))
        )
    return actual == wanted


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The two as YAML against each other: a line each, with its sign and secrets
    masked."""
    found = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=2)
    lines = [line for line in list(found)[2:] if not line.startswith("@@")]
    return "".join(f"  {line}\n" for line in lines)


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether they differ in nothing but secrets, which nobody can read back."""
    return bool(masked(before) == masked(after))


def _lines(document: Mapping[str, Any]) -> list[str]:
    if not document:
        return []
    text = yaml.safe_dump(masked(document), allow_unicode=True, width=200)
    return text.splitlines()


def masked(document: Any) -> Any:
    """A copy whose secrets are `***`, also those that Grafana has hidden."""
    if isinstance(document, Mapping):
        return {
            key: MASK if key in _SECRET and value else masked(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [masked(one) for one in document]
    return MASK if document == REDACTED else document
