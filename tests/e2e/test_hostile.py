"""Everything hostile that we know of, sent to a whole service on a socket."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from responder.incident.rule import Rule
from responder.logging import MaskedJson
from responder.masking import Masker
from tests.e2e.service import RULE, Service, service, until
from tests.hostile import corpus

EVERYTHING = Rule(name=RULE.name, match=(), checks=RULE.checks, group_by=("alertname",))


@contextmanager
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, as the process would write it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskedJson(Masker()))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def send_everything(found: Service) -> set[int]:
    statuses = set()
    for path in corpus("webhook"):
        for sender in ("grafana", "alertmanager", "irm"):
            url = f"{found.url}/webhooks/{sender}"
            answer = requests.post(url, data=path.read_bytes(), timeout=60)
            statuses.add(answer.status_code)
    lines = (path.read_bytes().decode("utf-8", "replace") for path in corpus("line"))
    found.write(*lines)
    return statuses


def pages(found: Service) -> Iterator[str]:
    yield requests.get(f"{found.url}/", timeout=60).text
    for incident in found.incidents():
        page = requests.get(f"{found.url}/incidents/{incident['id']}", timeout=60)
        whole = requests.get(f"{found.url}/api/incidents/{incident['id']}", timeout=60)
        assert (page.status_code, whole.status_code) == (200, 200)
        assert whole.headers["Content-Type"] == "application/json"
        yield page.text


def test_no_corpus_shakes_the_service(tmp_path: Path) -> None:
    with log_lines() as stream, service(tmp_path, EVERYTHING) as found:
        statuses = send_everything(found)
        # Once none is investigating any more, the worker has looked at them all.
        until(lambda: all(i["state"] != "investigating" for i in found.incidents()))
        shown = list(pages(found))
        health = requests.get(f"{found.url}/-/healthy", timeout=60)

    assert statuses == {202, 400}
    assert health.status_code == 200
    assert len(shown) > 5
    assert not [page for page in shown if "<script>" in page or "<img src=x" in page]
    assert any("&lt;script&gt;" in page for page in shown)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert not [line for line in told if line.get("message") == "forged"]
    assert not [line for line in told if line["level"] in ("ERROR", "CRITICAL")]


def test_a_body_of_one_byte_too_many_is_refused_and_one_that_fits_is_taken(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as found:
        most = found.responder.settings.server.max_body
        statuses = []
        for length in (most, most + 1):
            body = b'{"alerts": [], "x": "' + b"x" * (length - 23) + b'"}'
            assert len(body) == length
            url = f"{found.url}/webhooks/grafana"
            statuses.append(requests.post(url, data=body, timeout=60).status_code)

    assert statuses == [202, 413]
