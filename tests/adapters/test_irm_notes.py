"""IRM's public API on a real socket: notes and the state of alert groups."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.config.settings import IrmSettings, Secret
from responder.incident.events import Reception, What
from responder.incident.notify import GroupNote, Turned
from responder.masking import Masker
from responder.notify.channels import IrmGroups
from tests.api_server import Fault
from tests.irm_server import IRM_KEY, SERVICE_ACCOUNT, IrmServer

NOTE = GroupNote(
    what=What.ACTED,
    group="IQ7",
    opening="Responder, incident 01k9a:",
    text="Responder, incident 01k9a: reported link 7f3a. 14 error logs so far.",
)
STACK = "https://shop.grafana.net"


@pytest.fixture
def irm() -> Iterator[IrmServer]:
    with IrmServer("IQ7") as server:
        yield server


def voice(server: IrmServer, key: str = IRM_KEY) -> IrmGroups:
    settings = IrmSettings(url=f"{server.url}/oncall/api/v1", token=Secret(key))
    return IrmGroups(settings, Masker([key]), stack_url=STACK)


def turned(what: What, undoes: What | None = None, group: str = "IQ7") -> Turned:
    return Turned(what=what, group=group, undoes=undoes)


def test_a_note_is_written_with_the_bare_key(irm: IrmServer) -> None:
    heard = voice(irm).tell(NOTE, again=False)

    assert (heard.reception, heard.ref) == (Reception.TOLD, "M1")
    assert [(n["alert_group_id"], n["text"]) for n in irm.notes] == [("IQ7", NOTE.text)]
    assert irm.requests[0].headers["authorization"] == IRM_KEY
    assert [asked.method for asked in irm.requests] == ["POST"]


def test_a_note_whose_answer_was_lost_is_found_and_not_written_again(
    irm: IrmServer,
) -> None:
    irm.faults = [Fault(drop=True, after=True)]
    voice(irm).tell(NOTE, again=False)

    heard = voice(irm).tell(replace(NOTE, text=f"{NOTE.opening} later"), again=True)

    assert (heard.reception, heard.ref) == (Reception.TOLD, "M1")
    assert len(irm.notes) == 1


def test_a_note_that_is_not_there_is_written_when_told_again(irm: IrmServer) -> None:
    other = replace(NOTE, opening="Other:", text="Other: words")
    voice(irm).tell(other, again=False)

    voice(irm).tell(NOTE, again=True)

    assert [note["text"] for note in irm.notes] == [other.text, NOTE.text]


def test_an_irm_that_lists_no_notes_is_told_rather_twice_than_never() -> None:
    with IrmServer("IQ7", lists_notes=False) as irm:
        heard = voice(irm).tell(NOTE, again=True)

        assert heard.reception is Reception.TOLD
        assert len(irm.notes) == 1


def test_a_note_is_not_written_while_it_cannot_be_looked_for(irm: IrmServer) -> None:
    irm.faults = [Fault(status=502)]

    heard = voice(irm).tell(NOTE, again=True)

    assert heard.reception is Reception.FAILED
    assert irm.notes == []


@pytest.mark.parametrize(
    ("before", "telling", "after"),
    [
        ("firing", turned(What.ACKNOWLEDGED), "acknowledged"),
        ("silenced", turned(What.ACKNOWLEDGED), "acknowledged"),
        ("acknowledged", turned(What.ACKNOWLEDGED), "acknowledged"),
        ("resolved", turned(What.ACKNOWLEDGED), "resolved"),
        ("firing", turned(What.RESOLVED), "resolved"),
        ("resolved", turned(What.RESOLVED), "resolved"),
        ("acknowledged", turned(What.REOPENED, What.ACKNOWLEDGED), "firing"),
        ("firing", turned(What.REOPENED, What.ACKNOWLEDGED), "firing"),
        ("resolved", turned(What.REOPENED, What.RESOLVED), "firing"),
        ("acknowledged", turned(What.REOPENED, What.RESOLVED), "acknowledged"),
    ],
)
def test_a_group_is_turned_and_already_is_as_good(
    irm: IrmServer, before: str, telling: Turned, after: str
) -> None:
    irm.groups["IQ7"] = before

    heard = voice(irm).tell(telling, again=False)

    assert heard.reception is Reception.TOLD
    assert irm.groups["IQ7"] == after


def test_what_cannot_be_acknowledged_at_all_is_no_success(irm: IrmServer) -> None:
    irm.faults = [Fault(status=400, body={"detail": "Can't acknowledge: attached"})]

    heard = voice(irm).tell(turned(What.ACKNOWLEDGED), again=False)

    assert heard.reception is Reception.REFUSED
    assert heard.detail == "HTTP 400: Can't acknowledge: attached"


def test_a_wrong_key_is_refused_with_403(irm: IrmServer) -> None:
    heard = voice(irm, key="another").tell(NOTE, again=False)

    assert heard.reception is Reception.REFUSED
    assert heard.detail == "HTTP 403: Invalid token."


def test_a_service_account_writes_notes_and_is_told_that_it_may_do_no_more(
    irm: IrmServer,
) -> None:
    account = voice(irm, key=SERVICE_ACCOUNT)

    noted = account.tell(NOTE, again=False)
    refused = account.tell(turned(What.ACKNOWLEDGED), again=False)

    assert noted.reception is Reception.TOLD
    assert irm.requests[0].headers["x-grafana-url"] == STACK
    assert refused.reception is Reception.REFUSED
    assert refused.detail.endswith(
        "A service account may not acknowledge: use a person's key"
    )


def test_a_groups_name_stays_within_its_part_of_the_address(irm: IrmServer) -> None:
    odd = turned(What.ACKNOWLEDGED, group="../users?x=1#y")

    voice(irm).tell(odd, again=False)

    assert irm.requests[0].path == (
        "/oncall/api/v1/alert_groups/..%2Fusers%3Fx%3D1%23y/acknowledge"
    )
    assert irm.requests[0].query == []


def test_irm_says_when_to_come_again(irm: IrmServer) -> None:
    irm.faults = [Fault(status=429, headers={"RateLimit-Reset": "120"})]

    heard = voice(irm).tell(NOTE, again=False)

    assert heard.reception is Reception.LIMITED
    assert heard.after == timedelta(seconds=120)
