"""The outgoing webhook, received on a real socket."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from responder.config.settings import NoticeForm, NotifySettings, Secret
from responder.incident.events import Reception, What
from responder.incident.names import Sender, Status
from responder.incident.notify import Notice
from responder.masking import Masker
from responder.notify.channels import Webhook
from responder.senders import grafana
from tests.api_server import Fault
from tests.irm_server import HookServer
from tests.store_parts import at

PAGE = "https://responder.example.net/incidents/01k9a"
NEEDED = Notice(
    what=What.NEEDS_HUMAN,
    mark="no_link",
    incident="01k9a",
    rule="pizza-factory",
    title="pizza-factory needs you",
    text="14 errors confirmed, limit 5, but no line carries a factory link.",
    page=PAGE,
    firing=True,
    start=at(-114),
    end=None,
)
RECOVERED = replace(
    NEEDED, what=What.RECOVERED, mark="", firing=False, end=at(45), title="ok"
)


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server


def webhook(
    server: HookServer,
    form: NoticeForm = NoticeForm.ALERTMANAGER,
    bearer: str | None = None,
) -> Webhook:
    settings = NotifySettings(
        webhook_url=Secret(f"{server.url}/topic-canary"),
        form=form,
        bearer=Secret(bearer) if bearer else None,
    )
    return Webhook(settings, Masker(["s3cret-value"]))


@pytest.mark.parametrize(
    ("notice", "status"),
    [(NEEDED, Status.FIRING), (RECOVERED, Status.RESOLVED)],
)
def test_alertmanagers_form_is_one_that_an_alertmanagers_receiver_reads(
    hook: HookServer, notice: Notice, status: Status
) -> None:
    heard = webhook(hook).tell(notice, again=False)

    body = hook.requests[0].document
    read = grafana.parse(body, Sender.ALERTMANAGER)
    assert heard.reception is Reception.TOLD
    assert body["version"] == "4"
    assert body["status"] == status
    assert read.alerts[0].status is status
    assert read.alerts[0].starts_at == at(-114)
    assert read.alerts[0].labels == {
        "alertname": "Responder",
        "incident": "01k9a",
        "rule": "pizza-factory",
    }
    assert read.alerts[0].annotations["summary"] == notice.title


def test_firing_and_resolved_are_one_alert(hook: HookServer) -> None:
    for notice in (NEEDED, RECOVERED):
        webhook(hook).tell(notice, again=False)

    first, second = [asked.document for asked in hook.requests]
    assert first["groupKey"] == second["groupKey"]
    assert first["alerts"][0]["fingerprint"] == second["alerts"][0]["fingerprint"]
    assert len(first["alerts"][0]["fingerprint"]) == 16
    assert first["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert second["alerts"][0]["endsAt"] == "2026-11-05T12:00:45Z"


def test_the_plain_form_is_words_and_the_page(hook: HookServer) -> None:
    webhook(hook, NoticeForm.TEXT).tell(NEEDED, again=False)

    (asked,) = hook.requests
    assert asked.headers["content-type"] == "text/plain; charset=utf-8"
    assert asked.body.decode() == f"{NEEDED.title}\n{NEEDED.text}\n{PAGE}"


def test_discord_gets_the_same_words_and_they_call_nobody(hook: HookServer) -> None:
    long = replace(NEEDED, text="@everyone " + "x" * 3000)
    webhook(hook, NoticeForm.DISCORD).tell(long, again=False)

    body = hook.requests[0].document
    assert body["content"].startswith("pizza-factory needs you\n@everyone xxx")
    assert len(body["content"]) == 2000
    assert body["allowed_mentions"] == {"parse": []}


def test_a_bearer_is_shown_to_who_asks_for_one(hook: HookServer) -> None:
    webhook(hook, bearer="t0ken").tell(NEEDED, again=False)
    webhook(hook).tell(NEEDED, again=False)

    shown = [asked.headers.get("authorization") for asked in hook.requests]
    assert shown == ["Bearer t0ken", None]


@pytest.mark.parametrize("form", list(NoticeForm))
def test_no_secret_is_in_what_is_sent(hook: HookServer, form: NoticeForm) -> None:
    told = replace(NEEDED, text="/api/support/0123456789abcdef/report/x s3cret-value")
    webhook(hook, form).tell(told, again=False)

    body = hook.requests[0].body.decode()
    assert "0123456789abcdef" not in body
    assert "s3cret-value" not in body


def test_a_redirect_is_not_followed(hook: HookServer) -> None:
    hook.fault = Fault(status=307, headers={"Location": "/elsewhere"})

    heard = webhook(hook).tell(NEEDED, again=False)

    assert heard.reception is Reception.REFUSED
    assert len(hook.requests) == 1
    assert "canary" not in heard.detail
