"""Whom to tell, as configured: addresses, secrets, and what cannot hold together."""

import pytest

from responder.config.checks import Purpose
from responder.config.describe import describe
from responder.config.settings import IrmSettings, NoticeForm, Secret
from responder.incident.names import OnRecovered
from tests.setup.configured import RULE, loaded, only_problem, paths

IRM = "irm: {url: 'https://irm.example.net/oncall', token: '${KEY}'}\n"
GRAFANA = "grafana: {url: 'https://shop.grafana.net', token: '${T}'}\n"
SERVED = "server: {public_url: 'https://responder.example.net'}\n"


@pytest.mark.parametrize(
    "url",
    [
        "https://irm.example.net/oncall",
        "https://irm.example.net/oncall/",
        "https://irm.example.net/oncall/api/v1",
        "https://irm.example.net/oncall/api/v1/",
    ],
)
def test_irms_address_is_taken_as_its_settings_page_shows_it(url: str) -> None:
    text = f"irm: {{url: '{url}', token: '${{KEY}}'}}"
    settings = loaded(text, Purpose.SERVE, env={"KEY": "k"}).settings

    assert settings is not None
    address = "https://irm.example.net/oncall/api/v1"
    assert settings.irm == IrmSettings(url=address, token=Secret("k"))


def test_nobody_is_told_unless_configured() -> None:
    settings = loaded(RULE).settings

    assert settings is not None
    assert (settings.grafana, settings.irm, settings.notify) == (None, None, None)


def test_check_says_who_is_told() -> None:
    annotated = GRAFANA.replace("'${T}'}", "'${T}', annotations: true}")
    notify = "notify: {webhook_url: 'https://ntfy.sh/topic'}\n"
    found = loaded(annotated + IRM + notify, allow_literal_secrets=True).settings

    assert found is not None
    assert (
        "told by: annotations in Grafana; "
        "notes in IRM, acknowledged only when recovered; one webhook."
    ) in describe(found)


def test_annotations_are_off_where_grafana_is_only_asked() -> None:
    settings = loaded(GRAFANA, env={"T": "t"}).settings

    assert settings is not None
    assert settings.grafana is not None
    assert settings.grafana.annotations is False


@pytest.mark.parametrize("form", list(NoticeForm))
def test_a_webhook_has_one_of_three_forms(form: NoticeForm) -> None:
    text = f"notify: {{webhook_url: '${{URL}}', form: {form}}}"
    env = {"URL": "https://ntfy.sh/canary"}
    settings = loaded(text, Purpose.SERVE, env=env).settings

    assert settings is not None
    assert settings.notify is not None
    assert settings.notify.form is form
    assert "canary" not in repr(settings)


def test_every_secret_of_theirs_is_masked() -> None:
    text = GRAFANA + IRM + "notify: {webhook_url: '${URL}', bearer: '${B}'}\n"
    env = {"T": "t-1", "KEY": "k-1", "URL": "https://ntfy.sh/u-1", "B": "b-1"}
    settings = loaded(text, env=env).settings

    assert settings is not None
    assert set(env.values()) <= set(settings.secrets())


def test_a_rule_says_what_becomes_of_the_alert_group() -> None:
    rule = RULE.replace("name: pizza\n", "name: pizza\n    on_recovered: resolve\n")
    settings = loaded(IRM + rule, env={"KEY": "k"}).settings

    assert settings is not None
    assert settings.rules[0].on_recovered is OnRecovered.RESOLVE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "grafana: {url: 'https://shop.grafana.net', annotations: true}",
            "grafana.token: is missing, and grafana.annotations needs it; "
            'write it as "${NAME}"',
        ),
        (
            "irm: {url: 'https://irm.example.net'}",
            "irm.token: is missing; add it",
        ),
        (
            "irm: {url: 'http://irm.example.net', token: '${KEY}'}",
            "irm.url: would send its token in clear (got http://irm.example.net); "
            "use https; http is only for this machine and private networks",
        ),
        (
            "irm: {url: 'https://irm.example.net', token: '${ACCOUNT}'}",
            "irm.token: is a service account's: IRM asks for its stack's address "
            "(got ***); set grafana.url, or use a key of IRM's own",
        ),
        (
            "notify: {form: text}",
            "notify.webhook_url: is missing; add it",
        ),
        (
            "notify: {webhook_url: '${CLEAR}'}",
            "notify.webhook_url: would be called in clear (got ***); "
            "use https; http is only for this machine and private networks",
        ),
        (
            "notify: {webhook_url: '${URL}', form: slack}",
            "notify.form: is not one of the values (got slack); "
            "use 'alertmanager', 'text' or 'discord'",
        ),
    ],
)
def test_what_could_never_be_told_is_refused(text: str, sentence: str) -> None:
    env = {
        "KEY": "k",
        "ACCOUNT": "glsa_x",
        "CLEAR": "http://ntfy.sh/t",
        "URL": "https://ntfy.sh/t",
    }
    found = loaded(text, env=env).problems

    assert [str(problem) for problem in found] == [sentence]


def test_a_notice_to_ourselves_is_refused() -> None:
    text = (
        SERVED
        + "webhook_auth: [{name: g, senders: [grafana], bearer: '${T}'}]\n"
        + "operator_auth: {users: {ana: '${T}'}}\n"
        + "logs: {type: loki, url: 'http://loki:3100'}\n"
        + "notify: {webhook_url: '${URL}'}\n"
    )
    env = {"URL": "https://responder.example.net/webhooks/alertmanager", "T": "t" * 16}

    (problem,) = loaded(text, env=env).problems

    assert problem.path == "notify.webhook_url"
    assert "leads to ourselves" in str(problem)


def test_serving_refuses_an_unset_webhook_and_checking_leaves_it_out() -> None:
    text = "notify: {webhook_url: '${URL}'}"

    assert only_problem(text, Purpose.SERVE).path == "notify.webhook_url"
    checked = loaded(text).settings
    assert checked is not None
    assert checked.notify is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (GRAFANA + IRM, "irm.token"),
        (
            IRM.replace("KEY", "PERSON")
            + "webhook_auth: [{name: g, senders: [grafana], bearer: '${T}'}]\n",
            "irm",
        ),
        (
            RULE.replace("name: pizza\n", "name: pizza\n    on_recovered: resolve\n"),
            "rules[0].on_recovered",
        ),
    ],
)
def test_what_is_told_in_part_only_is_worth_a_warning(text: str, path: str) -> None:
    env = {"KEY": "glsa_x", "PERSON": "k", "T": "t"}
    found = loaded(text, env=env)

    assert found.problems == ()
    assert path in paths(found.warnings)
