"""What the documents say exists does, and what exists is said in them."""

import ast
import json
import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import get_args

import pytest
import yaml
from prometheus_client import CollectorRegistry
from pydantic.fields import FieldInfo

from responder.cli.main import REMOVED, parser
from responder.config import schema
from responder.config import schema as parts
from responder.config.checks import Purpose
from responder.config.document import Document
from responder.config.load import load
from responder.config.problem import is_secret
from responder.config.schema import _TWINNED
from responder.config.settings import said
from responder.incident.alert import MARK
from responder.incident.names import (
    WEBHOOKS,
    Mode,
    Outcome,
    Proof,
    Reason,
    State,
    Status,
    Verdict,
)
from responder.logs.query import parse_logql
from responder.metrics import FAILURES, RESULTS, Metrics
from responder.web.app import create_app
from tests.docs import ROOT, anchors, blocks, page, table
from tests.fakes import readings
from tests.setup.configured import LOGS
from tests.web_parts import RULE, Web, founding

PAGES = [
    "README.md",
    "CHANGELOG.md",
    "grafana/README.md",
    *sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")
    ),
]
every_page = pytest.mark.parametrize("name", PAGES)


# Settings

SECTIONS: Mapping[str, tuple[type[schema.Section], ...]] = {
    "server": (schema.ServerSection,),
    "storage": (schema.StorageSection,),
    "webhook_auth[]": (schema.CredentialSection,),
    "operator_auth": (schema.OperatorSection,),
    "logs": (schema.LokiSection,),
    "factory": (schema.FactorySection,),
    "grafana": (schema.GrafanaSection,),
    "irm": (schema.IrmSection,),
    "notify": (schema.NotifySection,),
    "limits": (schema.LimitsSection,),
    "rules[]": (schema.RuleSection,),
    "rules[].checks[]": (schema.CheckSection,),
}
ELSEWHERE = {"rules[].checks": "required"}
"""Judged one by one: no field with a default."""


def sections_in(field: FieldInfo) -> Iterator[type[schema.Section]]:
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, schema.Section):
            yield kind


def settings(path: str, model: type[schema.Section]) -> Iterator[tuple[str, str]]:
    for key, field in model.model_fields.items():
        inner = list(sections_in(field))
        for section in inner:
            yield from settings(f"{path}.{key}", section)
        if not inner:
            yield f"{path}.{key}", default(field)


def default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "required"
    if value is None:
        return "—"
    if isinstance(value, timedelta):
        return f"`{said(value)}`"
    if isinstance(value, tuple):
        return f"`{value[0]}:{value[1]}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int) and value >= 1024**2:
        return f"`{value // 1024**2}MiB`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def configured() -> dict[str, str]:
    """Every setting by its path, with its default as the page writes it."""
    found = {
        path: text
        for name, models in SECTIONS.items()
        for model in models
        for path, text in settings(name, model)
    }
    return found | ELSEWHERE


def documented() -> dict[str, list[str]]:
    text = page("docs/configuration.md")
    rows = [row for name in parts.KEYS for row in raw_table(text, f"`{name}`")]
    return {row[0].strip("`"): row[1:] for row in rows}


def raw_table(text: str, heading: str) -> list[list[str]]:
    return table(text, heading, keep_ticks=True)


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    assert {path: row[0] for path, row in documented().items()} == configured()


def test_every_section_of_the_configuration_is_held_by_these_tests() -> None:
    assert {name.split("[")[0] for name in SECTIONS} == set(parts.KEYS)


@pytest.mark.parametrize("path", sorted(configured()))
def test_a_setting_is_called_a_secret_exactly_when_it_is_one(path: str) -> None:
    keys: list[str | int] = []
    for key in path.split("."):
        keys += [key.removesuffix("[]"), 0] if key.endswith("[]") else [key]
    one_of = (*keys, 0) if keys[-1] in ("secrets", "users") else tuple(keys)
    assert bool(re.search(r"\bsecret\b", documented()[path][1])) == is_secret(one_of)


def test_every_key_that_has_a_twin_is_called_a_secret() -> None:
    secret = {p for p, row in documented().items() if "secret" in row[1]}
    assert {path.rpartition(".")[2] for path in secret} == {*_TWINNED, "users"}


