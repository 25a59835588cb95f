"""A configuration as a plain tree: YAML, `${NAME}`, `_file`, and their origin."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as File

import yaml

from responder.config.problem import (
    STORAGE_URL,
    Path,
    Problem,
    is_secret,
    problem,
    twin_of,
)
from responder.config.settings import may_hide_password, passwords_in

MAX_BYTES = 1024 * 1024
_MAX_NODES = 50_000
_MAX_DEPTH = 32
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = {_TAG + t for t in ("null", "bool", "int", "float", "timestamp", "str")}
_SURROGATE = re.compile("[\ud800-\udfff]")  # YAML's escapes can write halves alone
_INDENT = "compare its indentation with the lines above"
_QUOTE = 'put values that hold ${...}, ": " or "#" in quotes'
_NAME_ONE = (
    "name a readable YAML file by --config or RESPONDER_CONFIG, or give the whole "
    "document in RESPONDER_CONFIG_YAML"
)

BUILT_IN = "built-in defaults"
Tree = dict[str, object]

DEFAULT_TEXT = """\
rules:
  - name: pizza-factory
    match:
      - {responder: jwt-pizza}
      - {alertname: "Order errors", severity: "=~critical|high"}
    checks:
      - name: report-link
        query: '{component="jwt-pizza-service"} |= "/api/support/" |= "/report/"'
        window: 10m
        threshold: 1
      - name: error-logs
        query: '{component="jwt-pizza-service", level="error"}'
        window: 5m
        threshold: 5
    traffic: >-
      {component="jwt-pizza-service"} |= `"method":"POST"` |= "menuId"
      |= `"statusCode":200` != "/api/support/"
    failed: >-
      {component="jwt-pizza-service", type="http"} |= `"path":"/api/order"`
      |= `"statusCode":500`
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The text as written (secrets unexpanded), its origin, and the environment."""

    text: str
    origin: str
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()
    """Why the text could not be had at all."""

    @property
    def sha(self) -> str:
        """First 12 hex digits of the SHA-256 of the text as written."""
        written = self.text.encode("utf-8", "surrogatepass")
        return hashlib.sha256(written).hexdigest()[:12]


def read(path: str | None, env: Mapping[str, str]) -> Document:
    """The file at `path`, else RESPONDER_CONFIG_YAML, RESPONDER_CONFIG, the defaults.

    A whole document is the more deliberate variable: a container's image may name a
    file by RESPONDER_CONFIG that nobody mounted. Empty variables count as unset.
    Never raises: a file that cannot be read is a problem of the document.
    """
    if path is not None:
        return _from_file(path, env)
    if text := env.get("RESPONDER_CONFIG_YAML"):
        return Document(text=text, origin="RESPONDER_CONFIG_YAML", env=env)
    if named := env.get("RESPONDER_CONFIG"):
        return _from_file(named, env)
    return Document(text=DEFAULT_TEXT, origin=BUILT_IN, env=env)


def _from_file(name: str, env: Mapping[str, str]) -> Document:
    if not name:
        found = problem((), "has an empty name", _NAME_ONE)
        return Document(text="", origin="--config", env=env, problems=(found,))
    try:
        with File(name).open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        found = problem((), f"cannot be read: {why}", _NAME_ONE, name)
        return Document(text="", origin=name, env=env, problems=(found,))
    return Document(text=text, origin=name, env=env)


def parse(document: Document) -> tuple[Tree, list[Problem]]:
    """The document as dicts, lists, texts and None. Problems quote nothing of it."""
    if document.problems:
        return {}, list(document.problems)
    if len(document.text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return {}, [problem((), "is larger than 1 MiB", "shorten it")]
    reading = _Reading()
    try:
        node = yaml.compose(document.text, Loader=yaml.SafeLoader)
        tree = reading.convert(node, ()) if node is not None else {}
    except yaml.YAMLError as error:
        return {}, [_bad_yaml(error)]
    except RecursionError:
        return {}, [_too_deep()]
    except ValueError:  # PyYAML's own, for an escape or a version out of range
        return {}, [problem((), "is not valid YAML", _QUOTE)]
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        found = problem((), "is not a mapping", "start with a key such as `rules:`")
        return {}, [*reading.problems, found]
    return tree, reading.problems


def _bad_yaml(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    # The library quotes what it stumbled over, which may be a secret.
    why = re.sub(r"'.*'", "'…'", str(getattr(error, "problem", "") or ""), flags=re.S)
    said = f"is not valid YAML{where}" + (f": {why}" if why else "")
    return problem((), said, _remedy(str(getattr(error, "problem", "") or "")))


def _remedy(why: str) -> str:
    if "\\t" in why:
        return "indent with spaces, never with a tab"
    if "block end" in why or "could not find expected" in why:
        return f"{_INDENT}, or {_QUOTE}"
    return _QUOTE


def _too_deep() -> Problem:
    return problem((), "is nested too deeply or repeats too much", "write it flatter")


class _Reading:
    """Turns nodes into a tree, counting, so that no alias can make it huge."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._seen = 0

    def convert(self, node: yaml.Node, path: Path) -> object:
        self._seen += 1
        if self._seen > _MAX_NODES or len(path) > _MAX_DEPTH:
            raise RecursionError
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(n, (*path, i)) for i, n in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> str | None:
        if node.tag == _TAG + "null":
            return None
        if node.tag not in _KNOWN_TAGS and node.value not in ("=", "<<"):
            self.problems.append(problem(path, "has a YAML tag", "remove the !tag"))
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Tree:
        own: Tree = {}
        merged: Tree = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or _SURROGATE.search(key.value):
                self._odd(path, key, "has a key that is no plain text")
            elif key.tag == _TAG + "merge":
                found = self.convert(value, (*path, "<<"))
                for part in reversed(found if isinstance(found, list) else [found]):
                    merged |= part if isinstance(part, dict) else {}
            elif key.value in own:
                self._odd((*path, key.value), key, "is given twice")
            else:
                own[key.value] = self.convert(value, (*path, key.value))
        return merged | own

    def _odd(self, path: Path, node: yaml.Node, message: str) -> None:
        line = node.start_mark.line + 1
        self.problems.append(problem(path, f"{message} (line {line})", "keep one"))


# `${NAME}`, `${NAME:-default}`, `$$`, and the `_file` twins of secrets.

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
class _Substituted:
    value: str
    missing: list[str]
    malformed: bool
    literal: bool


def expand(tree: Tree, env: Mapping[str, str]) -> Expanded:
    """Every text with its references replaced. Reads the files of `_file` twins."""
    walk = _Expansion(env)
    walk.found.tree = walk.mapping(tree, ())
    return walk.found


class _Expansion:
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

    def _text(self, value: str, path: Path) -> _Substituted:
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


def _replaced(value: str, env: Mapping[str, str]) -> _Substituted:
    text = _Substituted(
        value="", missing=[], malformed=False, literal="${" not in value
    )

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
