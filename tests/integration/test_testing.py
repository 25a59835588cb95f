"""The test kit, used as other people use it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from responder.demo.factory import SimulatedFactory
from responder.demo.shop import LokiPush, SimulatedShop
from responder.testing import (
    Loki,
    Replayed,
    Running,
    alertmanager_body,
    grafana_body,
    irm_body,
    replay,
    settings_from,
)
from tests.cassettes import SHIPPED, changed
from tests.docs import ROOT, page

pytest_plugins = ["pytester"]
FOUNDING = next(file for file in SHIPPED if file.stem == "2025-04-07-factory-500")


def test_a_cassette_that_comes_out_is_handed_back(
    replay_cassette: Callable[..., Replayed],
) -> None:
    found = replay_cassette(FOUNDING)

    assert found.reported
    assert (found.states, found.calls) == (["recovered"], ["ticket"])
    assert found.expect("reported,recovered", within="5s") is found
    assert str(found).startswith("2025-04-07-factory-500: as expected\n")


def test_one_that_does_not_fails_with_its_timeline(tmp_path: Path) -> None:
    deaf = tmp_path / "responder.yaml"
    deaf.write_text(
        changed(
            ("threshold: 5\n", "threshold: 500\n"), ("threshold: 1\n", "threshold: 9\n")
        )
    )

    with pytest.raises(AssertionError) as failed:
        replay(FOUNDING, changed_label(tmp_path))

    assert "NOT AS EXPECTED" in str(failed.value)
    assert "! expected calls of ticket, not of none" in str(failed.value)
    assert "18:46:00.000  incident opened" in str(failed.value)
    assert replay(FOUNDING, deaf).calls == ["ticket"], "nine lines are there"


def changed_label(folder: Path) -> Path:
    file = folder / "wrong.yaml"
    file.write_text(changed(("jwt-pizza-service", "another-service")))
    return file


def test_a_further_expectation_fails_with_what_came_instead() -> None:
    with pytest.raises(AssertionError, match="expected needs_human, which never came"):
        replay(FOUNDING).expect("needs_human")


def test_a_bad_configuration_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("rulez: []")

    with pytest.raises(ValueError, match="rulez: is not a known key"):
        settings_from(file)


@pytest.mark.parametrize(
    ("body", "sender"),
    [(grafana_body, "grafana"), (alertmanager_body, "alertmanager"), (irm_body, "irm")],
)
def test_each_body_is_taken_by_a_running_service(
    running_responder: Callable[..., Running],
    body: Callable[..., dict[str, object]],
    sender: str,
) -> None:
    service = running_responder()

    taken = service.deliver(body(), sender)

    assert taken["alerts"][0]["verdict"] == "opened"
    assert service.wait_for("holding")["reason"] == "below_threshold"


def test_a_fault_is_found_in_the_loki_and_reported_to_the_factory(
    running_responder: Callable[..., Running],
    simulated_factory: SimulatedFactory,
    simulated_loki: Loki,
) -> None:
    service = running_responder()
    simulated_factory.start_chaos("fail")
    push = LokiPush(simulated_loki.push_url)
    shop = SimulatedShop(
        simulated_factory.url, push, vendor_key=simulated_factory.api_key
    )
    shop.order()

    service.deliver(grafana_body())

    assert service.wait_for("verifying")["reason"] == "reported"
    assert len(simulated_factory.effective_calls) == 1


def test_a_loki_that_is_away_is_unreadable_to_a_running_service(
    running_responder: Callable[..., Running], simulated_loki: Loki
) -> None:
    simulated_loki.away = True

    service = running_responder()
    service.deliver(grafana_body())

    assert service.wait_for("holding")["reason"] == "logs_unreadable"


def test_the_loki_counts_as_loki_does(simulated_loki: Loki) -> None:
    for text in ("one", "two", "three"):
        simulated_loki.add(text, component="x")
    simulated_loki.add("old", datetime(2026, 1, 1, tzinfo=UTC), component="x")
    query = '{component="x"} |~ "o"'
    asked = {"query": f"sum(count_over_time({query}\n[5m])) or vector(0)"}
    now = int(datetime.now(UTC).timestamp() * 1e9)

    counted = requests.get(
        f"{simulated_loki.url}/loki/api/v1/query",
        params={**asked, "time": str(now)},
        timeout=5,
    ).json()
    piped = requests.get(
        f"{simulated_loki.url}/loki/api/v1/query_range",
        params={
            "query": query + " | json",
            "start": "0",
            "end": str(now),
            "limit": "9",
        },
        timeout=5,
    )

    assert counted["data"]["result"][0]["value"][1] == "2"
    assert piped.status_code == 400


def test_the_examples_of_the_page_pass_in_a_repository_of_their_own(
    pytester: pytest.Pytester,
) -> None:
    examples = re.findall(r"```python\n(.*?)```", page("docs/testing.md"), re.DOTALL)
    (pytester.path / "responder.yaml").write_text(changed())
    (pytester.path / "cassettes").symlink_to(ROOT / "cassettes")
    for number, text in enumerate(examples):
        (pytester.path / f"test_example_{number}.py").write_text(text)

    result = pytester.runpytest("-p", "responder.pytest_fixtures", "-q")

    result.assert_outcomes(passed=3)
