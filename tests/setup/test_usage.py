"""Help, wrong usage and what a shell does to a command."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from responder.cli.main import REMOVED
from responder.incident.names import WEBHOOKS, Sender
from tests.commands import Typist, clean, ended, spawn

COMMANDS = """serve check replay report sample demo pause resume
    backup healthcheck""".split()  # noqa: SIM905
MODULE = [sys.executable, "-m", "responder"]


def test_the_help_names_every_command_and_gives_examples(type_command: Typist) -> None:
    said = type_command("--help")
    assert said.status == 0
    assert "examples:\n" in said.out
    assert all(f"\n    {command} " in said.out for command in COMMANDS[:-1])
    assert "healthcheck" in said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(
    type_command: Typist, command: str
) -> None:
    said = type_command(command, "--help")
    assert said.status == 0
    assert f"examples:\n  responder {command}" in said.out
    assert "--config FILE" in said.out
    assert "RESPONDER_CONFIG_YAML" in said.out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "required: COMMAND"),
        ("fly", "invalid choice: 'fly'"),
        ("check --confg x", "unrecognized arguments: --confg x"),
        ("replay", "required: FILE"),
        ("replay --errors x f", "'x' is no number from 0 to 1000000"),
        ("replay --errors=-1 f", "'-1' is no number from 0 to 1000000"),
        ("replay --errors 1000001 f", "'1000001' is no number"),
        ("replay --errors error-logs= f", "is no number"),
        ("replay --errors 3 --unreadable f", "not allowed with argument"),
        ("replay --sender nagios f", "invalid choice: 'nagios'"),
        ("sample grafana", "required: --rule"),
        ("sample nagios --rule x", "invalid choice: 'nagios'"),
        ("demo --port 65536", "'65536' is no port"),
        ("demo --port http", "'http' is no port"),
        ("healthcheck --timeout 0", "'0' is no number of seconds"),
        ("healthcheck --timeout nan", "'nan' is no number of seconds"),
        ("healthcheck --timeout soon", "'soon' is no number of seconds"),
        ("serve --log-level loud", "invalid choice: 'loud'"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(
    type_command: Typist, typed: str, told: str
) -> None:
    said = type_command(*typed.split())
    assert said.status == 2
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("responder")
    assert told in line
    assert "--help" in line


@pytest.mark.parametrize("sender", WEBHOOKS)
@pytest.mark.parametrize("options", [[], ["--resolved"]])
def test_a_sample_is_json_and_nothing_else(
    type_command: Typist, sender: Sender, options: list[str]
) -> None:
    said = type_command("sample", sender, "--rule", "pizza-factory", *options)
    assert (said.status, said.err) == (0, "")
    found = json.loads(said.out)
    status = "resolved" if options else "firing"
    assert found.get("status") == status or found["alert_group"]["state"] == status


def test_a_sample_for_no_rule_names_the_rules(type_command: Typist) -> None:
    said = type_command("sample", "grafana", "--rule", "pizza")
    assert (said.status, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line == "responder: --rule: there is no rule 'pizza'; known: pizza-factory"


def test_a_sample_that_cannot_be_made_says_for_which_label(
    type_command: Typist, tmp_path: Path
) -> None:
    document = tmp_path / "odd.yaml"
    document.write_text(
        "rules: [{name: odd, match: [{a: '=~y{77}z'}], checks: "
        "[{name: e, query: '{a=\"b\"}', window: 1m, threshold: 1}]}]"
    )
    said = type_command("sample", "grafana", "--rule", "odd", "--config", document)
    assert (said.status, said.out) == (2, "")
    assert "no sample value found for the label a" in said.err


def test_the_version_is_printed(type_command: Typist) -> None:
    said = type_command("--version")
    assert said.status == 0
    assert said.out.startswith("responder ")


@pytest.mark.parametrize(
    "typed", ["check --example", "sample grafana --rule pizza-factory"]
)
def test_a_reader_that_leaves_is_not_complained_about(
    typed: str, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as output:
        done = subprocess.run(
            [*MODULE, *typed.split()],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env=clean({"PYTHONPATH": os.pathsep.join(sys.path)}),
        )
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if "warning" not in line] == []


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as output:
        done = subprocess.run(
            [*MODULE, "check", "--example"],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env=clean({"PYTHONPATH": os.pathsep.join(sys.path)}),
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "responder: cannot go on: No space left on device"
    )
    assert "Traceback" not in done.stderr


def test_ctrl_c_while_a_body_is_awaited_is_one_line(tmp_path: Path) -> None:
    fifo = tmp_path / "body"
    os.mkfifo(fifo)
    process = spawn("replay", "--errors", "3", fifo, folder=tmp_path)
    # Opening for writing returns once the command has opened it for reading.
    with fifo.open("wb"):
        process.send_signal(signal.SIGINT)
        said = ended(process)
    assert said.status == 130
    assert said.complaints == ["responder: interrupted"]


INTERRUPTED_WHILE_LOADING = """
import sys

class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
import responder.__main__
"""


@pytest.mark.parametrize(
    ("loading", "told"),
    [("responder.config.load", ""), ("responder.app", "responder: interrupted\n")],
)
def test_ctrl_c_while_loading_leaves_no_trace(
    tmp_path: Path, loading: str, told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING, loading],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=clean({"PYTHONPATH": os.pathsep.join(sys.path)}),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", told)


HEAVY = {"sqlalchemy", "flask", "requests", "responder.app", "responder.cli.serve"}


def test_a_health_check_loads_none_of_what_serves(tmp_path: Path) -> None:
    """A container asks every few seconds, maybe with a quarter of a processor."""
    code = (
        "import sys; from responder.cli import main; main(sys.argv[1:]); "
        "print(*sorted(sys.modules))"
    )
    typed = [sys.executable, "-c", code, "healthcheck", "--timeout", "0.1"]
    environ = clean() | {"PORT": "1"}
    said = subprocess.run(
        typed, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60
    )
    assert "unhealthy" in said.stderr
    assert "responder.cli.healthcheck" in said.stdout.split()
    assert not HEAVY & set(said.stdout.split())


@pytest.mark.parametrize(("words", "instead"), REMOVED.items())
def test_each_removed_command_says_what_to_do_instead(
    type_command: Typist, words: str, instead: str
) -> None:
    said = type_command(*words.split(), "--help")

    assert (said.status, said.out) == (2, "")
    assert said.err == f"responder: {words} was removed: {instead}\n"


def test_a_removed_command_is_refused_by_name_with_what_to_do_instead(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REMOVED, "sample all", "name one sender")
    said = type_command("sample", "all", "--rule", "pizza-factory")
    assert (said.status, said.out) == (2, "")
    assert said.err == "responder: sample all was removed: name one sender\n"
    assert type_command("sample", "grafana", "--rule", "pizza-factory").status == 0
