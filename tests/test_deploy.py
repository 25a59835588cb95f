"""The pages of docs/deploy, and the files for its hosts and for GitHub's runners."""

import configparser
import json
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.engine import make_url

from responder.cli.main import parser
from responder.config.checks import Purpose
from tests.docs import ROOT, blocks, page
from tests.setup.configured import loaded

HOSTS = sorted(path.stem for path in (ROOT / "docs/deploy").glob("*.md"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SECRETS = re.compile(r"\$\{(\w+)\}")


def test_every_host_has_a_page_and_every_page_a_host() -> None:
    linked = re.findall(r"\]\(deploy/(\w+)\.md\)", page("docs/deploy.md"))
    assert sorted(set(linked)) == HOSTS


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_ends_with_a_curl_that_must_print_200(host: str) -> None:
    text = page(f"docs/deploy/{host}.md")
    last = blocks(text, "sh")[-1]
    assert last.startswith("curl ")
    assert "%{http_code}" in last
    assert "/-/ready" in last
    assert text.endswith(f"{last}```\n")
    assert "must\nprint 200" in text or "must print 200" in text


def test_what_was_not_tried_says_so() -> None:
    rows = re.findall(r"^\| .*\]\(deploy/(\w+)\.md\).*$", page("docs/deploy.md"), re.M)
    assert sorted(rows) == HOSTS
    for host in ("fargate", "tunnel"):
        words = " ".join(page(f"docs/deploy/{host}.md").split())
        assert re.search(r"\*\*(?:not|Not) tried", words)


# EC2: Caddy and systemd


def directives(name: str) -> list[list[str]]:
    """The words of each line of a Caddyfile, without comments and braces."""
    lines = (line.strip() for line in page(name).splitlines())
    return [line.split() for line in lines if line not in ("", "}") and line[0] != "#"]


CADDY = directives("docs/deploy/ec2/Caddyfile")


def test_caddy_hands_requests_to_the_port_that_responder_listens_on() -> None:
    told = re.search(r'`listen: "([\d.:]+)"`', page("docs/deploy/ec2.md"))
    assert told
    assert ["reverse_proxy", told[1], "{"] in CADDY
    assert loaded(f'server: {{listen: "{told[1]}"}}').problems == ()


def test_caddy_keeps_what_waits_for_a_restart_and_no_more_than_responder_takes() -> (
    None
):
    words = dict(line for line in CADDY if len(line) == 2 and line[1] != "{")
    settings = loaded("").settings
    assert settings
    assert words["max_size"] == f"{settings.server.max_body // 1024**2}MiB"
    longest = settings.server.grace.total_seconds()
    assert float(words["lb_try_duration"].removesuffix("s")) > longest
    assert ["buffer_requests"] in CADDY


def unit() -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(page("docs/deploy/ec2/responder.service"))
    return found


def test_the_unit_types_a_command_that_exists() -> None:
    program, *typed = shlex.split(unit()["Service"]["ExecStart"])
    assert program == "/opt/responder/bin/responder"
    assert parser().parse_args(typed).config == "/etc/responder/responder.yaml"


def test_the_unit_s_places_are_those_of_the_page() -> None:
    text, service = page("docs/deploy/ec2.md"), unit()["Service"]
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    for place in (
        service["EnvironmentFile"],
        "/etc/responder/responder.yaml",
        f"python3 -m venv {service['ExecStart'].split('/bin/')[0]}",
        f"--home-dir {service['WorkingDirectory']}",
        f" {service['User']}\n",
    ):
        assert place in text


def test_the_unit_waits_longer_than_responder_needs_to_stop_and_always_restarts() -> (
    None
):
    settings = loaded("").settings
    assert settings
    service = unit()["Service"]
    assert float(service["TimeoutStopSec"]) > settings.server.grace.total_seconds()
    assert service["Restart"] == "always"
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"


# Fargate


class Strict(BaseModel):
    """What Amazon documents of a task definition, as far as we use it."""

    model_config = ConfigDict(extra="forbid", strict=True)


Arn = Annotated[str, StringConstraints(pattern=r"^arn:aws:[\w-]+:[\w:/.-]+$")]


class Port(Strict):
    containerPort: int
    protocol: Literal["tcp"]


class SecretOf(Strict):
    name: str
    valueFrom: Arn


class Health(Strict):
    command: list[str]
    interval: Annotated[int, Field(ge=5, le=300)]
    timeout: Annotated[int, Field(ge=2, le=60)]
    retries: Annotated[int, Field(ge=1, le=10)]
    startPeriod: Annotated[int, Field(ge=0, le=300)]


class Container(Strict):
    name: str
    image: str
    essential: Literal[True]
    command: list[str]
    portMappings: list[Port]
    secrets: list[SecretOf]
    healthCheck: Health
    stopTimeout: Annotated[int, Field(ge=2, le=120)]
    linuxParameters: dict[str, Any]
    logConfiguration: dict[str, Any]


class Task(Strict):
    family: str
    requiresCompatibilities: list[Literal["FARGATE"]]
    networkMode: Literal["awsvpc"]
    cpu: Literal["256", "512", "1024"]
    memory: Literal["512", "1024", "2048"]
    runtimePlatform: dict[str, str]
    executionRoleArn: Arn
    containerDefinitions: list[Container]


TASK = Task.model_validate(json.loads(page("docs/deploy/fargate/task-definition.json")))
(CONTAINER,) = TASK.containerDefinitions
DOCUMENT = page("docs/deploy/fargate/responder.yaml")


def test_the_task_is_given_every_secret_of_its_document_and_no_other() -> None:
    given = {secret.name for secret in CONTAINER.secrets}
    assert given == {*SECRETS.findall(DOCUMENT), "RESPONDER_CONFIG_YAML"}


def test_the_task_s_document_serves_where_the_task_says() -> None:
    env = dict.fromkeys(SECRETS.findall(DOCUMENT), "aSecretOfLettersAndDigits12345")
    found = loaded(DOCUMENT, Purpose.SERVE, env=env)
    assert found.problems == ()
    assert found.settings
    (port,) = CONTAINER.portMappings
    assert (found.settings.server.host, found.settings.server.port) == (
        "0.0.0.0",
        port.containerPort,
    )
    assert make_url(found.settings.storage_url).query == {"sslmode": "require"}


def test_the_document_fits_a_standard_parameter() -> None:
    assert len(DOCUMENT.encode()) <= 4096


def test_the_task_types_commands_that_exist() -> None:
    parser().parse_args(CONTAINER.command)
    cmd, program, *typed = CONTAINER.healthCheck.command
    assert (cmd, program) == ("CMD", "responder")
    parser().parse_args(typed)


def test_the_task_may_take_longer_to_stop_than_responder_needs() -> None:
    settings = loaded("").settings
    assert settings
    assert CONTAINER.stopTimeout > settings.server.grace.total_seconds()


# GitHub's runners


def workflow(name: str) -> dict[str | bool, Any]:
    # `on` is a boolean to YAML 1.1, in which this library reads.
    found = yaml.safe_load(page(f".github/workflows/{name}.yml"))
    assert isinstance(found, dict)
    return found


def steps(name: str) -> list[dict[str, Any]]:
    jobs = workflow(name)["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


def test_ci_gives_the_verdict_of_the_script_that_everybody_has() -> None:
    assert {"run": "bash .ci/run"} in steps("ci")
    assert (ROOT / ".ci/run").is_file()
    assert set(workflow("ci")[True]) == {"push", "pull_request", "workflow_call"}


def test_nothing_is_released_without_the_verdict() -> None:
    jobs = workflow("release")["jobs"]
    assert jobs["ci"] == {"uses": "./.github/workflows/ci.yml"}
    assert all(job["needs"] == "ci" for name, job in jobs.items() if name != "ci")
    assert workflow("release")[True] == {"push": {"tags": ["v*"]}}


def test_the_image_is_built_for_both_architectures_from_our_own_file() -> None:
    (built,) = (s for s in steps("release") if "build-push" in s.get("uses", ""))
    assert built["with"]["platforms"] == "linux/amd64,linux/arm64"
    assert (ROOT / built["with"]["context"] / built["with"]["file"]).is_file()
    used = [step.get("uses", "").split("@")[0] for step in steps("release")]
    assert used.index("docker/setup-qemu-action") < used.index(
        "docker/build-push-action"
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_names_only_files_that_exist(path: Path) -> None:
    typed = "\n".join(str(step.get("run", "")) for step in steps(path.stem))
    named = re.findall(r"(?<![\w./*-])(?:\.ci/\w+|[\w.-]+\.(?:txt|yaml|toml))\b", typed)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_no_more_than_it_needs(path: Path) -> None:
    assert workflow(path.stem)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_of_a_named_version(path: Path) -> None:
    used = [step["uses"] for step in steps(path.stem) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", name) for name in used)
