"""Cassettes as YAML text, in and out."""

import re
from typing import Any

import yaml
from pydantic import ValidationError

from responder.cassette.schema import Cassette

VERSION = 1
MAX_BYTES = 16 * 1024 * 1024


class BadCassette(ValueError):
    """A file that is no cassette: what is wrong, without a value of it."""


def is_cassette(text: str) -> bool:
    """Whether a file means to be a cassette, rather than a webhook body."""
    return re.search(r"^cassette\s*:", text, re.MULTILINE) is not None


def load(text: str) -> Cassette:
    """The cassette in a YAML text. Raises `BadCassette`, which repeats no value."""
    if len(text) > MAX_BYTES:
        raise BadCassette("the document is larger than 16 MiB")
    try:
        found = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadCassette(f"the document is no YAML{where}") from None
    if not isinstance(found, dict):
        raise BadCassette("the document is no mapping; begin with cassette: 1")
    if found.get("cassette") != VERSION:
        raise BadCassette(f"cassette: this version reads cassette: {VERSION} only")
    try:
        return Cassette.model_validate(found)
    except ValidationError as error:
        raise BadCassette("; ".join(_said(e) for e in error.errors()[:8])) from None


def _said(error: Any) -> str:
    path = ""
    for part in error["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[a-z_]{1,30}", part):
            path += f".{part}" if path else part
    return f"{path or 'cassette'}: {error['msg'].removeprefix('Value error, ')}"


class _Loader(yaml.SafeLoader):
    """Times stay texts: a body's `startsAt` must reach the sender as it was sent.

    No aliases either: they could make a small file huge.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not used in cassettes")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Row(list[Any]):
    """A list that is written in one line."""


# PyYAML writes these line breaks as they are and reads them as another or none.
_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Writes times in rows, rare line breaks escaped, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Row,
    lambda dumper, row: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", row, flow_style=True
    ),
)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(cassette: Cassette) -> str:
    """The YAML text that `load` reads as the same cassette."""
    found = cassette.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found = {"cassette": VERSION, "name": cassette.name, **found}
    for entry in found.get("lines", ()):
        entry["at"] = _Row(entry["at"])
    return yaml.dump(
        found, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
