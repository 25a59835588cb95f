"""Create files that only their owner may read, whatever the umask."""

from contextlib import suppress
from pathlib import Path


def keep_private(path: Path, mode: int = 0o600) -> None:
    """Take from others what they may do with it, if it is there and ours."""
    with suppress(FileNotFoundError, PermissionError):
        if path.stat().st_mode & 0o777 & ~mode:
            path.chmod(mode)


def make_private_folder(folder: Path) -> None:
    """Make it, and the folders above it that are missing, for their owner alone."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
