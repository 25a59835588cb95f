"""What a delivery means, from its path to a real database and back."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from responder.app import Responder, build
from responder.config.settings import LokiLogs, Secret, Server, Settings
from responder.incident.rule import Check, Rule
from tests.conftest import Place
from tests.fakes import SetClock

RULE = Rule(
    name="pizza-factory",
    match=(),
    checks=(
        Check(
            name="error-logs",
            query='{level="error"}',
            window=timedelta(minutes=5),
            threshold=5,
        ),
    ),
    group_by=("shop",),
)
FIRST, LATER = "2026-11-05T11:58:30Z", "2026-11-05T11:59:30Z"
PASSWORD = "hunter2-canary"


@dataclass
class Desk:
    """A Responder that takes deliveries and does nothing about them."""

    responder: Responder

    def post(self, *alerts: dict[str, Any], **more: Any) -> Any:
        body = {"receiver": "r", "groupKey": "{}:{}", "alerts": list(alerts), **more}
        found = self.responder.web.test_client().post("/webhooks/grafana", json=body)
        assert found.status_code in (200, 202), found.text
        return found.json

    def verdicts(self, *alerts: dict[str, Any], **more: Any) -> list[str]:
        return [said["verdict"] for said in self.post(*alerts, **more)["alerts"]]

    def opened(self, *alerts: dict[str, Any]) -> str:
        (incident,) = {said["incident"] for said in self.post(*alerts)["alerts"]}
        assert isinstance(incident, str)
        return incident

    def over(self, incident: str) -> bool:
        """Whether everything that fired in it has resolved."""
        return self.responder.store.load(incident).resolved_cleanly


def on(place: Place, folder: Path, **changes: Any) -> Responder:
    """A Responder on this database that is not started."""
    settings = Settings(
        server=Server(port=0),
        storage_url=place.url,
        logs=LokiLogs(url="http://127.0.0.1:9"),
        rules=(RULE,),
        spool=str(folder / "spool"),
        accept_within=timedelta(seconds=20),
        **changes,
    )
    registry = CollectorRegistry()
    return build(settings, clock=place.clock, registry=registry, probe_every=None)


@pytest.fixture
def file(tmp_path: Path) -> Place:
    return Place(url=f"sqlite:///{tmp_path / 'responder.db'}", clock=SetClock())


@pytest.fixture
def desk(file: Place, tmp_path: Path) -> Iterator[Desk]:
    with closing(on(file, tmp_path)) as responder:
        yield Desk(responder)


def firing(start: str = FIRST, name: str = "f1", **labels: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "Order errors", **labels},
        "annotations": {},
        "startsAt": start,
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }


def resolved(start: str = FIRST, name: str = "f1") -> dict[str, Any]:
    return {**firing(start, name), "status": "resolved", "endsAt": LATER}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-11-05T11:58:30.123456789Z", "2026-11-05T11:58:30.123Z"),
        ("2026-11-05T11:58:30.123Z", "2026-11-05T11:58:30.123456789Z"),
    ],
)
def test_a_start_cut_off_after_its_millisecond_is_the_same(
    desk: Desk, first: str, second: str
) -> None:
    assert desk.verdicts(firing(first)) == ["opened"]
    assert desk.verdicts(firing(second)) == ["repeated"]


@pytest.mark.parametrize(
    "second", ["2026-11-05T11:58:30.124Z", "2026-11-05T11:58:30.123456001Z"]
)
def test_another_start_is_another_firing(desk: Desk, second: str) -> None:
    desk.post(firing("2026-11-05T11:58:30.123789Z"))

    assert desk.verdicts(firing(second)) == ["joined"]


def test_a_resolve_that_lost_its_start_ends_the_firing_before_it(desk: Desk) -> None:
    incident = desk.opened(firing(FIRST))

    assert desk.opened(resolved(LATER)) == incident
    assert desk.over(incident)


def test_a_resolve_older_than_every_firing_ends_none(desk: Desk) -> None:
    incident = desk.opened(firing(LATER))

    desk.post(resolved(FIRST))

    assert not desk.over(incident)
    assert desk.verdicts(firing(LATER)) == ["repeated"]


def test_a_late_resolve_of_the_firing_before_leaves_the_newer_one(desk: Desk) -> None:
    incident = desk.opened(firing(FIRST))
    desk.post(firing(LATER))

    desk.post(resolved(FIRST))
    assert not desk.over(incident)

    desk.post(resolved(LATER))
    assert desk.over(incident)


@pytest.mark.parametrize("name", ["DatasourceNoData", "DatasourceError"])
def test_an_alert_about_the_measurement_opens_nothing(desk: Desk, name: str) -> None:
    assert desk.verdicts(firing(alertname=name)) == ["no_data"]


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("NoData", "no_data"),
        ("Error", "no_data"),
        ("NoData, KeepLast", "opened"),
        ("KeepLast", "opened"),
        ("", "opened"),
    ],
)
def test_a_state_without_data_opens_nothing_unless_the_last_one_is_kept(
    desk: Desk, reason: str, verdict: str
) -> None:
    alert = {**firing(), "annotations": {"grafana_state_reason": reason}}

    assert desk.verdicts(alert) == [verdict]


@pytest.mark.parametrize("receiver", ["webhook", "our\\.pizza \\(2\\)", "two\nlines"])
def test_a_test_is_known_by_its_group_key_whatever_its_labels(
    desk: Desk, receiver: str
) -> None:
    key = f"{receiver}-9f0c2b7de1a45380-1793897530"

    assert desk.verdicts(firing(), groupKey=key) == ["test"]
    assert desk.verdicts(firing(), groupKey='{}:{a="b-9f0c2b7de1a45380-1"}') == [
        "opened"
    ]


def test_the_zero_time_as_an_end_is_no_end_and_as_a_start_no_start(desk: Desk) -> None:
    zero = "0001-01-01T00:00:00Z"
    incident = desk.opened({**firing(), "endsAt": zero})
    refused = desk.responder.web.test_client().post(
        "/webhooks/grafana", json={"groupKey": "", "alerts": [firing(zero)]}
    )

    assert not desk.over(incident)
    assert refused.status_code == 400
    assert "alerts[0].startsAt" in refused.text


def test_groups_that_differ_beyond_any_index_are_two_incidents(
    place: Place, tmp_path: Path
) -> None:
    # Of random letters: PostgreSQL packs others into its index.
    long = "".join(sha256(b"%d" % n).hexdigest() for n in range(60))
    with closing(on(place, tmp_path)) as responder:
        said = Desk(responder).post(
            firing(name="a", shop=f"{long}1"),
            firing(name="b", shop=f"{long}2"),
            firing(name="c", shop=f"{long}1"),
        )["alerts"]

    assert [one["verdict"] for one in said] == ["opened", "opened", "joined"]
    assert said[0]["incident"] == said[2]["incident"] != said[1]["incident"]


def test_a_secret_behind_an_escape_is_not_stored(file: Place, tmp_path: Path) -> None:
    alert = {**firing(), "annotations": {"log": "at ab/cd-canary, "}}
    raw = json.dumps({"groupKey": "", "alerts": [alert]}).replace("b/c", "b\\u002fc")
    with closing(
        on(file, tmp_path, operators={"ana": Secret("ab/cd-canary")})
    ) as responder:
        answer = responder.web.test_client().post("/webhooks/grafana", data=raw)
        assert answer.json is not None
        stored = responder.store.body(answer.json["delivery"])

    assert stored is not None
    assert "canary" not in stored.text


def test_what_became_a_secret_after_it_was_stored_is_shown_no_more(
    file: Place, tmp_path: Path
) -> None:
    with closing(on(file, tmp_path)) as responder:
        incident = Desk(responder).opened(firing(summary=f"it is {PASSWORD} here"))
    with closing(on(file, tmp_path, operators={"ana": Secret(PASSWORD)})) as responder:
        shown = responder.web.test_client().get(
            f"/api/incidents/{incident}", auth=("ana", PASSWORD)
        )

    assert "it is *** here" in shown.text
    assert PASSWORD not in shown.text
