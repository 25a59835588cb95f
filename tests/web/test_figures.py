"""What the pages read of many incidents, and how little of it for nothing new."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.events import (
    AlertFired,
    ReportedByHand,
    ReportShared,
    ReportWithheld,
)
from responder.incident.names import Outcome, Reason, Verdict
from responder.incident.view import Search
from responder.store import Store
from tests.browser.scenes import (
    SOME,
    beginning,
    heard,
    reported,
    web_of,
    working_events,
)
from tests.conftest import Place
from tests.fakes import NOON
from tests.store_parts import (
    DIGEST,
    alert,
    at,
    delivery,
    intended,
    looked,
    open_incident,
    store_on,
)

AGAIN = {"HX-Request": "true"}
PAGE = "/incidents/inc-12"


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    store = store_on(place.url, place.clock)
    store.start()
    yield store
    store.close()


def test_an_incident_is_not_read_again_while_nothing_changed() -> None:
    web = web_of(working_events(), later=60, heard=SOME)
    client = web.client()
    tag = client.get(PAGE, headers=AGAIN).headers["ETag"]
    web.archive.read.clear()

    answer = client.get(PAGE, headers={**AGAIN, "If-None-Match": tag})

    assert answer.status_code == 304
    assert web.archive.read == []


def test_a_resend_that_adds_no_event_is_sent() -> None:
    web = web_of(working_events(), later=60, heard=SOME)
    client = web.client()
    tag = client.get(PAGE, headers=AGAIN).headers["ETag"]
    web.archive.heard.insert(0, heard(Verdict.REPEATED, 61))

    answer = client.get(PAGE, headers={**AGAIN, "If-None-Match": tag})

    assert answer.status_code == 200
    assert "resend 2 of 2" in answer.text


def test_the_stamp_of_an_incident_changes_with_all_that_is_heard(store: Store) -> None:
    lease, incident = open_incident(store)
    before = store.stamp(incident.id)
    store.accept(delivery(received=at(1)))
    after = store.stamp(incident.id)
    store.record(lease, incident, [looked(2)])
    later = store.stamp(incident.id)

    assert before
    assert after
    assert later
    assert (before.deliveries, after.deliveries) == (1, 2)
    assert after.last_firing_at == at(1)
    assert (after.last_at, later.last_at) == (NOON, at(2))
    assert later.seq == after.seq + 1
    assert store.stamp("nobody") is None


def test_a_page_reads_events_that_came_after_it_was_read_before(store: Store) -> None:
    lease, incident = open_incident(store)
    first = store.timeline(incident.id)
    store.record(lease, incident, [looked(2)])
    second = store.timeline(incident.id)

    assert first
    assert second
    assert second[1] == (*first[1], looked(2))


def test_a_rule_is_compared_with_its_own_latest_reports(store: Store) -> None:
    for number in range(3):
        told = store.accept(delivery(alert(shop=f"shop {number}"), received=at(number)))
        lease = told.leases[0]
        first = replace(looked(5), first_line_at=at(0))
        link = intended(10 * number + 10, digest=f"{number}" * 64)
        store.record(lease, store.load(lease.incident), [first, link])

    assert store.delays("another-rule") == ()
    assert store.delays("pizza-factory", limit=2) == (
        timedelta(seconds=30),
        timedelta(seconds=20),
    )


def test_what_a_shadow_rule_would_have_reported_is_searched(store: Store) -> None:
    lease, incident = open_incident(store)
    withheld = ReportWithheld(
        at=at(1), link="link 7f3a", digest=DIGEST, reason=Reason.THRESHOLD_REACHED
    )
    by_hand = ReportedByHand(at=at(70), by="Ana", reported_at=at(60))
    store.record(lease, incident, [withheld, by_hand])
    open_incident(store, alert(shop="another"))

    (found,) = store.search(Search(withheld=True)).incidents
    known = store.timeline(incident.id)

    assert (found.id, found.withheld_at) == (incident.id, at(1))
    assert found.reported_by_hand_at == at(60)
    assert known
    assert known[0].withheld_link == "link 7f3a"


def test_a_shared_report_is_told_in_the_list(store: Store) -> None:
    lease, incident = open_incident(store)
    shared = ReportShared(
        at=at(2),
        link="link 7f3a",
        digest=DIGEST,
        incident="another",
        outcome=Outcome.RESOLVED,
        answered_at=at(1),
    )
    store.record(lease, incident, [shared])

    (found,) = store.search(Search()).incidents

    assert found.shared_with == "another"


def test_ten_thousand_alerts_are_a_few_lines_of_a_page() -> None:
    begun = working_events()
    fired = next(event for event in begun if isinstance(event, AlertFired))
    many = [replace(fired, fingerprint=f"{number:016x}") for number in range(9999)]
    web = web_of([*begun[:2], *many, *begun[2:]], later=60)

    page = web.client().get(PAGE)

    assert "and 9,997 more alerts fire, heard from grafana" in page.text
    assert "9,977 more" in page.text
    assert page.text.count('<li class="alert_fired">') == 4
    assert len(page.data) < 60_000


def test_of_a_very_long_story_the_middle_is_left_out_and_the_page_says_so() -> None:
    looks = [replace(looked(n, f"{n}"), good_orders=n) for n in range(100, 700)]
    page = web_of([*working_events(), *looks], later=800).client().get(PAGE)

    assert page.text.count("<time ") == 301
    assert "left out here; the API tells them all" in page.text


def test_the_page_compares_with_the_median_of_its_rule() -> None:
    web = web_of([*beginning(), *reported()])
    web.archive.took = tuple(timedelta(seconds=s) for s in (60, 80, 90))

    page = web.client().get(PAGE).text

    assert "From first error to report: 1 min 54 s here." in page
    assert "Median of this rule&#39;s last 3 reports 1 min 20 s." in page
    assert "7 April 2025, by hand: about 4 min" in page
