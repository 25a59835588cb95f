"""`responder backup`: a copy of the storage, taken while the service runs."""

import argparse
from pathlib import Path

from responder.cli.common import Usage, add_config, settings_or_refuse
from responder.config.checks import Purpose
from responder.store.backup import BackupFailed, back_up

NAME = "backup"
HELP = "copy the SQLite storage to a file, also while the service runs"
EXAMPLES = """examples:
  responder backup backups/responder-monday.db
  responder backup --config responder.yaml /var/backups/responder.db
The copy is one state of everything that was committed, and is itself a storage.url.
To put it back: responder restore FILE. Deliveries that wait in the spool are not in it.
Exit status: 0 copied, 1 there is no copy."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the copy; it must not exist yet")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Copy, and say how large it is."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
    file, copy = settings.storage_file(), Path(arguments.file)
    if file is None:
        raise Usage(
            "storage.url names a server, which has a tool of its own: run "
            "pg_dump --format=custom --file=FILE with the address of storage.url",
            1,
        )
    try:
        back_up(file, copy)
    except BackupFailed as problem:
        raise Usage(str(problem), 1) from None
    print(f"{copy}: {copy.stat().st_size} bytes, one committed state of {file}")
    return 0
