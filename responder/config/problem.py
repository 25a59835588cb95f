"""What is wrong with a configuration: one line each, and never a secret in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from responder.masking import MASK, Masker

Path = tuple[str | int, ...]

_ANY = None
_SECRETS: tuple[tuple[str | None, ...], ...] = (
    ("server", "bearer"),
    ("webhook_auth", _ANY, "bearer"),
    ("webhook_auth", _ANY, "basic", "password"),
    ("webhook_auth", _ANY, "hmac", "secrets", _ANY),
    ("operator_auth", "users", _ANY),
    ("operator_auth", "users", _ANY, "password"),
    ("logs", "password"),
    ("logs", "bearer"),
    ("factory", "api_key"),
    ("factory", "report_url"),
    ("grafana", "token"),
    ("irm", "token"),
    ("notify", "webhook_url"),
    ("notify", "bearer"),
)
STORAGE_URL: Path = ("storage", "url")
"""A secret only where it holds a password, but always with a `_file` twin."""
_LONGEST = 60


class ConfigError(ValueError):
    """A value that a field does not take, with what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to fix. `value` is `***` for secrets and "" where there is none."""

    path: str
    value: str
    message: str
    remedy: str
    rule: str = ""
    """The name of the rule that it is in, "" for one outside of `rules`."""

    def __str__(self) -> str:
        got = f" (got {self.value})" if self.value else ""
        return f"{self.path}: {self.message}{got}; {self.remedy}"

    def masked(self, mask: Masker) -> "Problem":
        return replace(
            self,
            path=mask(self.path),
            value=mask(self.value),
            message=mask(self.message),
            remedy=mask(self.remedy),
            rule=mask(self.rule),
        )


def problem(path: Path, message: str, remedy: str, value: object = None) -> Problem:
    """A problem at `path`; the value is masked or shortened as its place demands."""
    return Problem(
        path=written(path),
        value=shown(path, value),
        message=one_line(message, 200),
        remedy=one_line(remedy, 400),
    )


def written(path: Path) -> str:
    """`("rules", 0, "checks", 1, "window")` as `rules[0].checks[1].window`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if re.fullmatch(r"[\w-]{1,60}", part) else one_line(repr(part))
            text += f".{key}" if text else key
    return text or "the document"


def shown(path: Path, value: object) -> str:
    """A value fit to print: containers by kind, secrets masked, the rest shortened."""
    match value:
        case None:
            return ""
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _ if near_secret(path):
            return MASK
    bare = re.sub(r"//.*@", f"//{MASK}@", str(value), flags=re.DOTALL)
    return one_line(re.sub(r"(password=)[^&]*", rf"\1{MASK}", bare)) or '""'


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Without line breaks, control characters and lone surrogates; shortened."""
    spaced = " ".join(text.split())
    printable = "".join(c if c.isprintable() else "?" for c in spaced)
    return printable if len(printable) <= longest else printable[: longest - 1] + "…"


def is_secret(path: Path) -> bool:
    """Whether the value at this path is a secret."""
    return any(len(s) == len(path) and _agree(s, path) for s in _SECRETS)


def near_secret(path: Path) -> bool:
    """Whether a text here may be a secret, also one written at the wrong depth."""
    return any(_agree(s, path) for s in _SECRETS)


def twin_of(path: Path) -> Path | None:
    """The secret that a `..._file` key stands for, None for any other key."""
    last = path[-1]
    if not isinstance(last, str) or not last.endswith("_file"):
        return None
    plain = (*path[:-1], last.removesuffix("_file"))
    if plain[:2] == ("operator_auth", "users") and len(plain) == 3:
        return None  # a person whose name ends in _file
    secret = is_secret(plain) or is_secret((*plain, 0))
    return plain if secret or plain == STORAGE_URL else None


def masked(problems: Iterable[Problem], secrets: Iterable[str]) -> tuple[Problem, ...]:
    """The problems once each, in order, without any secret or report path."""
    mask = Masker(secrets)
    return tuple(dict.fromkeys(p.masked(mask) for p in problems))


def _agree(pattern: tuple[str | None, ...], path: Path) -> bool:
    pairs = zip(pattern, path, strict=False)
    return bool(path) and all(want is _ANY or want == got for want, got in pairs)
