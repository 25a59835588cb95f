"""What others rely on stays: stored data, the API, metric names, what is decided.

`tests/frozen/` holds two databases that an early Responder wrote, with every kind of
event in them, and what the service says of them. A difference is a change for the
people who run Responder: name it in the changelog, then write the files anew with
`python -m tests.test_frozen`.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from responder.app import Responder, build
from responder.config.settings import FactorySettings, LokiLogs, Settings
from responder.web.api import whole_document
from tests import postgres
from tests.cassettes import SHIPPED, replayed
from tests.fakes import NOON, SetClock
from tests.store_parts import RULE

FROZEN = Path(__file__).parent / "frozen"
PROSE = {"description", "summary", "example", "examples", "title", "info", "tags"}
"""Words of the API's description: they may become better."""
SENTENCES = {"sentence", "words", "summary", "next", "why", "text"}
"""Fields whose value is a sentence for people."""
CHECK = replace(RULE.checks[0], query='{component="jwt-pizza-service"}')
LISTED = ("/api/incidents", "/api/incidents?state=recovered", "/api/incidents?limit=2")


def api() -> Any:
    """Routes, parameters, statuses and JSON shapes."""
    document = whole_document()
    return _without_prose({k: document[k] for k in ("paths", "components")})


def _without_prose(value: Any, *, names: bool = False) -> Any:
    """`names`: the keys are names that somebody chose, none is a word of OpenAPI."""
    if isinstance(value, list):
        return [_without_prose(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_prose(part, names=key in ("properties", "schemas", "paths"))
        for key, part in value.items()
        if names or key not in PROSE
    }


def decisions() -> Any:
    """What is decided, reported and proven in each cassette that comes with it."""
    return {
        file.stem: [
            {
                "rule": lived.incident.rule,
                "events": [_plain(_decision(event)) for event in lived.events],
            }
            for lived in replayed(file.stem).incidents
        ]
        for file in SHIPPED
    }


def _decision(event: Any) -> list[str | int | None]:
    return [
        event.event,
        *(getattr(event, name, None) for name in ("state", "reason", "proof")),
        getattr(event, "outcome", None),
        f"{event.at:%H:%M:%S}",
    ]


def _plain(values: list[str | int | None]) -> str:
    return " ".join(str(value) for value in values if value is not None)


def metrics(responder: Responder) -> Any:
    """Each metric's kind and labels."""
    return {
        family.name: [
            family.type,
            *sorted({label for sample in family.samples for label in sample.labels}),
        ]
        for family in responder.metrics.registry.collect()
    }


def answers(client: FlaskClient) -> Any:
    """What the API says of everything that is stored."""
    listed = {path: _json(client, path) for path in LISTED}
    ids = [found["id"] for found in listed[LISTED[0]]["incidents"]]
    return listed | {i: _json(client, f"/api/incidents/{i}") for i in sorted(ids)}


def _json(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return _masked(answer.json)


def _masked(value: Any) -> Any:
    """Sentences stand by their presence alone."""
    if isinstance(value, list):
        return [_masked(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: bool(part) if key in SENTENCES and isinstance(part, str) else _masked(part)
        for key, part in value.items()
    }


@contextmanager
def responder_on(url: str) -> Iterator[Responder]:
    """A service on this database, an hour after what is in it, doing nothing."""
    settings = Settings(
        storage_url=url,
        logs=LokiLogs(url="http://127.0.0.1:9"),
        factory=FactorySettings(url="https://pizza-factory.example.com"),
        rules=(replace(RULE, checks=(CHECK,)),),
    )
    clock = SetClock(at=NOON.replace(hour=13))
    responder = build(settings, clock=clock, probe_every=None)
    try:
        yield responder
    finally:
        responder.close()


@pytest.fixture
def stored(tmp_path: Path) -> str:
    file = shutil.copy(FROZEN / "first.sqlite", tmp_path / "responder.db")
    return f"sqlite:///{file}"


@pytest.fixture
def dumped(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as url:
        with psycopg.connect(url) as conn:
            conn.execute((FROZEN / "first.postgres.sql").read_bytes())
        yield url


def frozen(name: str) -> Any:
    return json.loads((FROZEN / f"{name}.json").read_text("utf-8"))


def test_routes_statuses_and_json_shapes_stay() -> None:
    assert api() == frozen("api")


def test_metrics_keep_their_names_kinds_and_labels(stored: str) -> None:
    with responder_on(stored) as responder:
        assert metrics(responder) == frozen("metrics")


def test_the_shipped_cassettes_are_decided_as_before() -> None:
    assert decisions() == frozen("decisions")


def test_the_api_says_the_same_of_an_early_sqlite_file(stored: str) -> None:
    with responder_on(stored) as responder:
        assert answers(responder.web.test_client()) == frozen("answers")


def test_the_api_says_the_same_of_an_early_postgresql_dump(dumped: str) -> None:
    with responder_on(dumped) as responder:
        found = answers(responder.web.test_client())

    kinds = _kinds(found)
    assert kinds == _kinds(frozen("answers"))
    assert len(kinds) > 20


def _kinds(found: Mapping[str, Any]) -> set[str]:
    return {e["event"] for one in found.values() for e in one.get("timeline", [])}


def write(folder: Path = FROZEN) -> None:
    """Write anew what the service says today."""
    with tempfile.TemporaryDirectory() as place:
        file = shutil.copy(FROZEN / "first.sqlite", Path(place) / "responder.db")
        with responder_on(f"sqlite:///{file}") as responder:
            found = {
                "api": api(),
                "decisions": decisions(),
                "metrics": metrics(responder),
                "answers": answers(responder.web.test_client()),
            }
    for name, value in found.items():
        text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    write()
