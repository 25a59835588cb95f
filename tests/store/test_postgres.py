"""PostgreSQL as a storage by itself: opening it, and what it alone refuses."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from responder.incident.names import Verdict
from responder.incident.ports import StorageUnavailable
from responder.store import BadStorage, Store
from tests.conftest import Place
from tests.e2e.service import until
from tests.postgres import Onlooker, own_server
from tests.store_parts import alert, delivery, open_incident, store_on

PASSWORD = "hunter2-canary"


@pytest.fixture
def store(postgres_place: Place) -> Iterator[Store]:
    store = store_on(postgres_place.url, postgres_place.clock)
    store.start()
    yield store
    store.close()


def refusal(store: Store) -> str:
    with pytest.raises(BadStorage) as refused:
        store.start()
    assert PASSWORD not in f"{refused.value!r} {refused.value.__cause__}"
    return str(refused.value)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    url = f"postgresql://pizza:{PASSWORD}@127.0.0.1:1/responder"

    told = refusal(store_on(url))

    assert "the database responder at 127.0.0.1 cannot be used" in told
    assert "see that the server runs" in told


def test_a_database_that_is_not_there_is_named(postgres_place: Place) -> None:
    told = refusal(store_on(f"{postgres_place.url}&dbname=nowhere"))

    assert 'database "nowhere" does not exist' in told


def test_a_missing_driver_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert "jwt-pizza-responder[postgres]" in refusal(store_on("postgresql://db/x"))


def test_a_refused_start_can_be_tried_again(postgres_place: Place) -> None:
    store = store_on(postgres_place.url, postgres_place.clock)
    with Onlooker(postgres_place.url) as onlooker:
        onlooker.run("CREATE VIEW incidents AS SELECT 1 AS id")
        onlooker.let_go()
        refusal(store)
        onlooker.run("DROP VIEW incidents")
        onlooker.let_go()

    store.start()

    assert open_incident(store)
    store.close()


def test_a_closed_store_takes_nothing_and_may_be_closed_again(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(StorageUnavailable):
        store.accept(delivery())
    assert not store.writable()


def test_a_server_that_restarts_is_found_again_without_a_restart_of_ours() -> None:
    with own_server() as server:
        url = server.get_uri()
        with closing(store_on(url)) as store:
            store.start()
            lease, incident = open_incident(store)

            server.stop()
            with pytest.raises(StorageUnavailable):
                store.accept(delivery(alert("f2")))
            with pytest.raises(StorageUnavailable):
                store.load(incident.id)
            away = store.writable()
            server.ensure_postgres_running()

            assert not away
            until(store.writable)
            assert store.load(incident.id) == incident
            assert store.accept(delivery(alert("f3"))).verdicts[0].incident
            assert lease.incident == incident.id


@pytest.mark.parametrize(
    "bad",
    [
        replace(alert(), fingerprint="".join(str(n * n) for n in range(4000))),
        replace(alert(), fingerprint="f\0"),
        replace(alert(), fingerprint="f\ud800"),
    ],
    ids=["too long for an index", "with U+0000", "with a lone surrogate"],
)
def test_what_only_postgresql_refuses_takes_no_neighbour_with_it(
    store: Store, postgres_place: Place, bad: object
) -> None:
    assert isinstance(bad, type(alert()))
    good = [delivery(alert(f"g{n}")) for n in range(10)]
    with Onlooker(postgres_place.url) as onlooker, ThreadPoolExecutor(11) as threads:
        # While the first waits, the others gather behind it into one batch.
        onlooker.run("LOCK TABLE firings IN EXCLUSIVE MODE")
        refused = threads.submit(store.accept, delivery(bad))
        told = [threads.submit(store.accept, one) for one in good]
        onlooker.let_go()

    with pytest.raises(StorageUnavailable):
        refused.result()
    verdicts = {one.result().verdicts[0].verdict for one in told}
    assert verdicts <= {Verdict.OPENED, Verdict.JOINED}


FAILS_AT_COMMIT = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM nextval('tries');
  RAISE EXCEPTION 'no' USING ERRCODE = '40001';
END $$;
CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON deliveries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
"""


def test_a_commit_that_failed_is_not_tried_again(
    store: Store, postgres_place: Place
) -> None:
    """It may have been done all the same."""
    with Onlooker(postgres_place.url) as onlooker:
        onlooker.run(FAILS_AT_COMMIT)
        onlooker.let_go()
        with pytest.raises(StorageUnavailable):
            store.accept(delivery())

        assert onlooker.run("SELECT last_value FROM tries") == [(1,)]


WATCHES_SESSIONS = """
CREATE TABLE seen (lock text, statement text, idle text, prepared bigint);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO seen SELECT current_setting('lock_timeout'),
    current_setting('statement_timeout'),
    current_setting('idle_in_transaction_session_timeout'),
    (SELECT count(*) FROM pg_prepared_statements);
  RETURN NULL;
END $$;
CREATE TRIGGER watches AFTER INSERT ON deliveries
  FOR EACH ROW EXECUTE FUNCTION watch();
"""


def test_a_write_waits_for_nothing_long_and_leaves_nothing_in_its_session(
    store: Store, postgres_place: Place
) -> None:
    """A replica that froze holds up no other, and a pooler may stand between."""
    with Onlooker(postgres_place.url) as onlooker:
        onlooker.run(WATCHES_SESSIONS)
        onlooker.let_go()
        for _ in range(10):
            store.accept(delivery())

        seen = onlooker.run("SELECT DISTINCT * FROM seen")

    assert seen == [("400ms", "5s", "5s", 0)]
