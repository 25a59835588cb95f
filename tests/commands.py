"""Typing commands in tests: in this process, or in one of its own."""

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from responder.cli import main


@dataclass(frozen=True, slots=True)
class Said:
    """What a command wrote, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error that are no warnings."""
        lines = self.err.splitlines()
        return [line for line in lines if not line.startswith("warning: ")]


class Typist:
    """Types commands into `main()` with an environment that names no configuration."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *typed: str | Path) -> Said:
        status: object
        try:
            status = main([str(word) for word in typed])
        except SystemExit as parsed:
            status = parsed.code
        written = self._capsys.readouterr()
        assert isinstance(status, int)
        return Said(status, written.out, written.err)


# Below the ports that the system hands out by itself, and for each process others, so
# that what is free now is still free when the command listens there.
_ports = itertools.count(10_000 + os.getpid() % 200 * 100)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    for port in _ports:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("unreachable")


def clean(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without what configures Responder, and with `environment`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RESPONDER")}
    kept.pop("PORT", None)
    return {**kept, **(environment or {})}


def spawn(
    *typed: str | Path, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """The command as a process of its own, started in `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "responder", *map(str, typed)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=clean({"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)})
        | dict(environment or {}),
    )


def ended(process: subprocess.Popen[str]) -> Said:
    """What it said since it was last read from, once it has ended by itself."""
    assert process.stdout is not None
    assert process.stderr is not None
    # `communicate` would pass over what the streams have read ahead.
    out, err = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    return Said(process.wait(timeout=60), out, err)
