"""A canary planted in the link: it must come out nowhere."""

import io
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from responder import logging as json_logs
from responder.config.settings import LokiLogs
from responder.demo.factory import SimulatedFactory
from responder.incident.names import Status
from tests.e2e.service import Service, service
from tests.loki_server import LokiServer

TOKEN = "canarytoken0123456789abcdef"
KINDS = ("answered", "pasted", "served", "logged", "stored", "left")
LIBRARIES = ("", "waitress", "werkzeug", "urllib3", "sqlalchemy", "waitress.queue")


@contextmanager
def logged(running: Service) -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, at the finest level, as `serve` would."""
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [(each, each.level, each.handlers[:]) for each in loggers]
    stream = io.StringIO()
    json_logs.configure(stream, running.responder.masker, "DEBUG")
    try:
        yield stream
    finally:
        for each, level, handlers in before:
            each.setLevel(level)
            each.handlers[:] = handlers


def dumped(database: Path) -> str:
    """Every row of every table, as SQL, once the service has ended."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


def served(running: Service) -> str:
    """Every page and answer that speaks of the incidents."""
    numbers = [incident["id"] for incident in running.incidents()]
    paths = ["/", "/api/incidents", "/metrics", "/-/healthy", "/-/ready"]
    paths += [f"/incidents/{number}" for number in numbers]
    paths += [f"/api/incidents/{number}" for number in numbers]
    paths += [f"/incidents/{number}/report.md" for number in numbers]
    paths += [f"/incidents/{number}/ask/report" for number in numbers]
    paths += ["/incidents"]
    answers = [requests.get(running.url + path, timeout=60) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return "".join(f"{answer.headers}{answer.text}" for answer in answers)


def send_links_along(running: Service, link: str) -> str:
    """Deliver the link in every place of a body, and as a body; what was answered."""
    body = {"canary": link, "alerts": [{"status": "firing", "labels": {"a": link}}]}
    answers = [
        requests.post(f"{running.url}/webhooks/{path}", data=data, timeout=60).text
        for path in ("grafana", "irm", link)
        for data in (link.encode(), b'{"alerts": ["' + link.encode() + b'"]}')
    ]
    whole = requests.post(f"{running.url}/webhooks/grafana", json=body, timeout=60)
    running.alert(alertname="Pasted", summary=link)
    running.alert(alertname="Ignored", responder=link)
    missing = requests.get(f"{running.url}/api/incidents/{link}", timeout=60)
    asked = requests.get(
        f"{running.url}/api/incidents", params={"cursor": link}, timeout=60
    )
    return "".join([*answers, whole.text, missing.text, asked.text])


def paste_links(running: Service, link: str) -> str:
    """Send it by API and by form, whole and spoilt; what was answered."""
    incident = running.incidents()[0]["id"]
    form = f"{running.url}/incidents/{incident}/do/report"
    api = f"{running.url}/api/incidents/{incident}/report"
    spoilt = [
        link.replace("127.0.0.1", "127.0.0.2"),
        f"{link} {link}1",
        f"{link}?{link}/",
        f'{{"reqBody": "{link}"}}',
        link * 40,
        link,
    ]
    answers = [
        requests.post(form, data={"link": text}, headers=headers, timeout=60)
        for text in spoilt
        for headers in ({}, {"HX-Request": "true"})
    ]
    bodies = [*({"link": text} for text in spoilt), {link: link}, {"link": {link: 1}}]
    answers += [requests.post(api, json=body, timeout=60) for body in bodies]
    answers.append(requests.post(api, data=link, timeout=60))
    answers.append(requests.post(f"{api}?link={link}", data=link, timeout=60))
    assert {answer.status_code for answer in answers} == {200, 400, 409, 415}
    return "".join(f"{answer.headers}{answer.text}" for answer in answers)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one incident left behind: served, logged and stored text by kind."""
    folder = tmp_path_factory.mktemp("canary")
    factory = SimulatedFactory(api_key=TOKEN, delay=0.01)
    with LokiServer() as loki:
        logs = LokiLogs(url=loki.url, timeout=timedelta(seconds=1))
        with (
            service(folder, factory=factory, logs=logs) as running,
            logged(running) as stream,
        ):
            code = factory.start_chaos("fail")
            link = factory.report_link("127.0.0.1")
            running.shop.order()
            factory.answer_with(500, f'{{"message": "failed at {link}"}}')
            running.alert()
            with running.ordering():
                running.came_to("verifying")
                said = send_links_along(running, link)
                running.in_state("recovered")
            running.alert(Status.RESOLVED)
            second = factory.start_chaos("fail")
            pasted = paste_links(running, factory.report_link("127.0.0.1"))
            pages = served(running)
            stored = b"".join(p.read_bytes() for p in folder.glob("responder.db*"))
    return {
        "code": code,
        "second": second,
        "answered": said,
        "pasted": pasted,
        "served": pages,
        "logged": stream.getvalue(),
        "stored": stored.decode("latin-1"),
        "left": dumped(folder / "responder.db"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_comes_out(written: dict[str, str], kind: str) -> None:
    assert len(written[kind]) > 500
    assert TOKEN not in written[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_no_code_comes_out(written: dict[str, str], kind: str) -> None:
    assert written["code"] not in written[kind]
    assert written["second"] not in written[kind]


@pytest.mark.parametrize("kind", ["answered", "logged", "stored", "left"])
def test_no_report_path_comes_out(written: dict[str, str], kind: str) -> None:
    assert "/report/" not in written[kind]


def test_pages_name_the_queries_but_show_no_report_path(
    written: dict[str, str],
) -> None:
    assert "&#34;/report/&#34;" in written["served"]
    for kind in ("served", "pasted"):
        assert not re.search(r"support/[^\s&\"]+/report", written[kind])


def test_the_report_is_logged_all_the_same(written: dict[str, str]) -> None:
    assert '"message": "reported"' in written["logged"]
    assert '"outcome": "resolved"' in written["logged"]


def test_the_bodies_are_stored_all_the_same(written: dict[str, str]) -> None:
    assert "Pasted" in written["left"]
