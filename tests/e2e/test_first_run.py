"""An empty Responder's checklist, from nothing to gone, on a whole service."""

from datetime import timedelta
from pathlib import Path

import requests

from responder.config.settings import Secret
from tests.e2e.service import Service, service, until
from tests.e2e.test_drills import drilled

OPERATOR = "pass-of-oncall"
OFTEN = timedelta(seconds=0.2)


def front(found: Service) -> str:
    return requests.get(found.url, auth=found.auth, timeout=5).text


def test_it_ticks_as_each_step_succeeds_and_is_gone_in_the_end(tmp_path: Path) -> None:
    users = {"oncall": Secret(OPERATOR)}
    with service(tmp_path, probe_every=OFTEN, operators=users) as found:
        found.auth = ("oncall", OPERATOR)
        until(lambda: "First evening 1/6" in front(found))

        assert drilled(found)["result"] == "passed"
        until(lambda: "First evening 5/6" in front(found))
        assert "run `responder connect`" in front(found)

        found.alert()
        until(lambda: "First evening" not in front(found))


def test_it_can_be_dismissed_for_good(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        assert "First evening" in front(found)
        requests.post(f"{found.url}/do/first-run", timeout=5)

        assert "First evening" not in front(found)
