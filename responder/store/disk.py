"""What kind of disk a database file lies on, and whether it keeps what it is given."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
_CONTAINER = "a container's own layer, gone with the container"
_RAM = "memory, gone with the machine"
_NETWORK = "a network disk, where SQLite's locks cannot be trusted"
_FORGETFUL = {
    **dict.fromkeys(("overlay", "aufs", "fuse.fuse-overlayfs"), _CONTAINER),
    **dict.fromkeys(("tmpfs", "ramfs", "devtmpfs"), _RAM),
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs"), _NETWORK),
    **dict.fromkeys(("ceph", "fuse.glusterfs", "fuse.sshfs", "virtiofs"), _NETWORK),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What is known of the storage's place before it is opened."""

    forgets: str = ""
    """What it lies on, if that does not keep it safe, with the kind's name."""
    history_expected: bool = False
    """No database is there, though one was served from this file before."""


def disk_of(file: Path | None, mounts: Path = MOUNTS) -> Disk:
    """The disk of a database file, as it is now; nothing is known of a server's.

    `mounts` is a table in the form of /proc/mounts; without one nothing is known.
    """
    if file is None:
        return Disk()
    kind = _kind(Path(os.path.realpath(file)), mounts)
    why = _FORGETFUL.get(kind)
    # Whoever serves a file leaves its lock beside it.
    served = Path(f"{file}.lock").exists()
    return Disk(
        forgets=f"{why} ({kind})" if why else "",
        history_expected=served and (not file.exists() or not file.stat().st_size),
    )


def _kind(file: Path, mounts: Path) -> str:
    """The file system of the deepest mount above the file; later ones lie on top."""
    best, kind = -1, ""
    try:
        table = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    for line in table.splitlines():
        _, point, found, *_ = [*line.split(" "), "", ""]
        place = Path(re.sub(r"\\([0-7]{3})", lambda o: chr(int(o[1], 8)), point))
        if file.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), found
    return kind
