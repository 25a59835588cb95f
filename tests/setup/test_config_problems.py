"""Broken documents: each has its exact path and sentence."""

import json

import pytest

from responder.config.checks import Purpose
from responder.config.schema import REMOVED
from tests.setup.configured import RULE, loaded, only_problem, paths

_CHECK = "{name: errors, query: '{level=\"error\"}', window: 5m, threshold: 5}"


def _rule(extra: str, name: str = "pizza", match: str = "[{a: b}]") -> str:
    return f"  - {{name: {name}, match: {match}, checks: [{_CHECK}]{extra}}}\n"


def _rules(extra: str) -> str:
    return "rules:\n" + _rule(", " + extra)


def _credential(text: str) -> str:
    return f"webhook_auth:\n  - {{name: g, {text}}}\n"


SENTENCES = [
    (
        "servr: {}",
        "servr: is not a known key (got ***); did you mean server?",
    ),
    (
        "server: {listen: 8080}",
        "server.listen: is not a host and a port (got 8080); "
        'write it as "127.0.0.1:8080" or "0.0.0.0:8080"',
    ),
    (
        "server: {max_body: lots}",
        "server.max_body: is not a size (got lots); write bytes as 1048576 or 16MiB",
    ),
    (
        "storage: {url: 'mysql://db/x'}",
        "storage.url: is not a storage that can be used (got mysql://db/x); "
        "write sqlite:///responder.db or postgresql+psycopg://user@host/database",
    ),
    (
        "limits: {max_reports_per_hour: 0}",
        "limits.max_reports_per_hour: is too small (got 0); write 1 or more",
    ),
    (
        "logs: {type: loki}",
        "logs.url: is missing; add it",
    ),
    (
        "logs: {type: elastic}",
        "logs.type: is not a log source (got elastic); use type: loki",
    ),
    (
        "factory: {url: 'http://pizza-factory.cs329.click'}",
        "factory.url: would send the report in clear "
        "(got http://pizza-factory.cs329.click); "
        "use https; http is only for this machine and private networks",
    ),
    (
        "factory: {url: 'https://pizza-factory.cs329.click/api'}",
        "factory.url: has a path (got https://pizza-factory.cs329.click/api); "
        "write only https:// and the host",
    ),
    (
        _rules("recheck: 10"),
        "rules[0].recheck: is a number without a unit (got 10); "
        "write it as 30s, 5m, 1h30m, 500ms or 2d",
    ),
    (
        _rules("mode: manual"),
        "rules[0].mode: is not one of the values (got manual); "
        "use 'auto', 'veto' or 'shadow'",
    ),
    (
        _rules("mode: veto, veto_window: 0s"),
        "rules[0].veto_window: must be longer than nothing (got 0s); "
        "write it as 30s or 5m",
    ),
    (
        "server: {start_paused: sometimes}",
        "server.start_paused: is neither true nor false (got sometimes); "
        "write true or false",
    ),
    (
        _rules("on_unreadable: report"),
        "rules[0].on_unreadable: was removed (got ***); remove it: a person is called "
        "when the logs cannot be read for unreadable_for",
    ),
    (
        _rules("verify_after: 11m"),
        "rules[0].verify_after: is longer than verify_for: recovery could never be "
        "seen; make verify_after the shorter one",
    ),
    (
        _rules("verify_afterr: 1m"),
        "rules[0].verify_afterr: is not a known key (got ***); "
        "did you mean verify_after?",
    ),
    (
        "rules: []",
        "rules: is missing or empty; give at least one, with a dash per entry",
    ),
    (
        "rules:\n" + _rule("", match="[{}]"),
        "rules[0].match[0]: is not a mapping of labels to values (got a mapping); "
        "write {label: value}, or match: [] to take every alert",
    ),
    (
        "rules:\n" + _rule("") + _rule("", match="[{c: d}]"),
        "rules[1].name: is also the name of rules[0] (got pizza); "
        "name each differently",
    ),
    (
        "rules:\n" + _rule("", match="[]") + _rule("", name="late"),
        "rules[1].match: can never be reached: pizza before it takes every alert that "
        "late takes; move late up, or narrow the earlier match",
    ),
    (
        _credential("senders: [grafana]"),
        "webhook_auth[0]: proves nothing; add hmac, bearer or basic",
    ),
    (
        _credential("senders: [slack], bearer: '${T:-}'"),
        "webhook_auth[0].senders[0]: is not one of the values (got slack); "
        "use 'grafana', 'alertmanager' or 'irm'",
    ),
    (
        _credential("senders: [irm], hmac: {secrets: ['${T}']}"),
        "webhook_auth[0].senders: asks for a signature, but irm cannot sign (got irm); "
        "give them an entry of their own, with bearer or basic",
    ),
    (
        "server: {public_url: '${URL}'}",
        "server.public_url: ${URL} is not set (got ${URL}); "
        "set URL or write ${URL:-default}",
    ),
    (
        "storage: {url: 'sqlite:///${broken'}",
        "storage.url: holds a broken ${...} (got sqlite:///${broken); "
        "write ${NAME} or ${NAME:-default}, and $$ for a plain $",
    ),
    (
        "limits: {max_reports_per_hour: 1, max_reports_per_hour: 2}",
        "limits.max_reports_per_hour: is given twice (line 1); keep one",
    ),
    ("- a\n- b\n", "the document: is not a mapping; start with a key such as `rules:`"),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_a_broken_document_has_one_sentence(text: str, sentence: str) -> None:
    assert str(only_problem(text)) == sentence


FIVE = """\
server: {listen: nowhere}
factory: {timeout: 5}
rules:
  - name: pizza
    match: [{severity: "=~(critical"}]
    recheck: soon
    checks:
      - {name: errors, query: '{level="error"', window: 5m, threshold: 5}
"""


def test_five_mistakes_are_five_problems() -> None:
    assert paths(loaded(FIVE).problems) == [
        "server.listen",
        "factory.timeout",
        "rules[0].match[0]",
        "rules[0].recheck",
        "rules[0].checks[0].query",
    ]


def test_one_fields_error_hides_no_other_of_the_same_check() -> None:
    text = (
        "rules: [{name: a, match: [], verify_after: 1h, recheck: x, checks: "
        "[{name: b, query: '{', window: 5, threshold: 0}, {name: b}]}]"
    )
    assert set(paths(loaded(text).problems)) == {
        "rules[0].recheck",
        "rules[0].verify_after",
        "rules[0].checks[0].query",
        "rules[0].checks[0].window",
        "rules[0].checks[0].threshold",
        "rules[0].checks[1].query",
        "rules[0].checks[1].window",
        "rules[0].checks[1].threshold",
        "rules[0].checks[1].name",
    }


@pytest.mark.parametrize("purpose", [Purpose.SERVE, Purpose.CHECK])
@pytest.mark.parametrize(
    "server",
    ["{listen: '0.0.0.0:80'}", "{public_url: 'https://responder.example.net'}"],
)
def test_reachable_by_others_needs_every_credential(
    server: str, purpose: Purpose
) -> None:
    problems = loaded(f"server: {server}", purpose).problems
    assert paths(problems) == ["webhook_auth", "operator_auth"]


def test_a_replay_needs_no_credentials() -> None:
    assert loaded("server: {listen: '0.0.0.0:80'}", Purpose.REPLAY).settings


@pytest.mark.parametrize(
    ("early", "late", "reached"),
    [
        ("[{a: b}]", "[{a: b, c: d}]", False),
        ("[{a: '=~b|c'}]", "[{a: b}, {a: c}]", False),
        ("[{a: '!=x'}]", "[{a: b}]", False),
        ("[{a: b, c: d}]", "[{a: b}]", True),
        ("[{a: b}]", "[{a: b}, {a: c}]", True),
        ("[{a: b}]", "[]", True),
    ],
)
def test_a_rule_behind_a_wider_one_is_never_reached(
    early: str, late: str, reached: bool
) -> None:
    text = "rules:\n" + _rule("", match=early) + _rule("", name="late", match=late)
    assert ("rules[1].match" not in paths(loaded(text).problems)) is reached


def test_queries_for_loki_may_go_beyond_selector_and_filters() -> None:
    text = "logs: {type: loki, url: 'http://loki:3100'}\n" + _rules(
        "traffic: '{a=\"b\"} | json'"
    )
    assert loaded(text).problems == ()


def test_a_signature_without_a_timestamp_is_a_warning() -> None:
    text = _credential("senders: [grafana], hmac: {secrets: ['${S}']}") + RULE
    found = paths(loaded(text, env={"S": "secret-1"}).warnings)
    assert "webhook_auth[0].hmac.timestamp_header" in found


def test_a_factory_without_our_key_is_a_warning() -> None:
    assert paths(loaded(RULE).warnings) == ["factory.api_key"]


def test_a_fixed_link_at_another_host_is_a_warning() -> None:
    text = "factory: {api_key: '${K}', report_url: '${R}'}\n" + RULE
    env = {"K": "key-1", "R": "https://elsewhere.example/api/support/t/report/c"}
    assert paths(loaded(text, env=env).warnings) == ["factory.report_url"]


@pytest.mark.parametrize(
    ("logs", "length", "least"),
    [
        ("", "999ms", "4s"),
        ("", "0s", "4s"),
        ("logs: {type: loki, url: 'http://loki', timeout: 2s}\n", "2s", "3s"),
    ],
)
def test_patience_shorter_than_one_retry_is_a_warning(
    logs: str, length: str, least: str
) -> None:
    warnings = loaded(logs + _rules(f"unreadable_for: {length}")).warnings
    (found,) = (w for w in warnings if w.path == "rules[0].unreadable_for")
    assert f"(got {length})" in str(found)
    assert f"give it {least} or more" in str(found)


@pytest.mark.parametrize(
    ("logs", "length"),
    [("", "4s"), ("logs: {type: loki, url: 'http://loki', timeout: 2s}\n", "3s")],
)
def test_patience_for_one_retry_is_no_warning(logs: str, length: str) -> None:
    warnings = loaded(logs + _rules(f"unreadable_for: {length}")).warnings
    assert "rules[0].unreadable_for" not in paths(warnings)


@pytest.mark.parametrize("host", ["127.example.com", "128.0.0.1", "localhost.example"])
def test_a_name_that_only_looks_like_this_machine_needs_credentials(host: str) -> None:
    text = f"server: {{listen: '{host}:80'}}\n" + RULE
    assert "webhook_auth" in paths(loaded(text).problems)


SCRAPED = RULE + "server: {metrics_auth: bearer}\n"


def test_a_token_that_is_asked_for_must_be_configured() -> None:
    assert only_problem(SCRAPED).path == "server.bearer"


def test_a_token_of_scrapers_is_a_secret() -> None:
    text = RULE + 'server: {metrics_auth: bearer, bearer: "${T}"}\n'
    found = loaded(text, env={"T": "token-of-prometheus"})

    assert found.settings is not None
    assert found.settings.server.bearer is not None
    assert "token-of-prometheus" in found.settings.secrets()
    assert "token-of-prometheus" not in repr(found)


PUBLIC = [
    "pizza-factory.cs329.click",
    "8.8.8.8",
    "8.8.8.8.",
    "134744072",
    "0x8080808",
    "010.8.8.8",
    "8.526344",
    "[2001:4860:4860::8888]",
    "[::ffff:8.8.8.8]",
    "127.0.0.1.example.net",
    "127.example.net",
    "localhost.example.net",
    "xn--factory-9za.example",
    "127。0。0。1.example",
]
PRIVATE = [
    "localhost",
    "127.0.0.1",
    "127.9.9.9:8080",
    "[::1]:8080",
    "[::ffff:10.0.0.7]",
    "10.0.0.7",
    "192.168.1.9",
    "factory",
    "factory_1",
    "factory.internal",
    "factory.shop.svc",
    "FACTORY.LOCAL",
]


@pytest.mark.parametrize("host", PUBLIC)
@pytest.mark.parametrize("key", ["url", "report_url"])
def test_a_report_is_never_sent_in_clear_to_the_internet(host: str, key: str) -> None:
    path = "" if key == "url" else "/x"
    text = RULE + f'factory: {{{key}: "http://{host}{path}"}}\n'
    found = loaded(text, allow_literal_secrets=True)

    assert [p.path for p in found.problems] == [f"factory.{key}"]


@pytest.mark.parametrize("host", PRIVATE)
def test_http_is_for_this_machine_and_private_networks(host: str) -> None:
    assert not loaded(RULE + f'factory: {{url: "http://{host}"}}\n').problems


def loki(host: str, rest: str = "") -> str:
    return RULE + f'logs: {{type: loki, url: "http://{host}:3100"{rest}}}\n'


@pytest.mark.parametrize("host", ["8.8.8.8", "loki.example.net"])
def test_a_secret_for_the_logs_is_never_sent_in_clear_to_the_internet(
    host: str,
) -> None:
    text = loki(host, ', bearer: "${T}"')

    assert only_problem(text).path == "logs.url"


def test_logs_without_a_secret_read_in_clear_are_a_warning() -> None:
    found = loaded(loki("loki.example.net", ""))

    assert not found.problems
    assert "logs.url" in paths(found.warnings)


def test_logs_in_a_private_network_may_be_read_by_http() -> None:
    found = loaded(loki("loki", ', bearer: "${T}"'), env={"T": "x" * 9})

    assert not found.problems
    assert "logs.url" not in paths(found.warnings)


@pytest.mark.parametrize("path", REMOVED)
def test_a_removed_setting_is_refused_by_name_with_what_to_do_instead(
    path: str,
) -> None:
    setting, _, value = path.partition("=")
    tree: object = value or "anything"
    for part in reversed(setting.split(".")):
        inner = [tree] if part.endswith("[]") else tree
        tree = {part.removesuffix("[]"): inner}
    problems = [str(problem) for problem in loaded(json.dumps(tree)).problems]
    written = setting.replace("[]", "[0]")
    (line,) = [line for line in problems if line.startswith(f"{written}: was removed")]
    assert line.endswith(f"; {REMOVED[path]}")


def test_a_removed_setting_needs_no_value_and_shows_none() -> None:
    text = _rules('on_unreadable: "${NOT_SET}"')
    found = str(only_problem(text, Purpose.SERVE))
    assert found.startswith("rules[0].on_unreadable: was removed (got ***); remove it")


BEYOND = """
server: {listen: "0.0.0.0:8080"}
logs: {type: loki, url: "http://loki:3100"}
webhook_auth:
  - {name: a, senders: [grafana], hmac: {secrets: ["${SIGN}"], timestamp_header: X-T}}
  - {name: b, senders: [irm], bearer: "${BEARER}"}
  - {name: c, senders: [irm], basic: {username: irm, password: "${BASIC}"}}
operator_auth: {users: {ana: "${ANA}"}}
"""
LONG = {name: name * 16 for name in ("SIGN", "BEARER", "BASIC", "ANA")}
REMEDY = "choose a longer one, as `openssl rand -hex 16` makes one"


@pytest.mark.parametrize(
    ("name", "path", "least"),
    [
        ("SIGN", "webhook_auth[0].hmac.secrets[0]", 16),
        ("BEARER", "webhook_auth[1].bearer", 16),
        ("BASIC", "webhook_auth[2].basic.password", 16),
        ("ANA", "operator_auth.users.ana", 8),
    ],
)
@pytest.mark.parametrize("purpose", [Purpose.SERVE, Purpose.CHECK])
def test_beyond_this_machine_a_secret_that_can_be_guessed_is_refused(
    name: str, path: str, least: int, purpose: Purpose
) -> None:
    good = loaded(BEYOND, purpose, env=LONG)
    assert good.settings is not None
    for value, words in (
        ("k" * (least - 1), f"is shorter than {least} characters"),
        ("    ", "is blank"),
    ):
        found = loaded(BEYOND, purpose, env={**LONG, name: value}).problems
        assert [str(problem) for problem in found] == [
            f"{path}: {words}, and server.listen is 0.0.0.0 (got ***); {REMEDY}"
        ]
    assert loaded(BEYOND, purpose, env={**LONG, name: "k" * least}).settings


def test_a_short_password_of_an_operator_is_warned_of() -> None:
    found = loaded(BEYOND, Purpose.SERVE, env={**LONG, "ANA": "k" * 15})

    assert found.settings
    warned = [str(warning) for warning in found.warnings]
    assert (
        "operator_auth.users.ana: is shorter than 16 characters: it may be guessed "
        f"(got ***); {REMEDY}"
    ) in warned
    assert not [w for w in loaded(BEYOND, env=LONG).warnings if "ana" in str(w)]


def test_on_this_machine_alone_any_password_will_do() -> None:
    text = BEYOND.replace("0.0.0.0", "127.0.0.1")
    found = loaded(text, Purpose.SERVE, env={**LONG, "ANA": "k" * 8, "BEARER": "b" * 8})

    assert found.settings
    assert "operator_auth.users.ana" not in paths(found.warnings)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("localhost", "is no network of addresses"),
        ("10.0.0.1/8", "is no network of addresses"),
        ("0.0.0.0/0", "trusts everybody"),
        ("::/0", "trusts everybody"),
    ],
)
def test_a_proxy_is_an_address_or_a_network(given: str, words: str) -> None:
    text = f'server: {{trusted_proxies: ["127.0.0.1", "{given}"]}}'
    found = only_problem(text)

    assert found.path == "server.trusted_proxies[1]"
    assert words in str(found)
