"""Whatever a Grafana tells: it is judged, or refused in one sentence."""

from typing import Any
from urllib.parse import unquote, urlsplit

from hypothesis import given

from responder.config.settings import (
    Credential,
    GrafanaSettings,
    Hmac,
    Secret,
    Server,
    Settings,
)
from responder.doctor.connect import plan, wakes
from responder.doctor.findings import Finding
from responder.doctor.grafana import Grafana, GrafanaError, GrafanaState, Matter, judge
from responder.incident.names import Sender
from responder.incident.rule import Matcher, Rule
from responder.masking import Masker
from responder.senders.sample import labels_for
from tests.hostile import with_something_wrong
from tests.web_parts import RULE

OURS = Rule(
    name=RULE.name,
    match=((Matcher(label="responder", op="=", value="jwt-pizza"),),),
    checks=RULE.checks,
)
SETTINGS = Settings(
    server=Server(public_url="https://responder.example.net"),
    webhook_auth=(
        Credential(
            name="grafana",
            senders=frozenset([Sender.GRAFANA]),
            hmac=Hmac(secrets=(Secret("canary-0451"),), timestamp_header="X-T"),
        ),
    ),
    rules=(OURS,),
)
TOLD: dict[str, Any] = {
    "/api/health": {"version": "12.1.0"},
    "/api/v1/provisioning/contact-points": [
        {
            "uid": "a",
            "name": "On call",
            "type": "webhook",
            "disableResolveMessage": False,
            "settings": {
                "url": "https://responder.example.net/webhooks/grafana?x=y",
                "maxAlerts": "0",
                "hmacConfig": {"secret": "[REDACTED]", "header": "X-S"},
                "tlsConfig": {"insecureSkipVerify": False},
                "payload": {"template": ""},
            },
        },
        {
            "uid": "b",
            "name": "On call",
            "type": "email",
            "settings": {"addresses": "a@example.net"},
        },
    ],
    "/api/v1/provisioning/policies": {
        "receiver": "On call",
        "group_wait": "30s",
        "routes": [
            {"receiver": "On call", "object_matchers": [["responder", "=~", "jwt.*"]]}
        ],
    },
    "/api/v1/provisioning/alert-rules": [
        {
            "uid": "r",
            "title": "Order errors",
            "folderUID": "f",
            "ruleGroup": "g",
            "labels": {"responder": "jwt-pizza"},
            "data": [{"refId": "A", "model": {"expr": "vector(0)"}}],
            "noDataState": "OK",
            "for": "1m",
            "isPaused": False,
            "notification_settings": {"receiver": "On call", "group_wait": "1s"},
        }
    ],
    "/api/v1/provisioning/folder/f/rule-groups/g": {"interval": 60},
    "/api/folders": [{"uid": "f", "title": "Pizza"}],
    "/api/datasources": [{"uid": "l", "name": "Loki", "type": "loki", "url": "u"}],
}


class Told(Grafana):
    """A Grafana that answers out of a document."""

    def __init__(self, document: Any) -> None:
        super().__init__(GrafanaSettings(url="http://grafana"), Masker())
        self._document = document

    def get(self, path: str) -> Any:
        document = self._document if isinstance(self._document, dict) else {}
        known = unquote(urlsplit(path).path)
        if known not in document:
            raise GrafanaError("HTTP 404", 404)
        return document[known]


def judged(document: Any) -> tuple[GrafanaState, list[Finding]]:
    seen = Told(document).look()
    return seen, [*judge(Matter(seen=seen, settings=SETTINGS))]


def test_the_document_is_judged_as_it_stands() -> None:
    _, findings = judged(TOLD)
    assert {"grafana.timestamp", "grafana.pending"} <= {f.check for f in findings}


@given(with_something_wrong(TOLD))
def test_anything_wrong_in_it_is_judged_or_refused(case: tuple[Any, Any]) -> None:
    _, document = case
    try:
        seen, findings = judged(document)
    except GrafanaError:
        return
    assert all(isinstance(one.says, str) and one.check for one in findings)
    matter = Matter(seen=seen, settings=SETTINGS)
    wanted = wakes(SETTINGS.rules, labels_for)
    assert all(
        "canary" not in change.diff for change in plan(matter, wanted, "pizza-loki", {})
    )
