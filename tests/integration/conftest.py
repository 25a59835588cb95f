"""What the tests of the command line share."""

import os
from pathlib import Path

import pytest

from tests.commands import Typist


@pytest.fixture
def type_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Typist:
    """Types commands in an empty folder, with no configuration in the environment."""
    for name in [name for name in os.environ if name.startswith("RESPONDER")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return Typist(capsys)
