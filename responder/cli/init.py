"""`responder init`: a configuration of your own, out of six answers."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from responder.cli import drafted
from responder.cli.configured import Usage, print_findings
from responder.config import load
from responder.config.load import Document, Purpose
from responder.config.problem import Refused
from responder.config.settings import Settings
from responder.evidence import selector
from responder.grafana import paste
from responder.grafana.objects import Seen
from responder.grafana.ours import Matter
from responder.grafana.wanted import wakes
from responder.senders import samples

NAME = "init"
HELP = "ask six questions, write responder.yaml, say what to paste into Grafana"
EXAMPLES = """examples:
  responder init
  responder init --public-url https://responder.example.net \\
    --loki-url https://logs-prod-000.grafana.net --loki-user 123456 \\
    --component jwt-pizza-service --grafana-url https://name.grafana.net --mode shadow
  responder init --yes          takes the default of every question
It writes responder.yaml, which `responder check` accepts, and responder.env beside it
with fresh secrets, readable by you alone. What exists is never overwritten, unless
--force is given; responder.env never is.
Exit status: 0 written, 1 not written, 2 wrong usage, or an unusable answer."""

_QUESTIONS = (
    ("public_url", "Where is Responder reached", "https://responder.example.net"),
    ("loki_url", "Loki's address (its push address will do; - for none)", "-"),
    ("loki_user", "Loki's user (a number on Grafana Cloud; - for none)", "-"),
    ("component", "Your service's name in the logs", "jwt-pizza-service"),
    ("grafana_url", "Grafana's address (- for none)", "-"),
    ("mode", "Act (auto), announce first (veto), or only tell (shadow)", "shadow"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, question, default in _QUESTIONS:
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="TEXT",
            help=f"{question} (default: {default})",
        )
    parser.add_argument(
        "--output",
        metavar="FILE",
        default="responder.yaml",
        help="where to write (default: responder.yaml)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    parser.add_argument(
        "--yes", action="store_true", help="ask nothing: the default where no flag is"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask, write both files, and say how to go on."""
    target = Path(arguments.output)
    if target.exists() and not arguments.force:
        remedy = "--force overwrites it, --output names another"
        raise Usage(f"{target} exists: {remedy}", 1)
    answers = drafted.Answers(
        **{name: _answer(arguments, name, *rest) for name, *rest in _QUESTIONS}
    )
    text = drafted.configuration(answers)
    secrets = target.with_suffix(".env")
    kept = secrets.exists()
    written = secrets.read_text("utf-8") if kept else drafted.environment(answers)
    settings = _judged(text, str(target), _variables(written))
    try:
        if not kept:
            _write_private(secrets, written)
        target.write_text(text, "utf-8")
    except OSError as problem:
        told = f"cannot write {problem.filename}: {problem.strerror}"
        raise Usage(told, 1) from None
    asked = _variables(drafted.environment(answers))
    lines = [_written(target, secrets, kept=kept)]
    lines += [*_to_add(secrets, asked, _variables(written)), ""]
    print("\n".join([*lines, *_go_on(target, secrets, settings, _variables(written))]))
    return 0


def _answer(
    arguments: argparse.Namespace, name: str, question: str, default: str
) -> str:
    given = getattr(arguments, name)
    if given is None and arguments.yes:
        given = default
    while True:
        text = _asked(question, default) if given is None else given
        try:
            return drafted.judged(name, "" if text == "-" else text)
        except Refused as refused:
            # An address may hold a password.
            got = "" if "@" in text else f" (got {text[:60]})"
            told = f"{question}: {refused}{got}; {refused.remedy}"
            if given is not None or not sys.stdin.isatty():
                raise Usage(told) from None
            print(told, file=sys.stderr)


def _asked(question: str, default: str) -> str:
    print(f"{question} [{default}]: ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise Usage("no answer came: give flags, or --yes for the defaults")
    return line.strip() or default


def _variables(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if line[:1] != "#")
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _judged(text: str, origin: str, env: Mapping[str, str]) -> Settings:
    document = Document(text=text, origin=origin, env=env)
    loaded = load.load(document, purpose=Purpose.CHECK, parse_query=selector.parse)
    if loaded.settings is None:
        print_findings(loaded, warn=False)
        raise Usage("these answers do not go together; nothing was written", 1)
    return loaded.settings


def _write_private(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _written(target: Path, secrets: Path, *, kept: bool) -> str:
    if kept:
        return f"Wrote {target}. {secrets} was there already, and is as it was."
    return f"Wrote {target} and {secrets}."


def _to_add(
    secrets: Path, asked: Mapping[str, str], there: Mapping[str, str]
) -> list[str]:
    """What the new document names and the secrets of before do not have."""
    lacking = [name for name in asked if name not in there]
    if not lacking:
        return []
    drawn = [name for name in lacking if asked[name]]
    how = f" (`openssl rand -hex 32` makes {' and '.join(drawn)})" if drawn else ""
    return [f"Add to {secrets}, a NAME=value a line: {', '.join(lacking)}{how}."]


def _go_on(
    target: Path, secrets: Path, settings: Settings, env: Mapping[str, str]
) -> list[str]:
    matter, lines = Matter(seen=Seen(url=""), settings=settings), []
    if matter.credential:
        by_command = " (or let `responder connect --apply` do it)"
        lines += [f"Paste into Grafana{by_command if settings.grafana else ''}:", ""]
        lines += paste.contact_point(matter.url, matter.credential)
        lines += ["", *paste.alert_rules(wakes(settings.rules, samples.labels_for)), ""]
    empty = [name for name, value in env.items() if not value]
    if empty:
        lines.append(f"Still empty in {secrets}: {', '.join(empty)}. Then:")
    lines += [
        f"  set -a; . ./{secrets}; set +a       your secrets, for this shell"
        if not secrets.is_absolute()
        else f"  set -a; . {secrets}; set +a",
        f"  responder check --config {target}",
        f"  responder serve --config {target}",
        "and beside it, in a shell with the same secrets:",
    ]
    if settings.grafana:
        lines.append(f"  responder connect --config {target} --apply")
    return [*lines, f"  responder doctor --config {target}"]
