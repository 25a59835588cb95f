"""A rule in shadow is tried on every shipped cassette, and its service counts them."""

from pathlib import Path

import requests

from tests.cassettes import SHIPPED, changed, settings_of
from tests.commands import ended, spawn
from tests.e2e.service import service

IN_SHADOW = changed(("    traffic:", "    mode: shadow\n    traffic:"))
SHOWN = "14 cassettes: 12 right calls, 2 rightly none, 0 not as expected"


def test_the_service_counts_them_until_its_configuration_changes(
    tmp_path: Path,
) -> None:
    (tmp_path / "responder.yaml").write_text(IN_SHADOW)
    runs = settings_of(IN_SHADOW)
    typed = ("shadow", SHIPPED[0].parent, "--config", "responder.yaml", "--server")
    with service(tmp_path, rules=runs.rules, sha=runs.sha) as found:
        said = ended(spawn(*typed, found.url, folder=tmp_path))
        page = requests.get(f"{found.url}/incidents", timeout=10).text
        incidents, calls = found.incidents(), found.factory.calls

    assert (said.status, said.complaints) == (0, [])
    assert SHOWN in said.out
    assert "Not ready yet: 1 live right call more would show it" in said.out
    assert SHOWN in page
    assert (incidents, calls) == ([], [])

    with service(tmp_path, rules=runs.rules, sha="beefbeefbeef") as later:
        answer = requests.get(f"{later.url}/api/shadow", timeout=10).json()

    told = "14 cassettes were of another configuration: run `responder shadow`"
    assert told in answer["rules"][0]["sentence"]