# YAML


def configurations() -> Iterator[tuple[str, str]]:
    """Our own YAML: a block for another program begins with its file's name."""
    for name in PAGES:
        for number, block in enumerate(blocks(page(name), "yaml")):
            if not re.match(r"# (?!responder)[\w-]+\.yml\n", block):
                yield f"{name} {number}", block


@pytest.mark.parametrize(
    ("where", "text"), [*configurations()], ids=lambda text: text[:30]
)
def test_a_configuration_in_a_document_has_no_problem(where: str, text: str) -> None:
    if not re.search("^logs:", text, re.MULTILINE):
        text += LOGS
    found = load(
        Document(text=text, origin=where),
        purpose=Purpose.CHECK,
        parse_query=parse_logql,
        allow_literal_secrets=True,
    )
    assert found.problems == ()


@every_page
def test_every_block_of_yaml_and_json_can_be_read(name: str) -> None:
    for block in blocks(page(name), "yaml"):
        assert isinstance(yaml.safe_load(block), dict | list)
    for block in blocks(page(name), "json"):
        assert json.loads(block)


def test_the_example_has_every_key() -> None:
    text = page("responder.example.yaml")
    missing = [
        path
        for path in configured()
        if not re.search(rf"\b{path.rpartition('.')[2].removesuffix('[]')}:", text)
    ]
    assert missing == []


# Metrics


def metrics() -> Metrics:
    return Metrics(
        CollectorRegistry(),
        rules=[RULE],
        version="0",
        config_sha="cafe",
        stored=readings(),
    )


def exposed() -> dict[str, tuple[str, set[str]]]:
    """Every metric by its name, with its kind and labels."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in metrics().registry.collect()
    }


def test_every_metric_is_documented_with_kind_and_labels_and_no_other() -> None:
    rows = table(page("docs/metrics.md"), "Metrics")
    told = {
        row[0]: (row[1], set(re.findall(r"\w+", row[2])))
        for row in rows
        if row[0].startswith(("responder_", "process_"))
    }
    assert told == exposed()


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("sender", WEBHOOKS),
        ("result", RESULTS),
        ("status", Status),
        ("dependency", FAILURES),
    ],
)
def test_a_label_is_documented_with_its_values(label: str, values: list[str]) -> None:
    told = {row[0]: row[1] for row in table(page("docs/metrics.md"), "Labels")}
    names = re.findall(r"(\w+)`", told[label].split(":")[0] + "`")
    assert names == [str(value) for value in values]


@every_page
def test_a_metric_or_label_in_a_document_exists(name: str) -> None:
    named = set(re.findall(r"\bresponder_\w+", page(name)))
    known = {
        f"{metric}{end}"
        for metric in exposed()
        for end in ("", "_bucket", "_sum", "_count")
    }
    assert named - {MARK} <= known


def logged() -> set[str]:
    """The messages that the source logs."""
    return {
        node.args[0].value
        for path in (ROOT / "responder").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("info", "warning", "error", "exception")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_the_log_lines_of_the_document_are_logged() -> None:
    told = {row[0] for row in table(page("docs/metrics.md"), "Log lines")}
    assert told
    assert told <= logged()


# HTTP

HTTP = page("docs/http-api.md")


def test_every_route_is_documented_and_no_other() -> None:
    told = {row[0] for row in table(HTTP, "Routes")}
    served = {
        f"{method} {path}"
        for rule in create_app(Web().parts()).url_map.iter_rules()
        for path in written_out(re.sub("<(incident|drill)_id>", "<id>", rule.rule))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static" and not FORMS.search(path)
    }
    assert told == served


FORMS = re.compile(r"/(do|ask)/")
"""The pages' own forms: documented as one, not each by itself."""


def written_out(route: str) -> list[str]:
    """A route with every name that `<any(...)>` stands for."""
    found = re.search(r"<any\((.*?)\):\w+>", route)
    if found is None:
        return [route]
    names = re.findall(r'"([^"]+)"', found[1])
    return [route.replace(found[0], name) for name in names]


def client_of_one_incident() -> Web:
    web = Web()
    web.archive.timelines["01k9a"] = founding()
    return web


