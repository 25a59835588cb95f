"""Incidents as JSON, and the machines' own questions."""

import json
import re

import pytest

from responder.config.settings import Credential, Secret, Server
from responder.incident.incident import fold
from responder.incident.names import Outcome, Sender, State
from tests.listed import ListedArchive, summary_of
from tests.web_parts import OPERATOR, QUERY, Web, at, founding

FIELDS = {
    "id",
    "rule",
    "group",
    "state",
    "reason",
    "proof",
    "summary",
    "opened_at",
    "alert_started_at",
    "first_error_at",
    "reported_at",
    "ended_at",
    "errors",
    "failed_orders",
    "relapse_of",
    "drill",
    "reports",
    "withheld_at",
    "reported_by_hand_at",
    "shared_with",
}
OPERATORS = {"oncall": Secret(OPERATOR), "ana": Secret("pass-of-ana-é")}


def recovered() -> ListedArchive:
    incident = fold("inc-1", founding())
    return ListedArchive(
        incidents=[summary_of(incident, "Recovered.")], timelines={"inc-1": founding()}
    )


def test_the_list_has_the_promised_fields_and_times_with_z() -> None:
    answer = Web(archive=recovered()).client().get("/api/incidents")

    assert answer.json is not None
    assert set(answer.json) == {"incidents", "cursor"}
    (incident,) = answer.json["incidents"]
    assert set(incident) == FIELDS
    assert incident["opened_at"] == "2026-11-05T12:00:00.000Z"
    assert incident["reports"] == [
        {
            "at": "2026-11-05T12:00:00.200Z",
            "method": "GET",
            "outcome": "resolved",
            "status": 200,
            "message": "Problem resolved. Pizza is back on the menu!",
            "seconds": 0.1,
        }
    ]


def test_one_incident_has_the_same_fields_and_its_timeline() -> None:
    answer = Web(archive=recovered()).client().get("/api/incidents/inc-1")

    assert answer.json is not None
    assert set(answer.json) == FIELDS | {"timeline"}
    assert answer.json["state"] == "recovered"
    assert answer.json["proof"] == "orders"
    assert [entry["event"] for entry in answer.json["timeline"]] == [
        "opened",
        "alert_fired",
        "looked",
        "decided",
        "report_intended",
        "report_answered",
        "finished",
    ]


def test_the_timeline_keeps_our_own_bookkeeping_and_queries_to_itself() -> None:
    answer = Web(archive=recovered()).client().get("/api/incidents/inc-1")

    assert not re.search('"(lines|failed_lines|digest)"', answer.text)
    assert json.dumps(QUERY) not in answer.text


def test_a_call_without_an_answer_is_not_listed_as_a_report() -> None:
    archive = ListedArchive(timelines={"inc-1": founding()[:5]})

    answer = Web(archive=archive).client().get("/api/incidents/inc-1")

    assert answer.json is not None
    assert answer.json["reports"] == []
    assert answer.json["reported_at"] == "2026-11-05T12:00:00.200Z"


@pytest.mark.parametrize("incident", ["nobody", "%00", "x" * 300])
def test_an_unknown_incident_is_404_in_json(incident: str) -> None:
    answer = Web().client().get(f"/api/incidents/{incident}")

    assert answer.status_code == 404
    assert answer.json is not None
    assert "no such incident" in answer.json["error"]


