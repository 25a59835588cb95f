"""A deployment from nothing: connect, doctor clean, then broken in every way.

A served Responder, a Grafana, a Loki and a factory, each on a socket.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Said, Typist
from tests.e2e.service import Service, service
from tests.grafana_server import TOKEN, GrafanaServer, World, fresh
from tests.loki_server import Fault, LokiServer

CONFIGURATION = """\
server:
  public_url: "{public_url}"
webhook_auth:
  - name: grafana
    senders: [grafana]
    hmac:
      secrets: ["${{GRAFANA_HMAC_SECRET}}"]
      timestamp_header: X-Grafana-Alerting-Timestamp
operator_auth:
  users: {{ oncall: "${{ONCALL_PASSWORD}}" }}
logs:
  type: loki
  url: "{loki_url}"
  username: "123456"
  password: "${{LOKI_TOKEN}}"
factory: {{ url: "{factory_url}", api_key: "${{FACTORY_API_KEY}}" }}
grafana: {{ url: "{grafana_url}", token: "${{GRAFANA_TOKEN}}" }}
rules:
  - name: pizza-factory
    match: [{{ responder: jwt-pizza }}]
    checks:
      - name: report-link
        query: '{{component="jwt-pizza-service"}} |= "/api/support/" |= "/report/"'
        window: 10m
        threshold: 1
      - name: error-logs
        query: '{{component="jwt-pizza-service", level="error"}}'
        window: 5m
        threshold: 5
    traffic: >-
      {{component="jwt-pizza-service"}} |= `"method":"POST"` |= "menuId"
      |= `"statusCode":200` != "/api/support/"
    mode: auto
