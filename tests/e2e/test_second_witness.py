"""The factory's own record, beside the proof from the logs."""

from pathlib import Path
from typing import Any

import requests

from tests.e2e.service import Service, service


def lived(found: Service) -> dict[str, Any]:
    with found.ordering():
        found.factory.start_chaos("fail")
        found.shop.order()
        found.alert()
        return found.in_state("recovered")


def kinds(incident: dict[str, Any]) -> list[str]:
    return [event["event"] for event in incident["timeline"]]


def test_with_a_key_the_fix_date_stands_on_the_timeline_after_the_report(
    tmp_path: Path,
) -> None:
    with service(tmp_path, keyed=True) as found:
        ended = lived(found)
        (told,) = [e for e in ended["timeline"] if e["event"] == "fix_recorded"]
        page = requests.get(f"{found.url}/incidents/{ended['id']}", timeout=5).text
        begins, fixed = found.factory.started_at, found.factory.fixed_at

    order = kinds(ended)
    assert order.index("fix_recorded") == order.index("report_answered") + 1
    assert fixed is not None
    assert told["fixed_at"][:23] == fixed.isoformat()[:23]
    assert "the factory&#39;s own record: mended at" in page
    assert begins is not None
    assert begins.isoformat()[:23] not in page + str(ended)


def test_without_a_key_nobody_asks(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        assert "fix_recorded" not in kinds(lived(found))
