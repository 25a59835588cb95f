"""`responder diff`: what a new configuration would decide, incident by incident."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta

from responder.cli.common import Usage, print_findings
from responder.cli.history import recorded_since
from responder.cli.replay_files import find
from responder.cli.replay_output import failure
from responder.config import load
from responder.config.checks import Purpose
from responder.config.document import Document, read
from responder.config.problem import ConfigError
from responder.config.settings import Settings, duration
from responder.logs.query import parse_logql
from responder.masking import Masker
from responder.replay.cassette import Cassette
from responder.replay.judge import WORST, Change, Compared, changes, compare, in_short
from responder.replay.play import play

NAME = "diff"
HELP = "what would be decided under a new configuration, and why it changed"
EXAMPLES = """examples:
  responder diff --from main.yaml --to responder.yaml cassettes/
  responder diff --from main.yaml --to responder.yaml --history 90d
  responder diff --from main.yaml --to responder.yaml cassettes/ --allow bad-jwt
Each incident is lived through under both; --history adds the incidents of the
storage that the new configuration names.
Each loss is one line on standard error that names its file and its alert.
Exit status: 0 nothing is lost, 1 an incident that was reported would be missed, or one
would no longer come out as its cassette expects (--allow NAME takes it), 2 wrong usage,
or a file or configuration that cannot be read."""
ALL = "all"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="CASSETTE", help="or directories")
    for name, what in (("from", "that runs today"), ("to", "to be judged")):
        parser.add_argument(
            f"--{name}",
            dest=f"{name}_file",
            required=True,
            metavar="FILE",
            help=f"the configuration {what}",
        )
    parser.add_argument(
        "--history",
        type=_length,
        metavar="TIME",
        help="also the incidents of so long in the storage, as 90d",
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help=f"take this cassette's loss (may be repeated; {ALL} takes every one)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, and say by the exit status whether something is lost."""
    old_document, old = _settings(arguments.from_file)
    document, new = _settings(arguments.to_file)
    cassettes = _cassettes(arguments, new)
    compared = [_compared(cassette, old, new) for _, cassette in cassettes]
    lost = [
        one
        for one in compared
        if one.change in WORST and not {ALL, one.name} & set(arguments.allow)
    ]
    told = list(changes(old, new))
    mask = Masker([*old.secrets(), *new.secrets()])
    if arguments.json:
        shas = {"from": old_document.sha, "to": document.sha}
        print(mask(json.dumps({**shas, "settings": told, **_json(compared, lost)})))
    else:
        print(mask(_text(told, compared, lost)))
    files = {cassette.name: file for file, cassette in cassettes}
    for one in lost:
        line = failure(files[one.name], one.new.alerts, f"{one.change}: {one.why}")
        print(mask(line), file=sys.stderr)
    return 1 if lost else 0


def _compared(cassette: Cassette, old: Settings, new: Settings) -> Compared:
    return compare(play(cassette, old), play(cassette, new))


def _settings(file: str) -> tuple[Document, Settings]:
    document = read(file, os.environ)
    loaded = load.load(document, purpose=Purpose.REPLAY, parse_query=parse_logql)
    print_findings(loaded, warn=False, file=file)
    if loaded.settings is None:
        raise Usage(f"{file}: is no configuration to compare")
    return document, loaded.settings


def _cassettes(
    arguments: argparse.Namespace, settings: Settings
) -> list[tuple[str, Cassette]]:
    if not arguments.files and arguments.history is None:
        raise Usage("name cassettes, or say --history 90d")
    found = find(arguments.files, settings.server.max_body)
    if found.bodies:
        name = found.bodies[0][0]
        raise Usage(f"{name}: is no cassette; responder record writes one")
    cassettes = list(found.cassettes)
    if arguments.history is not None:
        cassettes += recorded_since(settings, arguments.history)
    return cassettes


def _text(
    told: Sequence[str], compared: Sequence[Compared], lost: Sequence[Compared]
) -> str:
    lines = [f"setting {line}" for line in told] or ["no setting of a rule differs"]
    wide = max((len(one.name) for one in compared), default=0)
    for one in compared:
        lines.append(f"{one.name:<{wide}}  {one.change}")
        if one.change is not Change.SAME:
            lines += [f"  then: {in_short(one.old)}", f"  now:  {in_short(one.new)}"]
            lines.append(f"  why:  {one.why}")
    counts = dict.fromkeys(Change, 0)
    for one in compared:
        counts[one.change] += 1
    lines.append(", ".join(f"{n} {change}" for change, n in counts.items() if n))
    if lost:
        names = " ".join(f"--allow {one.name}" for one in lost)
        lines.append(f"lost: {len(lost)}; if that is meant: {names}")
    return "\n".join(lines)


def _json(
    compared: Sequence[Compared], lost: Sequence[Compared]
) -> dict[str, list[dict[str, object]]]:
    return {
        "cassettes": [
            {
                "name": one.name,
                "change": str(one.change),
                "then": in_short(one.old),
                "now": in_short(one.new),
                "why": one.why,
                "lost": one in lost,
            }
            for one in compared
        ]
    }


def _length(text: str) -> timedelta:
    try:
        return duration(text)
    except ConfigError as problem:
        told = f"{text!r} {problem}: {problem.remedy}"
        raise argparse.ArgumentTypeError(told) from None
