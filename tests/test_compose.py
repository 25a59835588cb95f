"""The stand of `grafana/compose.yaml`: its form, its files, and how they fit."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from responder.cli.main import parser
from responder.config.settings import LokiLogs, Settings
from tests.docs import ROOT, page
from tests.setup.configured import loaded

KIT = ROOT / "grafana"
FILE = "grafana/compose.yaml"
Port = Annotated[str, StringConstraints(pattern=r"^127\.0\.0\.1:\d+:\d+$")]
Mount = Annotated[str, StringConstraints(pattern=r"^[./\w-]+:/[./\w-]+(:ro)?$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Health(Strict):
    disable: Literal[True]


class Service(Strict):
    """What the Compose specification calls a service, as far as we use it."""

    image: str
    build: str | None = None
    command: list[str] = []
    environment: dict[str, str] = {}
    ports: list[Port] = []
    volumes: list[Mount] = []
    depends_on: list[str] = []
    restart: Literal["unless-stopped"]
    healthcheck: Health | None = None


class Stand(Strict):
    name: str
    responder: Any = Field(alias="x-responder")
    services: dict[str, Service]
    volumes: dict[str, None]


STAND = Stand.model_validate(yaml.safe_load(page(FILE)))
SERVICES = STAND.services


def mounts(service: str) -> dict[str, str]:
    """Where in the container each file or named volume is."""
    parted = (mount.split(":") for mount in SERVICES[service].volumes)
    return {place: source for source, place, *_ in parted}


FILES = sorted(
    source
    for service in SERVICES
    for source in mounts(service).values()
    if source.startswith(".")
)


def read(name: str) -> Any:
    return yaml.safe_load((KIT / name).read_text("utf-8"))


def environment(service: str) -> dict[str, str]:
    """The service's environment, each variable at its default."""
    given = SERVICES[service].environment.items()
    return {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in given}


def test_the_stand_is_grafana_loki_prometheus_responder_factory_and_shop() -> None:
    wanted = {"grafana", "loki", "prometheus", "responder", "factory", "shop"}
    assert set(SERVICES) == wanted


def test_every_image_has_a_version() -> None:
    images = {service.image for service in SERVICES.values() if not service.build}
    assert all(re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", image) for image in images)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_services_and_uses_known_volumes(name: str) -> None:
    assert set(SERVICES[name].depends_on) <= set(SERVICES) - {name}
    named = {v for v in mounts(name).values() if not v.startswith(".")}
    assert named <= set(STAND.volumes)


@pytest.mark.parametrize("name", FILES)
def test_a_mounted_file_is_there_and_can_be_parsed(name: str) -> None:
    path = KIT / name
    text = path.read_text("utf-8")

    assert json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def test_every_file_of_the_stand_is_mounted() -> None:
    own = {f"./compose/{path.name}" for path in (KIT / "compose").iterdir()}
    assert own <= set(FILES)


@pytest.mark.parametrize("name", ["factory", "shop"])
def test_the_simulated_ones_are_started_by_our_own_command(name: str) -> None:
    typed = parser().parse_args(SERVICES[name].command)

    assert typed.factory or typed.shop
    assert "FACTORY_API_KEY" in environment(name)


def settings() -> Settings:
    found = loaded(page("grafana/compose/responder.yaml"), env=environment("responder"))
    assert found.problems == ()
    assert found.settings is not None
    return found.settings


def test_responder_s_configuration_has_no_problem_and_leads_to_the_others() -> None:
    configured = settings()

    assert configured.factory.url == "http://factory:8081"
    assert isinstance(configured.logs, LokiLogs)
    assert configured.logs.url == "http://loki:3100"
    assert parser().parse_args(SERVICES["factory"].command).port == 8081


def test_the_stand_s_rule_is_the_example_s() -> None:
    (own,) = read("compose/responder.yaml")["rules"]
    (example,) = yaml.safe_load(page("responder.example.yaml"))["rules"]

    assert own.items() <= example.items()


def test_the_shop_logs_what_the_checks_read() -> None:
    typed = parser().parse_args(SERVICES["shop"].command)

    assert typed.push == "http://loki:3100/loki/api/v1/push"
    assert typed.shop == settings().factory.url
    assert (
        environment("shop")["FACTORY_API_KEY"]
        == (environment("factory")["FACTORY_API_KEY"])
    )


def test_grafana_signs_with_the_secret_that_responder_knows() -> None:
    assert (
        environment("grafana")["RESPONDER_HMAC_SECRET"]
        == (environment("responder")["GRAFANA_HMAC_SECRET"])
    )
    assert environment("grafana")["RESPONDER_URL"] == "http://responder:8080"


def provisioned(folder: str) -> list[Any]:
    """What Grafana finds in a folder of its provisioning."""
    place = f"/etc/grafana/provisioning/{folder}/"
    return [read(v) for k, v in mounts("grafana").items() if k.startswith(place)]


def test_every_rule_asks_a_data_source_that_is_provisioned() -> None:
    sources = {s["uid"] for d in provisioned("datasources") for s in d["datasources"]}
    asked = {
        query["datasourceUid"]
        for document in provisioned("alerting")
        for group in document.get("groups", ())
        for rule in group["rules"]
        for query in rule["data"]
    }
    assert asked == sources | {"__expr__"}


def test_alerts_go_to_a_contact_point_that_is_provisioned() -> None:
    documents = provisioned("alerting")
    points = {p["name"] for d in documents for p in d.get("contactPoints", ())}
    named = {p["receiver"] for d in documents for p in d.get("policies", ())}
    rules = [r for d in documents for g in d.get("groups", ()) for r in g["rules"]]
    own = [r["notification_settings"] for r in rules if "notification_settings" in r]

    assert named == {"jwt-pizza"}
    assert named | {one["receiver"] for one in own} == points


def test_what_grafana_s_environment_must_hold_is_given() -> None:
    texts = "".join((KIT / source).read_text("utf-8") for source in FILES)
    wanted = set(re.findall(r"(?<!\$)\$([A-Z][A-Z_]+)\b", texts))

    assert wanted <= set(environment("grafana"))


def test_the_dashboards_are_mounted_where_grafana_looks() -> None:
    (provider,) = provisioned("dashboards")[0]["providers"]
    path = provider["options"]["path"]
    shown = {k for k in mounts("grafana") if k.startswith(f"{path}/")}

    assert {Path(name).name for name in shown} == {"on-call.json", "service.json"}


def test_prometheus_scrapes_responder_and_loads_its_alerts() -> None:
    config = read("compose/prometheus.yml")
    (job,) = config["scrape_configs"]

    assert job["static_configs"] == [{"targets": ["responder:8080"]}]
    assert settings().server.metrics_auth == "open"
    places = {f"/etc/prometheus/{name}" for name in config["rule_files"]}
    assert places <= set(mounts("prometheus"))
