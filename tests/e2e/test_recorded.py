"""What was lived in real time is lived again from its cassette, with one result."""

from pathlib import Path

import requests

from responder.incident.names import Outcome, Proof, State
from responder.replay.cassette import By, load
from responder.replay.play import play
from tests.e2e.service import Service, service


def cassette_of(running: Service) -> str:
    """The cassette as the service gives it."""
    name = running.incident()["id"]
    answer = requests.get(f"{running.url}/api/incidents/{name}/cassette", timeout=60)
    assert answer.status_code == 200
    return answer.text


def test_the_same_incident_decides_the_same_live_and_in_replay(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        live = running.in_state("recovered")
        text = cassette_of(running)
        key = running.factory.api_key
        settings = running.responder.settings

    cassette = load(text)
    played = play(cassette, settings)

    (lived,) = played.incidents
    (report,) = lived.incident.answered
    assert key not in text
    assert [call.by for call in cassette.calls] == [By.RESPONDER]
    assert played.calls == ["a"]
    assert played.differs == []
    assert report.outcome is Outcome.RESOLVED
    assert lived.incident.state is State.RECOVERED
    assert (lived.incident.proof, live["proof"]) == (Proof.ORDERS, "orders")
    assert lived.incident.reason == live["reason"]
    assert lived.incident.first_error_at is not None


def test_an_incident_that_was_held_is_held_in_replay(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.alert()
        running.in_state("holding")
        text = cassette_of(running)
        settings = running.responder.settings

    played = play(load(text), settings)

    assert played.calls == []
    assert played.incidents[0].incident.state in (State.HOLDING, State.STOOD_DOWN)


def test_the_body_of_a_delivery_can_be_downloaded(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        taken = running.alert()
        answer = requests.get(
            f"{running.url}/api/deliveries/{taken['delivery']}/body", timeout=60
        )
        missing = requests.get(f"{running.url}/api/deliveries/none/body", timeout=60)

    assert answer.json()["alerts"][0]["labels"]["responder"] == "jwt-pizza"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert missing.status_code == 404


def test_the_page_leads_to_the_cassette_and_to_each_body(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        taken = running.alert()
        name = running.incident()["id"]
        page = requests.get(f"{running.url}/incidents/{name}", timeout=60).text

    assert f'href="/api/incidents/{name}/cassette"' in page
    assert f'href="/api/deliveries/{taken["delivery"]}/body"' in page
