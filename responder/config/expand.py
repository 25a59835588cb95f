"""`${NAME}`, `${NAME:-default}`, `$$`, and the `_file` twins of secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as File

from responder.config.database_url import may_hide_password, passwords_in
from responder.config.document import Tree
from responder.config.problem import (
    STORAGE_URL,
    Path,
    Problem,
    is_secret,
    problem,
    twin_of,
)

_REFERENCE = re.compile(r"\$\$|\$\{(?P<body>[^}]*)(?P<end>\}?)")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.S)
_LONGEST_FILE = 64 * 1024


@dataclass(slots=True)
class Expanded:
    """The tree with every reference replaced; an unset secret is None in it."""

    tree: Tree = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    blamed: set[Path] = field(default_factory=set)
    """Where a problem is already told, so that its empty value is not blamed too."""
    unset: dict[Path, str] = field(default_factory=dict)
    """Secrets that were asked for and are not there: what is missing, by path."""
    literal: list[Path] = field(default_factory=list)
    """Secrets that stand in the document itself."""
    secrets: list[str] = field(default_factory=list, repr=False)
    places: dict[str, Path] = field(default_factory=dict, repr=False)
    """Where each secret by itself is asked for."""


@dataclass(slots=True)
class _Text:
    value: str
    missing: list[str]
    malformed: bool
    literal: bool


def expand(tree: Tree, env: Mapping[str, str]) -> Expanded:
    """Every text with its references replaced. Reads the files of `_file` twins."""
    walk = _Walk(env)
    walk.found.tree = walk.mapping(tree, ())
    return walk.found


class _Walk:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.found = Expanded()

    def mapping(self, raw: Tree, path: Path) -> Tree:
        out: Tree = {}
        for key, value in raw.items():
            here = (*path, key)
            plain = twin_of(here)
            if plain is None:
                out[key] = self._any(value, here)
            elif plain[-1] in raw:
                beside = f"is given beside {plain[-1]}"
                self._blame(here, problem(here, beside, "keep one of the two"))
            else:
                out[str(plain[-1])] = self._from_file(value, here, plain)
        return out

    def _any(self, value: object, path: Path) -> object:
        if isinstance(value, dict):
            return self.mapping(value, path)
        if isinstance(value, list):
            return [self._any(item, (*path, i)) for i, item in enumerate(value)]
        secret = is_secret(path)
        if value is None and secret:
            self.found.unset[path] = "nothing is written there"
        if not isinstance(value, str):
            return value
        if path == STORAGE_URL:
            return self._storage(value, path)
        return self._secret(value, path) if secret else self._plain(value, path)

    def _storage(self, value: str, path: Path) -> str | None:
        """An address that is a secret exactly when it holds a password."""
        if not may_hide_password(value):
            return self._plain(value, path)
        text = self._text(value, path)
        if text.missing:
            self.found.unset[path] = " and ".join(text.missing) + " not set"
            return None
        inside = passwords_in(text.value)
        bare = any("${" not in password for password in passwords_in(value))
        if inside and (text.literal or bare):
            self.found.literal.append(path)
        if inside:
            self.found.secrets += [text.value, *inside]
            self.found.places.update(dict.fromkeys(inside, path))
        return text.value

    def _plain(self, value: str, path: Path) -> str:
        text = self._text(value, path)
        for name in text.missing:
            remedy = f"set {name} or write ${{{name}:-default}}"
            told = problem(path, f"${{{name}}} is not set", remedy, value)
            self._blame(path, told)
        return text.value

    def _secret(self, value: str, path: Path) -> str | None:
        text = self._text(value, path)
        plain = text.value.rstrip("\r\n")
        if text.missing or (value and not plain):
            names = text.missing or re.findall(r"\$\{(\w+)", value) or ["its value"]
            self.found.unset[path] = " and ".join(names) + " not set"
            return None
        if text.literal and plain:
            self.found.literal.append(path)
        self.found.secrets.append(plain)
        self.found.places[plain] = path
        return plain

    def _text(self, value: str, path: Path) -> _Text:
        text = _replaced(value, self._env)
        if text.malformed:
            remedy = "write ${NAME} or ${NAME:-default}, and $$ for a plain $"
            self._blame(path, problem(path, "holds a broken ${...}", remedy, value))
        return text

    def _from_file(self, value: object, here: Path, plain: Path) -> object:
        if not isinstance(value, str) or not value:
            self._blame(here, problem(here, "is not a file's path", "name one file"))
            return None
        several = plain[-1] == "secrets"
        name = self._text(value, here)
        if name.missing:
            self.found.unset[plain] = " and ".join(name.missing) + " not set"
            return [None] if several else None
        content = _content(name.value)
        lines = [line.strip() for line in content.splitlines() if line.strip()]
        if not lines:
            self.found.unset[plain] = f"no secret could be read from {here[-1]}"
            return [None] if several else None
        self.found.secrets += [content.rstrip("\r\n"), *lines]
        self.found.places.update(dict.fromkeys(lines, here))
        if plain == STORAGE_URL:
            inside = passwords_in(content.strip())
            self.found.secrets += inside
            self.found.places.update(dict.fromkeys(inside, here))
        return lines if several else content.rstrip("\r\n")

    def _blame(self, path: Path, told: Problem) -> None:
        self.found.problems.append(told)
        self.found.blamed.add(path)


def _content(name: str) -> str:
    """What a secret's file holds; "" where it cannot be read."""
    try:
        with File(name).open("rb") as file:
            return file.read(_LONGEST_FILE).decode()
    except (OSError, ValueError):
        return ""


def _replaced(value: str, env: Mapping[str, str]) -> _Text:
    text = _Text(value="", missing=[], malformed=False, literal="${" not in value)

    def one(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        body = _BODY.fullmatch(found["body"])
        if body is None or not found["end"]:
            text.malformed = True
            return ""
        default: str | None = body["default"]
        if default:  # a default is written in the document for all to read
            text.literal = True
        if default is not None:
            return env.get(body["name"]) or default
        if body["name"] not in env:
            text.missing.append(body["name"])
        return env.get(body["name"], "")

    text.value = _REFERENCE.sub(one, value)
    return text