"""
LINE = '{"path":"/api/order","method":"POST","statusCode":200,"reqBody":"menuId"}'


@dataclass
class Stand:
    """Everything that a person has before typing the first command, and after."""

    type_command: Typist
    config: Path
    env: pytest.MonkeyPatch
    grafana: GrafanaServer
    loki: LokiServer
    service: Service

    def doctor(self, *typed: str) -> Said:
        server = ("--server", self.service.url)
        return self.type_command(
            "doctor", "--config", self.config, "--quick", *server, *typed
        )

    def findings(self, *typed: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.doctor("--json", *typed).out)[
            "findings"
        ]
        return found

    def change(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    @property
    def world(self) -> World:
        return self.grafana.world

    @property
    def ours(self) -> dict[str, Any]:
        (one,) = (p for p in self.world.points if p["type"] == "webhook")
        return one

    @property
    def hmac(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ours["settings"]["hmacConfig"]
        return found

    @property
    def rule(self) -> dict[str, Any]:
        (one,) = (r for r in self.world.rules if "error-logs" in r["title"])
        return one


@pytest.fixture
def stand(
    tmp_path: Path, type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stand]:
    world = fresh()
    world.policy |= {"group_wait": "0s", "group_interval": "10s"}
    with (
        GrafanaServer(world) as grafana,
        LokiServer() as loki,
        service(tmp_path) as served,
    ):
        for level in ("info", "error"):
            labels = {"component": "jwt-pizza-service", "level": level}
            loki.add(served.now_ns() - 60 * 10**9, LINE, **labels)
        made = Stand(
            type_command,
            tmp_path / "responder.yaml",
            monkeypatch,
            grafana,
            loki,
            served,
        )
        _set_up(made)
        yield made


def _set_up(stand: Stand) -> None:
    """What a person does: write the configuration, set the secrets, connect."""
    stand.config.write_text(
        CONFIGURATION.format(
            public_url=stand.service.url,
            loki_url=stand.loki.url,
            factory_url=stand.service.factory.url,
            grafana_url=stand.grafana.url,
        )
    )
    stand.env.setenv("GRAFANA_HMAC_SECRET", "5eaf00d" * 8)
    stand.env.setenv("ONCALL_PASSWORD", "pass-of-oncall-0451")
    stand.env.setenv("LOKI_TOKEN", "glc_bG9raQ")
    stand.env.setenv("FACTORY_API_KEY", stand.service.factory.api_key)
    stand.env.setenv("GRAFANA_TOKEN", TOKEN)
    applied = stand.type_command("connect", "--config", stand.config, "--apply")
    assert applied.status == 0, applied.err


def test_a_connected_configuration_has_a_clean_bill_of_health(stand: Stand) -> None:
    assert stand.type_command("check", "--config", stand.config).status == 0
    stand.grafana.wrote.clear()
    again = stand.type_command("connect", "--config", stand.config, "--apply")
    assert again.out == f"nothing to change at {stand.grafana.url}\n"
    assert stand.grafana.wrote == []
    said = stand.doctor()
    levels = {one["level"] for one in stand.findings()}
    assert (said.status, levels) == (0, {"ok"}), said.out
    assert said.out.splitlines()[-1].startswith("0 problems, 0 warnings, 0 notes; ")


def test_progress_is_told_apart_from_the_findings(stand: Stand) -> None:
    said = stand.doctor("--json")
    assert [line for line in said.err.splitlines() if line.startswith("asking")] == [
        f"asking the public address, and {stand.service.url} …",
        "asking Grafana …",
        "asking the logs …",
        "asking the factory …",
    ]


def test_no_report_path_is_touched_and_nothing_is_written(stand: Stand) -> None:
    stand.grafana.wrote.clear()
    stand.doctor()
    assert stand.service.factory.calls == []
    assert stand.grafana.wrote == []


def test_no_secret_is_in_what_is_said(stand: Stand) -> None:
    secret = stand.hmac["secret"]
    stand.ours["settings"]["url"] += f"?token={secret}"
    said = stand.doctor()
    both = said.out + said.err
    assert "carries a secret in its URL" in both
    assert [word for word in (secret, TOKEN, "glc_bG9raQ") if word in both] == []


# Broken settings


def set_hmac(stand: Stand) -> None:
    del stand.hmac["timestampHeader"]


def other_timestamp(stand: Stand) -> None:
    stand.hmac["timestampHeader"] = "X-Other"


def unsigned(stand: Stand) -> None:
    del stand.ours["settings"]["hmacConfig"]


def other_header(stand: Stand) -> None:
    stand.hmac["header"] = "X-Other"


def gone(stand: Stand) -> None:
    stand.world.points.remove(stand.ours)


def no_resolves(stand: Stand) -> None:
    stand.ours["disableResolveMessage"] = True


def in_url(stand: Stand) -> None:
    stand.ours["settings"]["url"] += "?token=abc"


def truncated(stand: Stand) -> None:
    stand.ours["settings"]["maxAlerts"] = "1"


def other_path(stand: Stand) -> None:
    url = stand.ours["settings"]["url"]
    stand.ours["settings"]["url"] = url.replace("/webhooks/grafana", "/hooks")


def own_template(stand: Stand) -> None:
    stand.ours["settings"]["payload"] = {"template": "{{ .Status }}"}


def elsewhere(stand: Stand) -> None:
    stand.ours["settings"]["url"] = "https://old.example.net/webhooks/grafana"


def by_https(stand: Stand) -> None:
    url = stand.ours["settings"]["url"]
    stand.ours["settings"]["url"] = url.replace("http:", "https:")


def unverified(stand: Stand) -> None:
    stand.ours["settings"]["tlsConfig"] = {"insecureSkipVerify": True}


def no_bearer(stand: Stand) -> None:
    stand.env.setenv("BEARER", "bearer-canary-0451")
    stand.change("    hmac:\n", '    bearer: "${BEARER}"\n    hmac:\n')


def no_admin(stand: Stand) -> None:
    stand.grafana.refusing = (403, {"message": "no"})


def pending(stand: Stand) -> None:
    stand.rule["for"] = "5m"


def seldom(stand: Stand) -> None:
    stand.world.intervals["jwt-pizza", "jwt-pizza"] = 300


def slow_group(stand: Stand) -> None:
    stand.world.policy["group_wait"] = "2m"


def slow_retry(stand: Stand) -> None:
    stand.rule["notification_settings"] = {
        "receiver": "On call",
        "group_interval": "10m",
    }


def untaken(stand: Stand) -> None:
    for rule in stand.world.rules:
        rule["labels"] = {"responder": "jwt-piza"}


def unfed(stand: Stand) -> None:
    stand.world.rules.clear()


def silence(stand: Stand) -> None:
    stand.rule["noDataState"] = "Alerting"


def bare_count(stand: Stand) -> None:
    model = stand.rule["data"][0]["model"]
    model["expr"] = model["expr"].removesuffix(" or vector(0)")
    stand.rule["noDataState"] = "NoData"


def nobody(stand: Stand) -> None:
    stand.world.points[:] = [stand.ours]


def nobody_by_mail(stand: Stand) -> None:
    settings = {"addresses": "<example@email.com>"}
    stand.world.points[0] |= {"type": "email", "settings": settings}


def paused(stand: Stand) -> None:
    stand.rule["isPaused"] = True


def old(stand: Stand) -> None:
    stand.world.version = "11.6.1"


def cloud_token(stand: Stand) -> None:
    stand.env.setenv("GRAFANA_TOKEN", "glc_eyJuIjoicmVhZGVyIn0=")


def service_account_for_logs(stand: Stand) -> None:
    stand.env.setenv("LOKI_TOKEN", "glsa_abc-0451")


def push_token(stand: Stand) -> None:
    stand.loki.fault = Fault(status=401, body=b"invalid scope requested")


def no_stream(stand: Stand) -> None:
    stand.change('component="jwt-pizza-service"', 'component="jwt-pizza"')


def factory_away(stand: Stand) -> None:
    stand.change(stand.service.factory.url, "http://127.0.0.1:9")


def factory_without_tls(stand: Stand) -> None:
    address = stand.service.factory.url
    stand.change(address, address.replace("http:", "https:"))


def public_elsewhere(stand: Stand) -> None:
    stand.change(
        f'public_url: "{stand.service.url}"', f'public_url: "{stand.grafana.url}"'
    )


def away(stand: Stand) -> None:
    stand.change(
        f'public_url: "{stand.service.url}"', 'public_url: "http://127.0.0.1:9"'
    )


def misspelt(stand: Stand) -> None:
    stand.change("mode: auto", "mode: automatic")


POINT = "Alerting › Contact points › On call › "
RULE = "Alerting › Alert rules › pizza-factory: error-logs › "
BROKEN: list[tuple[Callable[[Stand], None], str, str, str]] = [
    (
        set_hmac,
        "grafana.timestamp",
        "problem",
        f"{POINT}HMAC signature › Timestamp header: X-Grafana-Alerting-Timestamp",
    ),
    (other_timestamp, "grafana.timestamp", "problem", "X-Grafana-Alerting-Timestamp"),
    (unsigned, "grafana.hmac", "problem", f"{POINT}HMAC signature: the secret"),
    (
        other_header,
        "grafana.signature_header",
        "problem",
        "Header: X-Grafana-Alerting-Signature",
    ),
    (gone, "grafana.contact_point", "problem", "responder connect --apply"),
    (no_resolves, "grafana.resolves", "problem", "disableResolveMessage false"),
    (in_url, "grafana.secret_in_url", "problem", f"{POINT}URL: http://127.0.0.1:"),
    (truncated, "grafana.max_alerts", "problem", f"{POINT}Max alerts: 0"),
    (other_path, "grafana.path", "problem", "/webhooks/grafana"),
    (own_template, "grafana.payload", "problem", f"{POINT}Custom payload: empty"),
    (elsewhere, "grafana.elsewhere", "warning", f"{POINT}URL: http://127.0.0.1:"),
    (by_https, "grafana.scheme", "problem", f"{POINT}URL: http://127.0.0.1:"),
    (unverified, "grafana.tls", "warning", "certificate verification: off"),
    (no_bearer, "grafana.credentials", "problem", "authorization_credentials"),
    (no_admin, "grafana.api", "problem", "with the role Admin"),
    (pending, "grafana.pending", "warning", f"{RULE}Pending period: 0s"),
    (seldom, "grafana.interval", "warning", "Evaluation interval: 10 s"),
    (slow_group, "grafana.group_wait", "warning", "Group wait: 0s (group_wait: 0s)"),
    (slow_retry, "grafana.group_interval", "warning", "group_interval: 10s"),
    (untaken, "grafana.untaken", "warning", 'add to its `match`: - {"alertname":'),
    (unfed, "grafana.unfed", "problem", "responder connect --apply"),
    (silence, "grafana.no_data", "problem", "Normal (noDataState: OK)"),
    (bare_count, "grafana.no_data", "problem", "Normal (noDataState: OK)"),
    (nobody, "grafana.people", "problem", "On call: add the integration that pages"),
    (nobody_by_mail, "grafana.people", "problem", "the integration that pages people"),
    (paused, "grafana.paused", "warning", f"{RULE}Resume (isPaused: false)"),
    (old, "grafana.version", "warning", 'bearer: "${GRAFANA_BEARER}"'),
    (cloud_token, "grafana.token", "problem", 'grafana.token: "${GRAFANA_TOKEN}"'),
    (
        service_account_for_logs,
        "logs.token",
        "problem",
        'logs.password: "${LOKI_TOKEN}"',
    ),
    (push_token, "logs.token", "problem", "with the scope logs:read"),
    (no_stream, "logs.selector", "problem", '{component="jwt-pizza-service", ...}'),
    (factory_away, "factory.reachable", "problem", "factory.url:"),
    (factory_without_tls, "factory.reachable", "problem", "factory.url:"),
    (public_elsewhere, "public.url", "problem", "or mend server.public_url"),
    (away, "public.url", "problem", "or mend server.public_url"),
    (misspelt, "configuration", "problem", "rules[0].mode: use 'auto'"),
]


@pytest.mark.parametrize(
    ("broken", "check", "level", "mend"),
    BROKEN,
    ids=[one[0].__name__ for one in BROKEN],
)
def test_a_broken_setting_is_told_with_the_line_that_mends_it(
    stand: Stand, broken: Callable[[Stand], None], check: str, level: str, mend: str
) -> None:
    broken(stand)
    findings = stand.findings()
    found = [one for one in findings if (one["check"], one["level"]) == (check, level)]
    assert found, findings
    assert any(mend in one["mend"] for one in found), found
    assert all(one["why"] for one in found)
    fatal = any(one["level"] == "problem" for one in findings)
    assert stand.doctor().status == int(fatal)


def test_a_public_address_that_answers_something_else_is_told_in_so_many_words(
    stand: Stand,
) -> None:
    stand.grafana.refusing = (502, {"message": "bad gateway"})
    public_elsewhere(stand)
    told = [one["says"] for one in stand.findings() if one["check"] == "public.url"]
    assert told == ["Your public address does not reach this process (got 502)"]


def test_another_responder_behind_the_public_address_is_told_apart(
    stand: Stand, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with service(other) as second:
        stand.change(
            f'public_url: "{stand.service.url}"', f'public_url: "{second.url}"'
        )
        told = [one["says"] for one in stand.findings() if one["check"] == "public.url"]
    assert "reaches another Responder (instance " in told[0]


def test_without_grafana_it_says_what_stays_unknown(stand: Stand) -> None:
    stand.change("grafana: {", "# grafana: {")
    told = {one["check"]: one["level"] for one in stand.findings()}
    assert told["grafana.settings"] == "note"


def _deaf(stand: Stand) -> None:
    """Nothing in Grafana leads to us any more."""
    stand.world.points[:] = [p for p in stand.world.points if p["type"] != "webhook"]


def test_a_rule_that_watches_by_itself_need_not_be_fed(stand: Stand) -> None:
    _deaf(stand)
    stand.change("    mode: auto", "    watch: 10s\n    mode: auto")

    told = {one["check"]: one for one in stand.findings()}

    assert told["grafana.contact_point"]["level"] == "note"
    assert "never act" not in told["grafana.contact_point"]["why"]
    assert told["grafana.unfed"]["level"] == "note"