def test_every_field_of_an_incident_is_documented_and_no_other() -> None:
    answer = client_of_one_incident().client().get("/api/incidents/01k9a").get_json()
    incident, reports = fields_of_an_incident()
    assert set(answer) == incident
    assert set(answer["reports"][0]) == reports


def fields_of_an_incident() -> tuple[set[str], set[str]]:
    names = [row[0] for row in table(HTTP, "`GET /api/incidents/<id>`")]
    end = names.index("timeline") + 1
    return set(names[:end]), set(names[end:])


def test_every_parameter_of_the_search_is_documented_and_no_other() -> None:
    told = [row[0] for row in table(HTTP, "`GET /api/incidents`")]
    answer = Web().client().get("/api/incidents?unheard=of").get_json()
    known = answer["error"].partition("one of ")[2].split(", ")
    assert told == known


# Commands and links


def commands(text: str) -> set[str]:
    """The subcommands that blocks and sentences type."""
    return set(re.findall(r"(?:^|`|\| )responder ([a-z]+)\b", text, re.MULTILINE))


@every_page
def test_a_command_in_a_document_exists(name: str) -> None:
    removed = {words.split()[0] for words in REMOVED if name == "CHANGELOG.md"}
    assert commands(page(name)) <= {*known_commands(), *removed}


def known_commands() -> Mapping[str, ArgumentParser]:
    (found,) = (a for a in parser()._actions if isinstance(a, _SubParsersAction))
    return dict(found.choices)


@every_page
def test_what_a_document_makes_is_in_the_makefile(name: str) -> None:
    made = set(re.findall(r"(?:^|`)make ([a-z]+)\b", page(name), re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    assert made <= targets


@every_page
def test_an_option_in_a_document_exists(name: str) -> None:
    lines = "\n".join(blocks(page(name), "sh")).replace("\\\n", " ").splitlines()
    for line in lines:
        for command, rest in re.findall(r"\bresponder ([a-z]+)([^|#]*)", line):
            if command in known_commands():
                assert set(re.findall(r"--[a-z-]+", rest)) <= options(command)


def options(command: str) -> set[str]:
    """The options of a command and of what stands below it."""
    top = known_commands()[command]
    below = (a for a in top._actions if isinstance(a, _SubParsersAction))
    parsers = [top, *(inner for action in below for inner in action.choices.values())]
    text = "\n".join(inner.format_help() for inner in parsers)
    return set(re.findall(r"--[a-z-]+", text))


@every_page
def test_a_relative_link_leads_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page(name)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(Path(target).read_text("utf-8")), link


@every_page
def test_every_page_can_be_found_from_the_readme(name: str) -> None:
    """A page in a folder of `docs` is found from the page of that name."""
    above = Path(name).parent
    from_readme = f"]({name})" in page("README.md")
    if above.parent.name == "docs":
        told = page(f"{above}.md")
        assert f"]({above.name}/{Path(name).name})" in told
    else:
        assert name == "README.md" or from_readme


def test_every_command_is_in_a_document() -> None:
    told = set().union(*(commands(page(name)) for name in PAGES))
    assert set(known_commands()) <= told


def test_a_name_in_the_policy_exists() -> None:
    """Settings, names of closed sets, and the few words of senders and of `later`."""
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", page("docs/policy.md")))
    sets = (State, Reason, Outcome, Proof, Mode, Verdict)
    known = {str(name) for names in sets for name in names}
    known |= {path.rpartition(".")[2] for path in configured()}
    senders = {"grafana_state_reason", "alert_payload"}
    later = {"veto_window"}
    code = {"code", "factory_probed", "next_step", "relapse_of"}
    assert named - known - senders - later - code == set()


def test_the_changelog_is_in_the_form_of_keep_a_changelog() -> None:
    heads = re.findall(r"^##+ (.+)$", page("CHANGELOG.md"), re.MULTILINE)
    release = r"\[(?:Unreleased|\d+\.\d+\.\d+)\](?: - \d{4}-\d\d-\d\d)?"
    change = r"Added|Changed|Deprecated|Removed|Fixed|Security"
    assert heads[0] == "[Unreleased]"
    assert [
        head for head in heads if not re.fullmatch(f"{release}|{change}", head)
    ] == []