def test_every_filter_reaches_the_search() -> None:
    web = Web(archive=recovered())
    query = (
        "rule=pizza-factory&state=recovered&outcome=resolved&text=pizza"
        "&from=2026-11-05&to=2026-11-05T13:00:00%2B01:00&limit=7&cursor=abc"
    )

    assert web.client().get(f"/api/incidents?{query}").status_code == 200

    (search,) = web.archive.searches
    assert (search.rule, search.text, search.cursor) == (
        "pizza-factory",
        "pizza",
        "abc",
    )
    assert (search.state, search.outcome) == (State.RECOVERED, Outcome.RESOLVED)
    assert search.since == at(-12 * 3600)
    assert search.until == at(0)
    assert search.limit == 7


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("state=broken", "state: unknown; use one of investigating"),
        ("outcome=fine", "outcome: unknown"),
        ("from=yesterday", "from: give a time"),
        ("to=2026-11-05T13:00:00", "to: give a time"),
        ("from=0001-01-01T00:00:00%2B14:00", "from: give a time"),
        ("limit=0", "limit: give a number"),
        ("limit=201", "limit: give a number"),
        ("limit=%C2%B2", "limit: give a number"),
        ("limit=1&limit=2", "limit: given twice"),
        ("cursor=not-ours", "cursor: not one of ours"),
        ("stat=recovered", "stat: unknown; use one of rule"),
        ("text=%00", "text: give at most"),
    ],
)
def test_a_bad_filter_is_400_naming_the_field_and_the_remedy(
    query: str, word: str
) -> None:
    answer = Web().client().get(f"/api/incidents?{query}")

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"].startswith(word)


@pytest.mark.parametrize("path", ["/", "/api/incidents", "/api/incidents/inc-1"])
@pytest.mark.parametrize(
    "auth", [None, ("oncall", "wrong"), ("nobody", OPERATOR), ("oncall", "")]
)
def test_operators_must_prove_who_they_are(
    path: str, auth: tuple[str, str] | None
) -> None:
    web = Web(operators=OPERATORS, archive=recovered())

    answer = web.client().get(path, auth=auth)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("auth", [("oncall", OPERATOR), ("ana", "pass-of-ana-é")])
def test_every_named_operator_is_let_in(auth: tuple[str, str]) -> None:
    web = Web(operators=OPERATORS, archive=recovered())

    assert web.client().get("/api/incidents", auth=auth).status_code == 200


def test_a_webhooks_credential_opens_nothing_else() -> None:
    bearer = Credential(
        name="irm", senders=frozenset({Sender.IRM}), bearer=Secret("irm-token")
    )
    web = Web(operators=OPERATORS, credentials=(bearer,))
    headers = {"Authorization": "Bearer irm-token"}

    assert web.client().get("/api/incidents", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/", "/api/incidents", "/metrics"])
def test_without_operators_a_stranger_gets_403_with_the_remedy(path: str) -> None:
    answer = Web().client().get(path, headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.status_code == 403
    assert "operator_auth" in answer.text


@pytest.mark.parametrize(
    ("server", "status"),
    [(Server(), 200), (Server(host="0.0.0.0"), 401)],
    ids=["loopback", "beyond"],
)
def test_metrics_need_an_operator_beyond_this_machine(
    server: Server, status: int
) -> None:
    web = Web(operators=OPERATORS, server=server)

    assert web.client().get("/metrics").status_code == status


def test_metrics_through_a_proxy_need_an_operator() -> None:
    headers = {"X-Forwarded-For": "203.0.113.9"}

    answer = Web(operators=OPERATORS).client().get("/metrics", headers=headers)

    assert answer.status_code == 401


@pytest.mark.parametrize(("alive", "status"), [(True, 200), (False, 503)])
def test_healthy_means_that_the_worker_runs(alive: bool, status: int) -> None:
    web = Web(alive=alive, operators=OPERATORS)

    assert web.client().get("/-/healthy").status_code == status


@pytest.mark.parametrize(("can_write", "status"), [(True, 200), (False, 503)])
def test_ready_means_that_a_webhook_can_be_stored(can_write: bool, status: int) -> None:
    web = Web(archive=ListedArchive(can_write=can_write), alive=False)

    assert web.client().get("/-/ready").status_code == status


def test_a_process_names_itself_the_same_each_time_and_no_other_so() -> None:
    client, other = Web().client(), Web().client()
    names = [
        asked.get("/-/healthy").headers["X-Responder-Instance"]
        for asked in (client, client, other)
    ]
    assert names[0] == names[1] != names[2]
    assert "X-Responder-Instance" not in client.get("/-/ready").headers
