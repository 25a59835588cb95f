"""The simulated shop as a program of its own, against a whole Responder."""

import signal
from pathlib import Path

import requests

from tests.commands import spawn
from tests.e2e.service import service, until


def test_chaos_that_is_asked_for_over_http_is_reported_and_recovers(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as found:
        shop = spawn(
            *("demo", "--shop", found.factory.url),
            *("--push", found.push_url),
            folder=tmp_path,
            environment={"FACTORY_API_KEY": found.factory.api_key},
        )
        try:
            asked = requests.put(
                f"{found.factory.url}/api/vendor/chaos/fail",
                headers={"Authorization": f"Bearer {found.factory.api_key}"},
                timeout=60,
            )
            assert asked.json() == {"message": "Chaos initiated"}
            found.alert()
            until(lambda: found.factory.effective_calls)
            found.in_state("recovered")
        finally:
            shop.send_signal(signal.SIGTERM)
            shop.communicate(timeout=60)

        assert len(found.factory.effective_calls) == 1
