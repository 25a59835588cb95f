"""Files to replay: cassettes and webhook bodies, told apart, directories opened."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from responder.cassette.files import MAX_BYTES, BadCassette, is_cassette, load
from responder.cassette.schema import Cassette
from responder.cli.bare import read
from responder.cli.configured import Usage

KINDS = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Found:
    """What the arguments name, in their order."""

    cassettes: list[tuple[str, Cassette]] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)


def add_files(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=what)


def find(names: list[str], most: int) -> Found:
    """Read every file; a directory stands for the .json and .yaml files in it.

    `most` is the size of the largest body. Raises Usage (status 2) for what cannot be
    read, and for a cassette that is none.
    """
    if names.count("-") > 1:
        raise Usage("-: stdin can be read only once")
    found = Found()
    for name in [file for given in names for file in _opened(given)]:
        raw = read(name, max(most, MAX_BYTES))
        text = raw.decode("utf-8", "replace")
        if not is_cassette(text):
            found.bodies.append((name, raw))
            continue
        try:
            found.cassettes.append((name, load(text)))
        except BadCassette as problem:
            raise Usage(f"{name}: {problem}") from None
    return found


def _opened(name: str) -> Iterator[str]:
    folder = Path(name)
    if name == "-" or not folder.is_dir():
        yield name
        return
    inside = sorted(p for p in folder.iterdir() if p.suffix in KINDS and p.is_file())
    if not inside:
        listed = ", ".join(KINDS)
        raise Usage(f"{name}: is a directory without any {listed} file")
    yield from map(str, inside)
