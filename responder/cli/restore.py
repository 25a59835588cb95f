"""`responder restore`: a copy of the storage, put back while the service is stopped."""

import argparse
from pathlib import Path

from responder.cli.common import Usage, add_config, settings_or_refuse
from responder.clock import SystemClock
from responder.config.checks import Purpose
from responder.store.backup import RestoreFailed, restore

NAME = "restore"
HELP = "put a copy in the place of the SQLite storage, while the service is stopped"
EXAMPLES = """examples:
  responder restore backups/responder-monday.db
  responder restore --config responder.yaml /var/backups/responder.db
The service must not run. The copy is checked first; what it replaces is kept beside it
as FILE.replaced-TIME, and can be restored in the same way. Calls to the factory that
were made after the copy was taken are not counted, and spent links are not known.
Deliveries that wait in the spool are taken in at the next start.
Exit status: 0 restored, 1 nothing was changed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a copy, as of responder backup")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Restore, and say where the replaced file is."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
    file, copy = settings.storage_file(), Path(arguments.file)
    if file is None:
        raise Usage(
            "storage.url names a server, which has a tool of its own: run "
            "pg_restore --clean --dbname=ADDRESS FILE",
            1,
        )
    try:
        kept = restore(copy, file, SystemClock().now())
    except RestoreFailed as problem:
        raise Usage(str(problem), 1) from None
    print(f"{file}: {file.stat().st_size} bytes, restored from {copy}")
    if kept is not None:
        print(f"{kept}: what was there before")
    return 0
