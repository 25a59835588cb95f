"""A chain without any webhook: Responder sees the fault itself."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from responder.config.settings import LokiLogs
from responder.incident.names import Mode
from tests.e2e.service import ONLY_ERRORS, RULE, Service, service, until
from tests.loki_server import Fault, LokiServer

WATCHED = replace(RULE, watch=timedelta(seconds=0.3))


def opened(incident: dict[str, object]) -> object:
    timeline = incident["timeline"]
    assert isinstance(timeline, list)
    return timeline[0]["reason"]


def looks(service: Service, result: str) -> float:
    found = service.responder.metrics.registry.get_sample_value(
        "responder_watch_looks_total", {"rule": RULE.name, "result": result}
    )
    assert found is not None
    return found


def test_failing_orders_are_reported_without_any_alert(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found:
        found.factory.start_chaos("fail")
        with found.ordering():
            ended = found.in_state("recovered")

        assert opened(ended) == "self_detected"
        assert len(found.factory.effective_calls) == len(ended["reports"]) == 1
        assert not found.responder.store.deliveries()


def test_the_same_errors_are_no_second_incident(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found:
        found.factory.start_chaos("fail")
        with found.ordering():
            found.in_state("recovered")
            before = looks(found, "quiet")
            until(lambda: looks(found, "quiet") >= before + 3)

        assert len(found.incidents()) == 1


def test_a_new_fault_after_it_is_a_new_incident(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found, found.ordering():
        found.factory.start_chaos("fail")
        found.in_state("recovered")
        found.factory.start_chaos("badjwt")
        second = found.in_state("recovered", number=1)

        assert opened(second) == "self_detected"
        assert len(found.factory.effective_calls) == 2


def test_an_alert_that_comes_while_it_is_open_joins(tmp_path: Path) -> None:
    patient = replace(WATCHED, verify_after=timedelta(seconds=3))
    with service(tmp_path, patient) as found, found.ordering():
        found.factory.start_chaos("fail")
        known = found.in_state("verifying")

        (said,) = found.alert()["alerts"]

        assert (said["verdict"], said["incident"]) == ("joined", known["id"])


def test_an_alert_that_comes_after_recovery_opens_nothing(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found, found.ordering():
        found.factory.start_chaos("fail")
        known = found.in_state("recovered")

        (said,) = found.alert(alertname="Order errors")["alerts"]
        (other,) = found.alert(alertname="Links in the logs")["alerts"]

        for one in (said, other):
            assert (one["verdict"], one["incident"]) == ("echo", known["id"])
        assert len(found.incidents()) == 1
        assert found.incident()["state"] == "recovered"


def test_a_fault_that_such_an_alert_speaks_of_is_a_relapse(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found, found.ordering():
        found.factory.start_chaos("fail")
        known = found.in_state("recovered")
        (watch,) = found.responder.periodic
        watch.stop()
        found.factory.start_chaos("fail")
        found.shop.order()
        found.alert()
        found.clock.skip(timedelta(seconds=15))

        again = found.in_state("recovered", number=1)

        assert again["relapse_of"] == known["id"]


def test_a_pause_holds_what_the_watch_opened(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found, found.ordering():
        found.responder.store.controls.pause("ana", None)
        found.factory.start_chaos("fail")

        held = found.in_state("holding")
        assert (opened(held), held["reason"]) == ("self_detected", "paused")
        assert not found.factory.calls

        found.responder.store.controls.resume("ana")
        found.in_state("recovered")


def test_in_shadow_mode_it_watches_and_sends_nothing(tmp_path: Path) -> None:
    shadow = replace(WATCHED, mode=Mode.SHADOW)
    with service(tmp_path, shadow) as found, found.ordering():
        found.factory.start_chaos("fail")
        seen = found.in_state("verifying")

        assert seen["reason"] == "shadow"
        assert not found.factory.calls


def test_while_an_incident_is_open_it_looks_itself(tmp_path: Path) -> None:
    with service(tmp_path, WATCHED) as found:
        found.alert()
        until(lambda: looks(found, "engaged") >= 2)
        assert len(found.incidents()) == 1


def test_what_a_person_closed_is_opened_again_by_new_errors_only(
    tmp_path: Path,
) -> None:
    few = replace(ONLY_ERRORS, watch=timedelta(seconds=0.3))
    with service(tmp_path, few) as found:
        found.write(*[f"no link in line {n}" for n in range(5)])
        known = found.in_state("investigating", "holding", "needs_human")
        answer = found.post(f"/api/incidents/{known['id']}/close", {})
        assert answer.status_code == 200
        before = looks(found, "quiet")
        until(lambda: looks(found, "quiet") >= before + 3)
        assert len(found.incidents()) == 1

        found.clock.skip(few.settle)
        found.write(*[f"another line {n}" for n in range(5)])

        until(lambda: len(found.incidents()) == 2)


def test_unreadable_logs_open_nothing(tmp_path: Path) -> None:
    with LokiServer() as loki:
        loki.fault = Fault(status=500)
        with service(tmp_path, WATCHED, logs=LokiLogs(url=loki.url)) as found:
            until(lambda: looks(found, "unreadable") >= 2)
            assert not found.incidents()
            loki.fault = None
            until(lambda: looks(found, "quiet") >= 1)


def test_a_look_is_one_range_query_for_each_check(tmp_path: Path) -> None:
    hourly = replace(WATCHED, watch=timedelta(hours=1))
    with (
        LokiServer() as loki,
        service(tmp_path, hourly, logs=LokiLogs(url=loki.url)) as found,
    ):
        until(lambda: looks(found, "quiet") == 1)

        asked = [request.path for request in loki.requests]
        assert asked == ["/loki/api/v1/query_range"] * len(hourly.checks)


def test_an_incident_opened_by_hand_is_reported_like_any_other(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as found, found.ordering():
        found.factory.start_chaos("fail")
        found.shop.order()
        answer = found.post(f"/api/rules/{RULE.name}/open", {})
        ended = found.in_state("recovered")

    assert answer.json()["incident"] == ended["id"]
    assert opened(ended) == "opened_by_person"
    assert ended["timeline"][0]["by"] == "someone on this machine"
    assert len(found.factory.effective_calls) == 1


def test_opened_by_hand_without_a_fault_it_reports_nothing(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        found.post(f"/api/rules/{RULE.name}/open", {})
        held = found.in_state("holding")

    assert held["reason"] == "below_threshold"
    assert not found.factory.calls
