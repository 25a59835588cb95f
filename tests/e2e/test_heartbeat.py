"""A heartbeat through the whole service: measured, remembered, and never acted upon."""

import re
from pathlib import Path

import requests

from tests.e2e.service import Service, service, until

METRIC = "responder_last_heartbeat_timestamp_seconds"


def last_heartbeat(found: Service) -> float:
    exported = requests.get(f"{found.url}/metrics", timeout=60).text
    line = re.search(rf"^{METRIC} (\S+)$", exported, re.MULTILINE)
    assert line
    return float(line[1])


def test_a_heartbeat_is_measured_across_a_restart_and_opens_nothing(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as found:
        assert last_heartbeat(found) == 0
        answer = found.alert(heartbeat="true")
        assert [a["verdict"] for a in answer["alerts"]] == ["heartbeat"]
        heard = last_heartbeat(found)
        assert heard > 0
        assert found.incidents() == []

    with service(tmp_path) as found:
        assert last_heartbeat(found) == heard


def test_failing_orders_and_a_heartbeat_lead_to_no_report(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        found.factory.start_chaos("fail")
        for _ in range(5):
            found.shop.order()
        found.alert(heartbeat="true")
        found.alert()
        until(lambda: found.factory.effective_calls)
        until(lambda: found.incident()["reports"])

        assert len(found.incidents()) == 1
        assert len(found.incident()["reports"]) == 1
