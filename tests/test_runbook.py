"""The runbook has an entry for everything that leads to it, and is served whole."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from responder.doctor.alerts import WATCHES
from responder.incident.names import Mode, Reason, State
from tests.docs import page, section
from tests.e2e.service import RULE, service, until
from tests.web_parts import Web, founding

RUNBOOK = page("docs/runbook.md")
ENTRIES: dict[str, list[str]] = {
    "Alerts": [watch.name for watch in WATCHES],
    "States": [str(state) for state in State],
    "Reasons": [str(reason) for reason in Reason],
}


def entries(heading: str) -> list[str]:
    return re.findall(r"^### (\w+)$", section(RUNBOOK, heading), re.MULTILINE)


@pytest.mark.parametrize("heading", ENTRIES)
def test_every_name_has_one_entry_in_its_order_and_there_is_no_other(
    heading: str,
) -> None:
    assert entries(heading) == ENTRIES[heading]


@pytest.mark.parametrize("name", [n for names in ENTRIES.values() for n in names])
def test_an_entry_says_what_it_means_and_what_to_do(name: str) -> None:
    means, _, does = section(RUNBOOK, name).partition("**Do:**")

    assert len(means.split()) > 2
    assert does.strip()


@pytest.mark.parametrize("name", [n for names in ENTRIES.values() for n in names])
def test_an_entry_is_served_where_links_lead(name: str) -> None:
    served = Web().client().get("/runbook").get_data(as_text=True)

    assert f'<h3 id="{name.lower()}">' in served


def test_a_link_within_the_runbook_leads_to_an_entry() -> None:
    served = Web().client().get("/runbook").get_data(as_text=True)
    links = re.findall(r'href="#([^"]+)"', served.partition("<article")[2])

    assert links
    assert set(links) <= set(re.findall(r' id="([^"]+)"', served))


def test_an_incident_s_page_leads_to_the_entry_of_its_reason() -> None:
    web = Web()
    web.archive.timelines["01k9a"] = founding()
    shown = web.client().get("/incidents/01k9a").get_data(as_text=True)
    reason = web.client().get("/api/incidents/01k9a").get_json()["reason"]

    assert f'href="/runbook#{reason}"' in shown


def test_the_first_page_leads_there_from_an_open_incident(tmp_path: Path) -> None:
    with service(tmp_path, rule=replace(RULE, mode=Mode.SHADOW)) as found:
        found.alert()
        until(found.incidents)
        shown = requests.get(found.url, timeout=60).text

    assert re.search(r'href="/runbook#[a-z_]+">Runbook', shown)
