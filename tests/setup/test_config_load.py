"""Where a configuration comes from, and what a good one comes to."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.config.checks import Purpose
from responder.config.describe import describe
from responder.config.document import Document, read
from responder.config.load import Loaded, load
from responder.config.problem import ConfigError
from responder.config.settings import LokiLogs, Settings, duration, said, size
from responder.incident.names import Mode
from responder.incident.rule import Check, Matcher
from responder.logs.query import parse_logql
from tests.setup.configured import RULE, loaded, only_problem, paths

EXAMPLE = Path(__file__).parents[2] / "responder.example.yaml"


def _defaults(env: dict[str, str]) -> Loaded:
    return load(read(None, env), purpose=Purpose.SERVE, parse_query=parse_logql)


def _settings(text: str) -> Settings:
    settings = loaded(text).settings
    assert settings is not None
    return settings


def test_without_any_configuration_bodies_can_be_replayed_and_nothing_served() -> None:
    document = read(None, {})
    settings = load(document, purpose=Purpose.REPLAY, parse_query=parse_logql).settings
    assert settings is not None
    assert settings.logs is None
    assert [rule.name for rule in settings.rules] == ["pizza-factory"]
    served = load(document, purpose=Purpose.SERVE, parse_query=parse_logql)
    assert paths(served.problems) == ["logs"]


def test_a_path_wins_over_a_whole_document_and_that_over_a_named_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.yaml").write_text("a")
    (tmp_path / "b.yaml").write_text("b")
    env = {"RESPONDER_CONFIG": str(tmp_path / "b.yaml"), "RESPONDER_CONFIG_YAML": "c"}
    assert read(str(tmp_path / "a.yaml"), env).text == "a"
    assert read(None, env).text == "c"
    assert read(None, {"RESPONDER_CONFIG_YAML": "c"}).text == "c"
    assert read(None, {**env, "RESPONDER_CONFIG_YAML": ""}).text == "b"


def test_a_file_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    document = read(str(tmp_path / "none.yaml"), {})
    found = load(document, purpose=Purpose.SERVE, parse_query=parse_logql)
    assert found.settings is None
    assert "No such file" in str(found.problems[0])


def test_a_file_that_is_no_text_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    document = read(str(tmp_path / "x.yaml"), {})
    found = load(document, purpose=Purpose.SERVE, parse_query=parse_logql)
    assert "not UTF-8" in str(found.problems[0])


def test_the_example_loads_with_an_empty_environment() -> None:
    document = read(str(EXAMPLE), {})
    found = load(document, purpose=Purpose.CHECK, parse_query=parse_logql)
    assert found.problems == ()
    assert found.settings is not None


def test_the_example_shows_the_built_in_rule_and_its_defaults() -> None:
    defaults = load(
        read(None, {}), purpose=Purpose.REPLAY, parse_query=parse_logql
    ).settings
    example = load(
        read(str(EXAMPLE), {}), purpose=Purpose.CHECK, parse_query=parse_logql
    )
    assert defaults is not None
    assert example.settings is not None
    assert example.settings.rules == defaults.rules


def test_port_replaces_the_port_and_keeps_a_given_host() -> None:
    env = {"PORT": "9000"}
    settings = loaded("server: {listen: '127.0.0.1:80'}", env=env).settings
    assert settings is not None
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 9000)


def test_port_without_a_given_host_listens_for_all() -> None:
    found = loaded("", Purpose.REPLAY, env={"PORT": "9000"})
    assert found.settings is not None
    assert (found.settings.server.host, found.settings.server.port) == ("0.0.0.0", 9000)
    assert "webhook_auth" in paths(loaded(RULE, env={"PORT": "9000"}).problems)


def test_port_with_the_built_in_defaults_stays_on_this_machine() -> None:
    document = read(None, {"PORT": "9000"})
    settings = load(document, purpose=Purpose.REPLAY, parse_query=parse_logql).settings
    assert settings is not None
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 9000)


def test_a_port_that_is_none_is_a_problem() -> None:
    assert paths(loaded(RULE, env={"PORT": "http"}).problems) == ["PORT"]


def test_a_rule_is_what_the_document_says() -> None:
    rule = _settings(RULE).rules[0]
    assert rule.match == ((Matcher(label="responder", op="=", value="jwt-pizza"),),)
    window = timedelta(minutes=5)
    query = '{level="error"}'
    assert rule.checks == (
        Check(name="errors", query=query, window=window, threshold=5),
    )


@pytest.mark.parametrize(
    ("value", "op", "wanted"),
    [("x", "=", "x"), ("=~a|b", "=~", "a|b"), ("!=x", "!=", "x"), ("!~x", "!~", "x")],
)
def test_a_value_may_be_equal_or_a_form(value: str, op: str, wanted: str) -> None:
    rule = _settings(RULE.replace("jwt-pizza", f'"{value}"')).rules[0]
    assert rule.match == ((Matcher(label="responder", op=op, value=wanted),),)


@pytest.mark.parametrize(
    "url",
    [
        "https://logs.example/loki/api/v1/push",
        "https://logs.example/",
        "https://logs.example",
    ],
)
def test_the_push_address_of_loki_is_understood(url: str) -> None:
    settings = _settings(f"logs: {{type: loki, url: '{url}'}}")
    assert settings.logs == LokiLogs(url="https://logs.example")


def test_a_doubled_dollar_is_a_plain_one() -> None:
    settings = _settings("storage: {url: 'sqlite:///a$$b.db'}")
    assert settings.storage_url == "sqlite:///a$b.db"


def test_a_default_stands_in_for_what_is_unset_or_empty() -> None:
    text = "storage: {url: 'sqlite:///${DB:-own}.db'}"
    for env in ({}, {"DB": ""}):
        settings = loaded(text, env=env).settings
        assert settings is not None
        assert settings.storage_url == "sqlite:///own.db"


def test_the_sha_is_of_the_text_as_written() -> None:
    text = "factory: {api_key: '${K}'}"
    one, two = (loaded(text, env={"K": key}).settings for key in ("k-1111", "k-2222"))
    assert one is not None
    assert two is not None
    assert one.sha == two.sha
    assert len(one.sha) == 12


def test_rules_may_share_values_by_alias() -> None:
    text = "factory: &f {timeout: 9s}\nlimits: {}\nstorage: {}\n"
    text += "rules:\n  - &r {name: a, match: [{a: a}], recheck: 7s, checks: "
    text += "[{name: e, query: '{a=\"b\"}', window: 1m, threshold: 1}]}\n"
    text += "  - {<<: *r, name: b, match: [{a: b}]}\n"
    rules = _settings(text).rules
    assert [(rule.name, rule.recheck.seconds) for rule in rules] == [("a", 7), ("b", 7)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("2d", 172800)],
)
def test_durations_are_read_and_said_alike(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)
    assert said(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    "text", ["", "5", "1.5", "-5s", "5 s", "30m1h", "5s5s", "s", "999999999d", "٣s"]
)
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(ConfigError):
        duration(text)


@pytest.mark.parametrize(
    ("text", "size_in_bytes"), [("512", 512), ("16MiB", 16777216), ("1 KiB", 1024)]
)
def test_sizes_are_read(text: str, size_in_bytes: int) -> None:
    assert size(text) == size_in_bytes


def test_a_description_says_what_a_rule_would_do() -> None:
    lines = describe(_settings(RULE))
    assert lines[:2] == [
        "pizza (auto): alerts with responder=jwt-pizza",
        "  confirmed by errors (5 lines in 5m)",
    ]


def test_a_veto_rule_says_how_long_people_have() -> None:
    settings = _settings(f"{RULE}    mode: veto\n    veto_window: 45s\n")
    (rule,) = settings.rules
    assert (rule.mode, rule.veto_window) == (Mode.VETO, timedelta(seconds=45))
    lines = " ".join(describe(settings))
    assert "unless somebody stops it within 45s, reports the newest link" in lines


@pytest.mark.parametrize(("text", "paused"), [("true", True), ("false", False)])
def test_a_service_can_start_paused(text: str, paused: bool) -> None:
    settings = _settings(f"server: {{start_paused: {text}}}\n{RULE}")
    assert settings.server.start_paused is paused


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "[" * 5000,
        "a: " * 5000,
        '"\\U00110000"',
        "%YAML " + "9" * 5000 + ".1\n---\na",
        "a: " + "x" * 1024 * 1024,
        "a: 1\n---\nb: 2",
        "? [a, b]\n: c",
        "a: !!python/object:os.system x",
        "\x00",
        "\ud800",
    ],
    ids=range(13),
)
def test_hostile_yaml_is_a_clear_problem(text: str) -> None:
    found = loaded(text)
    assert found.settings is None
    assert all(problem.message and problem.remedy for problem in found.problems)


def test_yaml_that_cannot_be_read_says_where() -> None:
    said_where = str(only_problem("a: [b\nc: d"))
    assert said_where.startswith("the document: is not valid YAML at line 2, column 2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules:\n\t- name: a\n", "indent with spaces, never with a tab"),
        ("a:\n  - b: c\n   d: e\n", "compare its indentation with the lines above"),
        ("a: {b: ${C}, d: [}", "put values that hold ${...}"),
    ],
    ids=["tab", "column", "braces"],
)
def test_yaml_that_cannot_be_read_says_what_to_look_at(text: str, told: str) -> None:
    assert only_problem(text).remedy.startswith(told)


_KEYS = st.sampled_from(
    """server storage webhook_auth operator_auth users logs factory limits rules name
    match checks query window type url bearer bearer_file hmac secrets basic listen
    password push_auth senders traffic mode <<""".split()  # noqa: SIM905
)
_LEAVES = st.none() | st.text(max_size=8) | st.integers() | st.just("${A}")
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4)
    ),
    max_leaves=25,
)


@given(st.text(max_size=200) | _TREES.map(json.dumps), st.sampled_from(Purpose))
def test_any_text_ends_in_settings_or_problems(text: str, purpose: Purpose) -> None:
    document = Document(text=text, origin="any", env={})
    found = load(document, purpose=purpose, parse_query=parse_logql)
    assert (found.settings is None) == bool(found.problems)
    assert all("\n" not in str(problem) for problem in found.problems)


@pytest.mark.parametrize(
    ("written", "meant"), [("auto", "auto"), ("GET", "GET"), ("post", "POST")]
)
def test_the_method_of_reporting_is_read_in_any_case(written: str, meant: str) -> None:
    assert _settings(f"factory: {{method: {written}}}").factory.method == meant


def test_a_method_that_is_no_report_is_refused() -> None:
    assert only_problem("factory: {method: DELETE}").path == "factory.method"
