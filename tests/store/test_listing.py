"""What every look at the first page asks is found without reading all that was."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from responder.incident.names import Sender, Verdict
from responder.store import Store
from tests.conftest import Place
from tests.store_parts import alert, delivery, store_on

OPEN = (
    "SELECT id FROM incidents WHERE ended_at IS NULL "
    "ORDER BY opened_at DESC, id DESC LIMIT 51"
)
TOLD = (
    "SELECT id FROM deliveries WHERE kinds LIKE '%,{},%' "
    "ORDER BY received_at DESC, id DESC LIMIT 3"
)
ASKED = [
    (OPEN, "incidents_ended|incidents_one_open"),
    (TOLD.format("ignored"), "deliveries_ignored"),
    (TOLD.format("test"), "deliveries_test"),
]


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    store = store_on(place.url, place.clock)
    store.start()
    yield store
    store.close()


@pytest.mark.parametrize(("query", "index"), ASKED, ids=[name for _, name in ASKED])
def test_a_look_reads_an_index_of_what_it_lists(
    query: str, index: str, store: Store
) -> None:
    postgres = store.engine.dialect.name == "postgresql"
    explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
    with store.engine.connect() as conn:
        if postgres:
            # So small a table would be read whole.
            conn.execute(text("SET enable_seqscan = off"))
            conn.execute(text("SET enable_bitmapscan = off"))
        plan = conn.execute(text(explain + query)).all()

    assert re.search(index, str(plan))


def test_deliveries_are_found_by_what_they_were_taken_for(store: Store) -> None:
    store.accept(delivery(alert(shop="one")))

    assert len(store.deliveries(verdict=Verdict.OPENED)) == 1
    assert store.deliveries(verdict=Verdict.IGNORED) == ()


def test_what_earlier_versions_read_from_grafana_by_themselves_is_still_listed(
    store: Store,
) -> None:
    sent = delivery(alert(shop="one"))
    pulled = replace(sent.notification, sender=Sender.GRAFANA_PULL)
    store.accept(replace(sent, notification=pulled))

    (found,) = store.deliveries()
    assert str(found.sender) == "grafana-pull"
