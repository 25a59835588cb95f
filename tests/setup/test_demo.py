"""`responder demo`: done is only what was done."""

import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from responder.config.checks import Purpose
from responder.config.document import Document, read
from responder.config.load import load
from responder.demo.factory import SimulatedFactory
from responder.demo.play import Interrupted, stage
from responder.incident.rule import Rule
from responder.logs.query import parse_logql
from tests.commands import Typist, ended, spawn

WRONG_CODE = '{"message": "Problem unresolved"}'


def default_rule(document: Document | None = None) -> Rule:
    given = document or read(None, {})
    settings = load(given, purpose=Purpose.REPLAY, parse_query=parse_logql).settings
    assert settings is not None
    return settings.rules[0]


def starting(process: subprocess.Popen[str], sign: str) -> list[str]:
    """What it printed, up to the line that holds `sign`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if sign in line:
            return lines
    raise AssertionError("\n".join(["it ended instead:", *lines]))


def test_the_demo_ends_by_itself_with_the_job_done(tmp_path: Path) -> None:
    process = spawn("demo", "--exit", folder=tmp_path)
    lines = starting(process, "incident opened")
    assert process.poll() is None  # What happens is printed as it happens.
    said = ended(process)
    assert (said.status, said.err) == (0, "")
    lines += said.out.splitlines()
    told = [line.partition(" UTC  ")[2].strip() for line in lines]
    order = [
        "Orders go well",
        "The factory starts to answer every order with status 500",
        "Grafana fires",
        "incident opened",
        "counted: ",
        "decided to report",
        "reporting to the factory with link ",
        "the factory said that the problem is resolved",
        "recovered, proven by orders",
    ]
    at = [next(n for n, line in enumerate(told) if sign in line) for sign in order]
    assert at == sorted(at)
    assert "The job was done." in lines
    assert lines[-1] == "  responder serve --config responder.yaml"
    assert "/api/support/" not in "\n".join(lines)
    assert list(tmp_path.iterdir()) == []


def test_every_fault_that_is_made_after_the_play_is_recovered_from(
    heard: list[str],
) -> None:
    stopped, news = threading.Event(), threading.Condition()

    def say(line: str) -> None:
        with news:
            heard.append(line)
            news.notify_all()

    def count(sign: str) -> int:
        return sum(sign in line for line in heard)

    def once(sign: str, number: int) -> bool:
        with news:
            return news.wait_for(lambda: count(sign) >= number, 60)

    factory = SimulatedFactory(api_key="demo", delay=0.3)
    with stage(default_rule(), 0, say, stopped=stopped, factory=factory) as demo:
        follower = threading.Thread(target=demo.go_on)
        follower.start()
        try:
            for number, command in enumerate(demo.ways_to_break, 1):
                words = shlex.split(command)
                assert words[:4] == ["curl", "-sS", "--noproxy", "*"]
                name, _, value = words[words.index("-H") + 1].partition(": ")
                answer = requests.put(words[-1], headers={name: value}, timeout=30)
                assert answer.status_code == 200
                assert once("Recovered: ", number), heard
                assert once("the alert is resolved", number), heard
        finally:
            stopped.set()
            follower.join()
    assert len(factory.effective_calls) == 3


def test_ctrl_c_in_the_middle_ends_at_once_and_says_so(tmp_path: Path) -> None:
    process = spawn("demo", folder=tmp_path)
    starting(process, "Orders go well")
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.status == 130
    assert said.complaints == ["responder: stopped before the incident ended"]


@pytest.fixture
def heard() -> list[str]:
    return []


def test_a_factory_that_refuses_leaves_the_job_undone(heard: list[str]) -> None:
    stopped = threading.Event()

    def say(line: str) -> None:
        heard.append(line)
        if "HTTP 403" in line:
            stopped.set()

    factory = SimulatedFactory(delay=0.1)
    factory.answer_with(403, "no", times=1000)
    with (
        stage(default_rule(), 0, say, stopped=stopped, factory=factory) as demo,
        pytest.raises(Interrupted),
    ):
        demo.play(within=60)
    assert factory.effective_calls == []
    assert not any("alert is resolved" in line for line in heard)


def test_a_factory_that_knows_no_code_leaves_the_job_undone(heard: list[str]) -> None:
    factory = SimulatedFactory(delay=0.1)
    factory.answer_with(400, WRONG_CODE, times=1000)
    with stage(default_rule(), 0, heard.append, factory=factory) as demo:
        assert demo.play(within=1) is False
    assert factory.effective_calls == []
    assert heard[-1] == "The incident did not end within 1 s."


def test_a_play_that_is_told_to_stop_stops(heard: list[str]) -> None:
    stopped = threading.Event()

    def stop_at_the_fault(line: str) -> None:
        heard.append(line)
        if "status 500" in line:
            stopped.set()

    say: Callable[[str], None] = stop_at_the_fault
    with (
        stage(default_rule(), 0, say, stopped=stopped) as demo,
        pytest.raises(Interrupted),
    ):
        demo.play()
    assert not any("Grafana fires" in line for line in heard)


def test_a_taken_port_is_one_line(type_command: Typist) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = type_command("demo", "--exit", "--port", str(port))
    assert (said.status, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert line.startswith(f"responder: --port: 127.0.0.1:{port} is already in use")
