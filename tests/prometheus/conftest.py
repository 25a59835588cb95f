"""A real Prometheus, the system's own, beside the service.

Without one these tests are left out and one line says so;
`RESPONDER_REQUIRE_PROMETHEUS` turns that into a failure.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.commands import free_port
from tests.e2e.service import until

_LACKING = [tool for tool in ("prometheus", "promtool") if not shutil.which(tool)]
if _LACKING and os.environ.get("RESPONDER_REQUIRE_PROMETHEUS"):
    lacking = ", ".join(_LACKING)
    pytest.exit(f"RESPONDER_REQUIRE_PROMETHEUS is set, but there is no {lacking}", 1)

collect_ignore_glob = ["test_*.py"] if _LACKING else []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _LACKING:
        terminalreporter.write_line(
            f"tests/prometheus was not run: no {', '.join(_LACKING)}"
            " (Debian: apt-get install prometheus)"
        )


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that scrapes a service every second."""

    url: str

    def ask(self, query: str) -> list[float]:
        """The numbers that a query gives now; what is not a number is left out."""
        answer = requests.get(
            f"{self.url}/api/v1/query", params={"query": query}, timeout=60
        ).json()
        assert answer["status"] == "success", f"{query}: {answer.get('error')}"
        found = [float(series["value"][1]) for series in answer["data"]["result"]]
        return [number for number in found if number == number]


Scraping = Callable[[str], Prometheus]


@pytest.fixture
def scraping(tmp_path: Path) -> Iterator[Scraping]:
    """Starts a Prometheus that scrapes the service at an address."""
    with ExitStack() as stack:

        def start(address: str) -> Prometheus:
            target = address.removeprefix("http://")
            job = {"job_name": "responder", "static_configs": [{"targets": [target]}]}
            config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
            file = tmp_path / "prometheus.yml"
            file.write_text(yaml.safe_dump(config), "utf-8")
            port = free_port()
            running = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={file}",
                    f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=error",
                ],
            )
            stack.callback(running.wait, timeout=60)
            stack.callback(running.terminate)
            found = Prometheus(f"http://127.0.0.1:{port}")
            until(lambda: ready(found))
            until(lambda: found.ask("responder_build_info"))
            return found

        yield start


def ready(prometheus: Prometheus) -> bool:
    try:
        return requests.get(f"{prometheus.url}/-/ready", timeout=60).ok
    except requests.ConnectionError:
        return False
