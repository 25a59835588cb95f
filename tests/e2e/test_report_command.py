"""`responder report`: from a stored incident to a file that somebody commits."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from responder.app import build
from responder.cli.main import main
from responder.config.settings import LokiLogs, Secret, Settings
from responder.incident.report import HEADINGS
from responder.server import HttpServer
from tests.e2e.service import RULE
from tests.store_parts import delivery

PASSWORD = "pass-of-oncall"
DOCUMENT = """\
server: {{listen: "127.0.0.1:{port}"}}
storage: {{url: "sqlite:///{file}"}}
operator_auth: {{users: {{oncall: "${{ONCALL}}"}}}}
rules:
  - name: pizza-factory
    match: []
    checks: [{{name: errors, query: '{{level="error"}}', window: 5m, threshold: 5}}]
"""


class Stored:
    """A service on a socket with one stored incident, and its configuration."""

    def __init__(self, folder: Path) -> None:
        database = folder / "responder.db"
        rule = replace(RULE, match=())
        settings = Settings(
            storage_url=f"sqlite:///{database}",
            logs=LokiLogs(url="http://127.0.0.1:9"),
            operators={"oncall": Secret(PASSWORD)},
            rules=(rule,),
            accept_within=timedelta(seconds=10),
        )
        self.responder = build(settings)
        accepted = self.responder.store.accept(delivery())
        self.incident = accepted.leases[0].incident
        self.http = HttpServer(self.responder.web, "127.0.0.1", 0)
        self.http.start()
        self.config = folder / "responder.yaml"
        self.config.write_text(DOCUMENT.format(port=self.http.port, file=database))

        self._running = ExitStack()
        self._running.callback(self.responder.close)
        self._running.callback(self.http.stop)

    def stop(self) -> None:
        """Again is no error."""
        self._running.close()


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    for name in ("CONFIG", "CONFIG_YAML", "USER", "PASSWORD"):
        monkeypatch.delenv(f"RESPONDER_{name}", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("ONCALL", PASSWORD)
    found = Stored(tmp_path)
    yield found
    found.stop()


def test_a_stored_incident_is_written_without_a_running_service(
    stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.stop()

    status = main(["report", stored.incident, "--config", str(stored.config)])

    printed = capsys.readouterr()
    assert status == 0
    assert re.findall(r"^## (.+)$", printed.out, re.MULTILINE) == list(HEADINGS)
    assert "left to fill in" in printed.err


def test_the_service_that_serves_the_storage_is_asked_as_an_operator(
    stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["report", stored.incident, "--config", str(stored.config)]

    assert main([*asked, "--number", "3"]) == 0
    assert f"(incident 3, `{stored.incident}`)" in capsys.readouterr().out


def test_a_server_is_asked_with_the_name_and_password_of_the_environment(
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RESPONDER_USER", "oncall")
    monkeypatch.setenv("RESPONDER_PASSWORD", PASSWORD)

    assert main(["report", stored.incident, "--server", stored.http.url]) == 0
    assert f"`{stored.incident}`" in capsys.readouterr().out


def test_a_server_that_refuses_is_quoted_without_the_password(
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RESPONDER_USER", "oncall")
    monkeypatch.setenv("RESPONDER_PASSWORD", "wrong-pass")

    assert main(["report", stored.incident, "--server", stored.http.url]) == 1
    printed = capsys.readouterr()
    assert "401" in printed.err
    assert "wrong-pass" not in printed.err
    assert printed.out == ""


def test_a_password_of_nobody_asks_for_the_name(
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RESPONDER_PASSWORD", PASSWORD)

    assert main(["report", stored.incident, "--server", stored.http.url]) == 2
    printed = capsys.readouterr().err
    assert "RESPONDER_PASSWORD is set, but whose? Set RESPONDER_USER" in printed
    assert PASSWORD not in printed


def test_a_server_that_is_not_there_is_one_line(
    stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.stop()
    address = f"http://oncall:{PASSWORD}@127.0.0.1:{stored.http.port}"

    assert main(["report", stored.incident, "--server", address]) == 1
    printed = capsys.readouterr().err
    assert "does not answer" in printed
    assert PASSWORD not in printed


@pytest.mark.parametrize("command", ["report", "record"])
@pytest.mark.parametrize("whose", ["environment", "netrc", "address"])
def test_a_password_never_goes_in_clear_beyond_private_networks(
    command: str,
    whose: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = "responder.example.net"
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {host} login oncall password {PASSWORD}\n")
    monkeypatch.setenv("NETRC", str(netrc if whose == "netrc" else tmp_path / "none"))
    monkeypatch.delenv("RESPONDER_PASSWORD", raising=False)
    if whose == "environment":
        monkeypatch.setenv("RESPONDER_USER", "oncall")
        monkeypatch.setenv("RESPONDER_PASSWORD", PASSWORD)
    written = f"oncall:{PASSWORD}@{host}" if whose == "address" else host

    assert main([command, "x", "--server", f"http://{written}"]) == 2
    printed = capsys.readouterr().err
    assert f"{host} would carry the password in clear; use https" in printed
    assert PASSWORD not in printed


def test_the_password_goes_past_every_proxy_to_the_server_that_was_named(
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RESPONDER_USER", "oncall")
    monkeypatch.setenv("RESPONDER_PASSWORD", PASSWORD)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert main(["report", stored.incident, "--server", stored.http.url]) == 0
    assert f"`{stored.incident}`" in capsys.readouterr().out


@pytest.mark.parametrize(
    "address", ["http://[", "http://host:99999", "host", "ftp://host"]
)
def test_an_address_that_is_none_is_wrong_usage(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "x", "--server", address]) == 2
    assert "--server: give an address such as" in capsys.readouterr().err


def test_an_unknown_incident_is_named(
    stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.stop()

    assert main(["report", "nobody", "--config", str(stored.config)]) == 1
    assert "no incident 'nobody'" in capsys.readouterr().err


def test_asking_for_a_report_makes_no_database(
    tmp_path: Path, stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "elsewhere.db"
    stored.config.write_text(DOCUMENT.format(port=1, file=missing))

    assert main(["report", "x", "--config", str(stored.config)]) == 1
    assert "does not exist" in capsys.readouterr().err
    assert not missing.exists()


def test_a_written_report_is_checked_blank_by_blank_until_none_is_left(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["report", stored.incident, "--config", str(stored.config)])
    file = tmp_path / "incident-1.md"
    file.write_text(capsys.readouterr().out, "utf-8")

    assert main(["report", "--check", str(file)]) == 1
    named = capsys.readouterr().out.splitlines()
    assert len(named) == file.read_text("utf-8").count("[FILL IN: ")
    assert all(line.startswith(f"{file}:") for line in named)

    filled = re.sub(r"\[FILL IN: [^]]+\]", "known", file.read_text("utf-8"))
    file.write_text(filled, "utf-8")
    assert main(["report", "--check", str(file)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("fine\n[FILL IN: the cause]\n", "2: the cause"),
        ("[fill in]\n", "1: fill in"),
        ("one\n\n[FILL\nIN: wrapped\nhint]", "3: wrapped hint"),
        ("[FILL IN: never closed\n", "1: never closed"),
        ("[x] [FILL IN: a\n", "1: a"),
    ],
)
def test_a_blank_is_found_however_an_editor_left_it(
    text: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "incident-1.md"
    file.write_text(text, "utf-8")

    assert main(["report", "--check", str(file)]) == 1
    assert capsys.readouterr().out == f"{file}:{named}\n"


def test_words_about_filling_in_are_no_blank(tmp_path: Path) -> None:
    file = tmp_path / "incident-1.md"
    file.write_text("We had to fill in the form. \\[FILL IN: not ours\\]\n", "utf-8")

    assert main(["report", "--check", str(file)]) == 0


@pytest.mark.parametrize("made", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_usage_error(
    made: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "incident-1.md"
    if made:
        file.write_bytes(made)

    assert main(["report", "--check", str(file)]) == 2
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    "asked", [[], ["x", "--check", "y"], ["x", "--number", "0"], ["x", "--number", "a"]]
)
def test_what_cannot_be_meant_is_a_usage_error(asked: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", *asked])

    assert ended.value.code == 2
