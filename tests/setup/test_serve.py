"""`responder serve` and `responder healthcheck` as processes of their own."""

import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.commands import Typist, ended, free_port, spawn

LOCAL = 'server: {listen: "127.0.0.1:0"}\n'
LOGS = 'logs: {url: "http://127.0.0.1:1"}\n'
Serve = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts `responder serve` in an empty folder; ends it with the test."""
    with ExitStack() as stack:

        def start(document: str = LOCAL, **environment: str) -> subprocess.Popen[str]:
            if not re.search("^logs:", document, re.MULTILINE):
                document = f"{document.rstrip()}\n{LOGS}"
            environment["RESPONDER_CONFIG_YAML"] = document
            started = spawn("serve", folder=tmp_path, environment=environment)
            stack.enter_context(started)
            stack.callback(started.kill)
            return started

        yield start


def announced(process: subprocess.Popen[str], *, until: str = "metrics") -> list[str]:
    """The lines that it greets a person with, up to the one that holds `until`."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line.rstrip("\n"))
        if until in line:
            return lines
    raise AssertionError("\n".join(["it ended instead:", *lines]))


def address(lines: list[str]) -> str:
    (line,) = (line for line in lines if line.startswith("Responder answers at "))
    return line.removeprefix("Responder answers at ")


def is_healthy(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{url}/-/healthy", timeout=60).text == "healthy\n"


@pytest.mark.parametrize("command", ["serve", "check", "doctor"])
def test_without_a_configuration_a_command_refuses_and_names_the_two_ways_on(
    type_command: Typist, command: str, tmp_path: Path
) -> None:
    said = type_command(command)

    assert (said.status, said.out) == (2, "")
    (line,) = said.complaints
    assert line.startswith("responder: no configuration: ")
    assert "responder demo" in line
    assert "responder check --example > responder.yaml" in line
    assert list(tmp_path.iterdir()) == []


def test_the_addresses_are_printed_and_answer(serve: Serve) -> None:
    lines = announced(serve(PORT="0"), until="metrics")
    url = address(lines)
    assert is_healthy(url)
    for path in ("/", "/webhooks/grafana", "/webhooks/irm", "/metrics"):
        assert any(line.endswith(url + path) for line in lines)


def test_the_printed_curl_works_when_pasted(serve: Serve) -> None:
    command = announced(serve(PORT="0"), until="curl")[-1].strip()
    assert shlex.split(command)[0] == "curl"
    # A proxy in the environment is not asked.
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:1"}
    pasted = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (pasted.returncode, pasted.stderr) == (0, "")
    (alert,) = json.loads(pasted.stdout)["alerts"]
    assert alert["verdict"] == "opened"


def test_a_rule_with_quotes_in_a_label_gives_a_curl_that_works(serve: Serve) -> None:
    rule = """\
rules:
  - name: quoted
    match: [{alertname: "it's \\"odd\\" $HOME"}]
    checks: [{name: e, query: '{a="b"}', window: 1m, threshold: 1}]
server: {listen: "127.0.0.1:0"}
"""
    command = announced(serve(rule), until="curl")[-1]
    pasted = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60
    )
    assert json.loads(pasted.stdout)["alerts"][0]["verdict"] == "opened"


def test_with_credentials_no_curl_is_printed(serve: Serve) -> None:
    document = """\
server: {listen: "127.0.0.1:0"}
webhook_auth: [{name: g, senders: [grafana], bearer: "${TOKEN}"}]
"""
    process = serve(document, TOKEN="canary-token-0451")
    lines = announced(process, until="metrics")
    process.send_signal(signal.SIGTERM)
    said = ended(process)
    assert "curl" not in "\n".join(lines) + said.err
    assert "canary-token-0451" not in "\n".join(lines) + said.err + said.out


def test_ctrl_c_drains_and_ends_with_status_0(serve: Serve) -> None:
    process = serve(PORT="0")
    announced(process)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.status == 0
    assert "responder: stopping" in said.err
    assert "Traceback" not in said.err


def test_it_listens_where_port_says(serve: Serve) -> None:
    port = free_port()
    url = address(announced(serve(PORT=str(port))))
    assert url == f"http://127.0.0.1:{port}"
    assert is_healthy(url)


def test_a_name_of_this_machine_can_be_listened_on(serve: Serve) -> None:
    url = address(announced(serve('server: {listen: "localhost:0"}')))
    assert url.startswith("http://localhost:")
    assert is_healthy(url)


