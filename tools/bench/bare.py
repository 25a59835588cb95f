"""The floor of a reaction: python -m tools.bench.bare DATABASE LOKI REPORT.

For each line on standard input it does, bare, what a reaction cannot do without: a
durable commit, one log query, a durable commit, one report. It prints when it began,
by the machine's monotonic clock.
"""

import http.client
import sqlite3
import sys
import time
from urllib.parse import urlencode, urlsplit

QUERY = urlencode({"query": '{level="error"}', "start": 0, "end": 1, "limit": 1000})


def main(database: str, loki: str, factory: str) -> None:
    """React until standard input ends."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS told (at REAL, body TEXT)")
    logs = _connected(loki)
    for line in sys.stdin:
        began = time.monotonic()
        connection.execute("INSERT INTO told VALUES (?, ?)", (began, "x" * 2000))
        logs.request("GET", f"/loki/api/v1/query_range?{QUERY}")
        logs.getresponse().read()
        connection.execute("INSERT INTO told VALUES (?, ?)", (began, "intent"))
        report = _connected(factory)
        report.request("GET", line.strip())
        report.getresponse().read()
        report.close()
        print(began, flush=True)


def _connected(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
