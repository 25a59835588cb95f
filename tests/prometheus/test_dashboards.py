"""Every panel shows something of a service that lived through an incident."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from responder.doctor.alerts import WATCHES
from tests.docs import ROOT
from tests.e2e.service import service, until
from tests.prometheus.conftest import Scraping

DASHBOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
CHOSEN = {"$rule": ".*", "$__rate_interval": "1m", "$__range": "1h"}


def queries() -> Iterator[tuple[str, str]]:
    """Every panel's name with each of its queries, as Grafana would send them."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                expr = target["expr"]
                for variable, value in CHOSEN.items():
                    expr = expr.replace(variable, value)
                yield f"{path.stem}: {panel['title']} {target['refId']}", expr


def watched() -> Iterator[tuple[str, str]]:
    """What each alert about Responder measures: a misspelt one would never fire."""
    for watch in WATCHES:
        if not watch.expr.startswith("absent("):
            yield watch.name, watch.expr


def test_both_dashboards_ask_something_in_every_panel() -> None:
    boards = [json.loads(path.read_text("utf-8")) for path in DASHBOARDS]

    assert [board["uid"] for board in boards] == [
        "responder-on-call",
        "responder-service",
    ]
    panels: list[dict[str, Any]] = [p for b in boards for p in b["panels"]]
    assert all(p["type"] == "row" or p["targets"] for p in panels)


@pytest.mark.timeout(120)
def test_every_query_returns_data_after_an_incident(
    tmp_path: Path, scraping: Scraping
) -> None:
    with service(tmp_path) as found:
        prometheus = scraping(found.url)
        found.alert(heartbeat="true")
        # Refused once, so that a failure is to be seen as well.
        found.factory.answer_with(502, "bad gateway")
        found.factory.start_chaos("fail")
        with found.ordering():
            until(lambda: len(found.logged) > 12)
            found.alert()
            found.in_state("recovered")

        def silent() -> list[str]:
            asked = (*queries(), *watched())
            return [name for name, query in asked if not prometheus.ask(query)]

        with suppress(AssertionError):
            until(lambda: not silent())
        assert silent() == []


def test_what_is_exported_is_to_the_taste_of_promtool(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        exported = requests.get(f"{found.url}/metrics", timeout=60).text
    judged = subprocess.run(
        ["promtool", "check", "metrics"],
        input=exported,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