def test_a_port_in_use_by_another_program_is_one_line(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = ended(serve(PORT=str(port)))
    assert (said.status, said.out) == (1, "")
    (line,) = said.complaints
    assert f"127.0.0.1:{port} is already in use by another program; stop it" in line


def test_a_port_in_use_by_another_responder_is_named_so(
    serve: Serve, tmp_path: Path
) -> None:
    port = address(announced(serve(PORT="0"))).rpartition(":")[2]
    other = f'storage: {{url: "sqlite:///{tmp_path}/other.db"}}\nserver: '
    said = ended(serve(other + f'{{listen: "127.0.0.1:{port}"}}'))
    assert said.status == 1
    (line,) = said.complaints
    assert "in use by another Responder" in line


def test_a_database_that_is_served_already_names_the_process(serve: Serve) -> None:
    first = serve(PORT="0")
    announced(first)
    said = ended(serve(PORT="0"))
    assert (said.status, said.out) == (1, "")
    (line,) = said.complaints
    assert f"responder.db is already served by process {first.pid}: stop" in line


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("corrupt.db", "file is not a database"),
        ("folder", "is a directory: name a file in it by storage.url"),
        ("absent/x.db", "create the directory"),
        ("corrupt.db/x.db", "cannot hold the database (Not a directory)"),
        ("newer.db", "was written by a newer Responder"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(
    serve: Serve, tmp_path: Path, path: str, told: str
) -> None:
    (tmp_path / "corrupt.db").write_text("this is no database, whatever its name is")
    (tmp_path / "folder").mkdir()
    with sqlite3.connect(tmp_path / "newer.db") as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()
    said = ended(serve(f'storage: {{url: "sqlite:///{tmp_path}/{path}"}}'))
    assert (said.status, said.out) == (1, "")
    (line,) = said.complaints
    assert told in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_one_line(serve: Serve, host: str) -> None:
    document = f"""\
server: {{listen: "{host}:80"}}
logs: {{type: loki, url: "http://127.0.0.1:1"}}
webhook_auth: [{{name: g, senders: [grafana], bearer: "${{T}}"}}]
operator_auth: {{users: {{oncall: "${{T}}"}}}}
"""
    said = ended(serve(document, T="canary-token-0451"))
    assert said.status == 1
    (line,) = said.complaints
    assert f"cannot listen on {host}:80 (" in line
    assert "set server.listen to" in line


def test_beyond_this_machine_credentials_are_demanded(serve: Serve) -> None:
    said = ended(serve('server: {listen: "0.0.0.0:0"}'))
    assert said.status == 1
    told = [line.split(": ")[1] for line in said.complaints[:-1]]
    assert told == ["webhook_auth", "operator_auth"]


def test_a_dead_log_source_does_not_keep_it_from_serving(serve: Serve) -> None:
    document = """\
server: {listen: "127.0.0.1:0"}
logs: {type: loki, url: "http://127.0.0.1:1"}
"""
    assert is_healthy(address(announced(serve(document))))


def test_a_running_service_is_healthy(
    serve: Serve, type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = address(announced(serve(PORT="0"))).rpartition(":")[2]
    monkeypatch.setenv("PORT", port)
    said = type_command("healthcheck")
    assert (said.status, said.out, said.err) == (0, "healthy\n", "")


def test_a_file_broken_since_the_start_makes_no_service_sick(
    serve: Serve,
    type_command: Typist,
    tmp_path: Path,
) -> None:
    port = address(announced(serve(PORT="0"))).rpartition(":")[2]
    path = tmp_path / "broken.yaml"
    path.write_text(f'server: {{listen: "127.0.0.1:{port}"}}\nrules: [{{nme: x}}]\n')
    assert type_command("healthcheck", "--config", path).status == 0


def test_no_answer_is_unhealthy_in_one_line(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    said = type_command("healthcheck")
    assert (said.status, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert line == f"unhealthy: no answer from 127.0.0.1:{port}: Connection refused"


def test_a_service_that_never_answers_is_unhealthy(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("PORT", str(mute.getsockname()[1]))
        said = type_command("healthcheck", "--timeout", "0.2")
    assert said.status == 1
    assert said.err.startswith("unhealthy: no answer from ")


def test_a_reader_that_left_our_log_is_told_nothing_on_standard_error(
    serve: Serve,
) -> None:
    """What Python writes there by itself holds the record as it is, unmasked."""
    process = serve()
    url = address(announced(process))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    refused = requests.post(f"{url}/webhooks/grafana", data=b"{", timeout=60)
    process.send_signal(signal.SIGTERM)

    assert refused.status_code == 400
    assert "Traceback" not in process.stderr.read()
