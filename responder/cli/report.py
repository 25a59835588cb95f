"""`responder report`: print an incident's report, or list what is blank in one."""

import argparse
import sys
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from responder.app import archive_of, operator_of
from responder.cli.common import Usage, add_config, settings_or_refuse
from responder.cli.service import ask, here, operator
from responder.config.checks import Purpose
from responder.config.settings import Settings
from responder.incident.report import blanks
from responder.store.database import BadStorage, DatabaseInUse
from responder.web.api import write_report

NAME = "report"
HELP = "write an incident's report as Markdown, or find what is left blank in one"
EXAMPLES = """examples:
  responder report 01k9a3v7q2m4x8zt --number 1 > incident-1.md
  responder report 01k9a3v7q2m4x8zt --server https://responder.example.net
  responder report --check incident-1.md
The id stands under each incident on the status page, and in its address. With
--server the operator is RESPONDER_USER with RESPONDER_PASSWORD, else of ~/.netrc.
Exit status: 0 written, or no blank left; 1 no such incident, or a blank is left."""


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("incident", nargs="?", metavar="ID", help="the incident's id")
    what.add_argument(
        "--check", metavar="FILE", help="name every line of FILE with a blank left"
    )
    parser.add_argument(
        "--number",
        type=_number,
        default=1,
        metavar="N",
        help="your own count, in the report's first line (default: 1)",
    )
    parser.add_argument(
        "--server",
        metavar="URL",
        help="ask this running service; else the configured storage is read, or the "
        "service that serves it on this machine is asked",
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the report; or name the blanks of a file."""
    if arguments.check:
        return _check(arguments.check)
    text = _text(arguments)
    sys.stdout.write(text)
    left = len(blanks(text))
    if left:
        many = "1 blank is" if left == 1 else f"{left} blanks are"
        print(f"{many} left to fill in", file=sys.stderr)
    return 0


def _check(name: str) -> int:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as problem:
        raise Usage(f"{name}: cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Usage(f"{name}: is no UTF-8 text") from None
    found = blanks(text)
    for blank in found:
        print(f"{name}:{blank.line}: {blank.hint or 'fill in'}")
    return 1 if found else 0


def _text(arguments: argparse.Namespace) -> str:
    incident, number = arguments.incident, arguments.number
    if arguments.server:
        return _fetched_report(arguments.server, incident, number, operator())
    settings = settings_or_refuse(arguments, Purpose.REPLAY)
    try:
        return _stored(settings, incident, number)
    except DatabaseInUse:
        # Our own service has it: it answers for its storage.
        return _fetched_report(here(settings), incident, number, operator_of(settings))
    except BadStorage as problem:
        raise Usage(str(problem), 1) from None


def _stored(settings: Settings, incident: str, number: int) -> str:
    url = make_url(settings.storage_url)
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and not Path(file).exists():
        raise Usage(f"{file} does not exist: name the storage by --config", 1)
    with archive_of(settings) as (archive, masker):
        text = write_report(archive, incident, number, masker)
    if text is None:
        raise Usage(f"there is no incident {incident!r}", 1)
    return text


def _fetched_report(
    server: str, incident: str, number: int, known: tuple[str, str] | None
) -> str:
    """The running service's report."""
    path = f"/incidents/{quote(incident, safe='')}/report.md"
    return ask(server, path, known, number=number)


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 9999:
        raise ValueError(text)
    return number
