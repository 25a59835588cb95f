"""Grafana's look-alike tokens, told apart by what they begin with.

A leaf without imports of ours: log sources and Grafana's own API are each given the
other's token by mistake.
https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from enum import StrEnum

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
