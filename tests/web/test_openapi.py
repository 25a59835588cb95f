"""The document at /api/openapi.json says what the service does, and all of it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    CheckFunction,
    not_a_server_error,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from responder.config.settings import Credential, Secret
from responder.incident.names import Sender
from responder.web.api import UNWRITTEN, template, whole_document
from responder.web.app import create_app
from tests.e2e.service import Service, service
from tests.web_parts import Web

OPERATOR = ("oncall", "pass-of-oncall")
TOKEN = "token-of-senders"
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def documented() -> set[tuple[str, str]]:
    paths = whole_document()["paths"]
    return {(method.upper(), path) for path in paths for method in paths[path]}


def test_every_route_is_documented_and_every_documented_route_exists() -> None:
    routes = {
        (method, template(rule.rule))
        for rule in create_app(Web().parts()).url_map.iter_rules()
        for method in (rule.methods or set()) - UNWRITTEN
    }
    words = [f"add to responder/web/openapi.yaml: {m} {p}" for m, p in routes]
    missing = {w for w, r in zip(words, routes, strict=True) if r not in documented()}
    gone = {f"no such route any more: {m} {p}" for m, p in documented() - routes}

    assert not sorted(missing | gone)


def test_every_operation_has_a_name_of_its_own() -> None:
    paths = whole_document()["paths"]
    names = [item[method]["operationId"] for item in paths.values() for method in item]

    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A whole service that demands every credential, with an incident in it."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    credential = Credential(name="all", senders=frozenset(Sender), bearer=Secret(TOKEN))
    demanding: dict[str, Any] = {
        "operators": {OPERATOR[0]: Secret(OPERATOR[1])},
        "webhook_auth": (credential,),
    }
    with ExitStack() as stack:
        found = stack.enter_context(service(folder, **demanding))
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        labels = {"alertname": "Order errors", "responder": "jwt-pizza"}
        alert = {
            "status": "firing",
            "labels": labels,
            "startsAt": "2026-11-05T16:42:10Z",
        }
        requests.post(
            f"{found.url}/webhooks/grafana",
            json={"alerts": [alert]},
            headers=bearer,
            timeout=60,
        ).raise_for_status()
        yield found


def schema() -> Any:
    return schemathesis.openapi.from_dict(whole_document())


OPERATIONS = [result.ok() for result in schema().get_all_operations()]
FALLIBLE = [found for found in OPERATIONS if found.body or found.query]
MODES = [(found, GenerationMode.POSITIVE) for found in OPERATIONS] + [
    (found, GenerationMode.NEGATIVE) for found in FALLIBLE
]


def asked(case: Case[Any], url: str) -> Any:
    """The answer to a case, with the credential that its operation asks for."""
    (tag,) = case.operation.definition.raw["tags"]
    if tag == "webhooks":
        return case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
    return case.call(base_url=url, auth=OPERATOR)


@pytest.mark.parametrize(
    ("operation", "mode"), MODES, ids=[f"{o.label} {m.value}" for o, m in MODES]
)
def test_the_service_answers_as_the_document_says(
    operation: Any, mode: GenerationMode, running: Service
) -> None:
    statuses: set[int] = set()

    @settings(
        max_examples=settings().max_examples // 10,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def answers(case: Case[Any]) -> None:
        answer = asked(case, running.url)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    answers()
    positive = mode is GenerationMode.POSITIVE
    # So that the examples are known to reach both ends; no id that is made up exists.
    if operation in FALLIBLE and not (positive and operation.path_parameters):
        assert statuses & set(range(200, 300) if positive else range(400, 500))


def test_an_incident_is_shown_as_the_document_says(running: Service) -> None:
    found = requests.get(f"{running.url}/api/incidents", auth=OPERATOR, timeout=60)
    incident, *_ = (i["id"] for i in found.json()["incidents"])
    listed = schema()["/api/incidents"]["GET"].Case()
    whole = schema()["/api/incidents/{incident_id}"]["GET"].Case(
        path_parameters={"incident_id": incident}
    )

    for case in (listed, whole):
        case.validate_response(asked(case, running.url), checks=CHECKS)


def test_the_document_is_served_to_operators(running: Service) -> None:
    url = f"{running.url}/api/openapi.json"

    assert requests.get(url, timeout=60).status_code == 401
    assert requests.get(url, auth=OPERATOR, timeout=60).json() == whole_document()
