"""Annotations against an API on a real socket."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.config.settings import GrafanaSettings, Secret
from responder.incident.events import Reception, What
from responder.incident.notify import Annotation, Notice
from responder.masking import Masker
from responder.notify.channels import GrafanaAnnotations
from tests.api_server import Fault
from tests.irm_server import GRAFANA_TOKEN, AnnotationServer
from tests.store_parts import at

REGION = Annotation(
    what=What.REGION_CLOSED,
    incident="01k9a",
    start=at(-114.25),
    end=at(45),
    text="Recovered: a good order was seen",
    tags=("responder", "incident:01k9a", "state:recovered"),
)
NOON_MS = 1_793_880_000_000


@pytest.fixture
def grafana() -> Iterator[AnnotationServer]:
    with AnnotationServer() as server:
        yield server


def voice(server: AnnotationServer, timeout: float = 4.0) -> GrafanaAnnotations:
    settings = GrafanaSettings(url=server.url, token=Secret(GRAFANA_TOKEN))
    return GrafanaAnnotations(settings, Masker([GRAFANA_TOKEN, "s3cret"]), timeout)


def test_a_region_is_made_whole_in_epoch_milliseconds(
    grafana: AnnotationServer,
) -> None:
    heard = voice(grafana).tell(REGION, again=False)

    assert (heard.reception, heard.ref) == (Reception.TOLD, "71")
    assert grafana.only() == {
        "id": 71,
        "text": "Recovered: a good order was seen",
        "tags": ["responder", "incident:01k9a", "state:recovered"],
        "time": NOON_MS - 114_250,
        "timeEnd": NOON_MS + 45_000,
    }
    assert [asked.method for asked in grafana.requests] == ["POST"]


def test_an_annotation_whose_answer_was_lost_is_found_and_not_made_again(
    grafana: AnnotationServer,
) -> None:
    grafana.faults = [Fault(drop=True, after=True)]
    first = voice(grafana).tell(REGION, again=False)

    heard = voice(grafana).tell(REGION, again=True)

    assert first.reception is Reception.FAILED
    assert (heard.reception, heard.ref) == (Reception.TOLD, "71")
    assert grafana.only()["text"] == REGION.text


def test_another_incidents_annotation_is_not_taken_for_it(
    grafana: AnnotationServer,
) -> None:
    other = replace(REGION, incident="01k9b", tags=("responder", "incident:01k9b"))
    voice(grafana).tell(other, again=False)

    heard = voice(grafana).tell(REGION, again=True)

    assert heard.ref == "72"
    assert len(grafana.annotations) == 2


def test_a_list_without_one_number_is_no_reason_to_fail(
    grafana: AnnotationServer,
) -> None:
    grafana.faults = [Fault(status=200, body=[{"id": "x"}, {}, 7])]

    assert voice(grafana).tell(REGION, again=True).reception is Reception.TOLD
    assert len(grafana.annotations) == 1


@pytest.mark.parametrize(
    ("fault", "reception"),
    [
        (Fault(status=503), Reception.FAILED),
        (Fault(status=500, body={"message": "database is locked"}), Reception.FAILED),
        (Fault(drop=True), Reception.FAILED),
        (Fault(status=401, body={"message": "Unauthorized"}), Reception.REFUSED),
        (Fault(status=403), Reception.REFUSED),
        (Fault(status=400), Reception.REFUSED),
        (Fault(status=302, headers={"Location": "/login"}), Reception.REFUSED),
        (Fault(status=429, headers={"Retry-After": "7"}), Reception.LIMITED),
        (Fault(status=200, body={"message": "odd"}), Reception.FAILED),
    ],
)
def test_what_is_not_taken_says_whether_it_may_be_taken_later(
    grafana: AnnotationServer, fault: Fault, reception: Reception
) -> None:
    grafana.fault = fault

    assert voice(grafana).tell(REGION, again=False).reception is reception


@pytest.mark.parametrize("again", [False, True])
def test_a_page_of_something_else_is_no_grafana(
    grafana: AnnotationServer, again: bool
) -> None:
    grafana.fault = Fault(status=200, body="hello")

    heard = voice(grafana).tell(REGION, again=again)

    assert heard.reception is not Reception.TOLD


def test_a_grafana_that_says_nothing_holds_a_telling_no_longer_than_its_time(
    grafana: AnnotationServer,
) -> None:
    grafana.fault = Fault(hang=True)

    heard = voice(grafana, timeout=0.2).tell(REGION, again=False)

    assert heard.reception is Reception.FAILED
    assert heard.detail == "no complete answer within 0.2 s"


def test_a_grafana_that_is_away_is_told_of_without_its_address() -> None:
    with AnnotationServer() as server:
        gone = voice(server)

    heard = gone.tell(REGION, again=False)

    assert heard.reception is Reception.FAILED
    assert heard.detail == "it cannot be reached: it takes no connection"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"RateLimit-Reset": "90"}, 90),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "99999999"}, 3600),
        ({"Retry-After": "soon"}, 30),
        ({"Retry-After": "nan"}, 30),
        ({}, 30),
    ],
)
def test_a_bound_of_calls_is_obeyed_within_reason(
    grafana: AnnotationServer, headers: dict[str, str], seconds: float
) -> None:
    grafana.fault = Fault(status=429, headers=headers)

    heard = voice(grafana).tell(REGION, again=False)

    assert heard.after == timedelta(seconds=seconds)


def test_no_secret_leaves_by_a_text_or_comes_back_by_an_answer(
    grafana: AnnotationServer,
) -> None:
    link = "https://factory.example/api/support/0123456789abcdef/report/a1b2c3"
    voice(grafana).tell(replace(REGION, text=f"see {link} s3cret"), again=False)
    grafana.fault = Fault(status=400, body={"message": f"{GRAFANA_TOKEN} {link}"})
    heard = voice(grafana).tell(REGION, again=False)

    assert grafana.only()["text"] == "see https://factory.example*** ***"
    assert heard.detail == "HTTP 400: *** https://factory.example***"


def test_a_dashboard_takes_no_notice() -> None:
    notice = Notice(
        what=What.RECOVERED,
        mark="",
        incident="01k9a",
        rule="r",
        title="",
        text="",
        page="",
        firing=False,
        start=at(0),
        end=None,
    )
    with AnnotationServer() as server, pytest.raises(TypeError):
        voice(server).tell(notice, again=False)
