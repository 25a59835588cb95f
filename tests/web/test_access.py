"""Who may do what, asked over real sockets."""

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests

from responder.config.settings import Access, Basic, Credential, Secret, Server
from responder.incident.names import Sender
from responder.server import HttpServer
from responder.web.app import create_app
from responder.web.auth import FREE
from tests.web_parts import OPERATOR, Web, notification

OPERATORS = {"oncall": Secret(OPERATOR)}
ONCALL = ("oncall", OPERATOR)
TOKEN = "token-of-prometheus"
PAGES = ["/", "/incidents/inc-1", "/api/incidents", "/api/incidents/inc-1"]
HOOKS = ["/webhooks/grafana", "/webhooks/alertmanager", "/webhooks/irm"]
IRM_TOKEN = "token-of-irm"
CREDENTIALS = (
    Credential(name="irm", senders=frozenset(Sender), bearer=Secret(IRM_TOKEN)),
    Credential(
        name="basic",
        senders=frozenset(Sender),
        basic=Basic(username="grafana", password=Secret("pass-of-grafana")),
    ),
)


@contextmanager
def served(web: Web) -> Iterator[str]:
    """The web on a free port; its address."""
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def answer_to(
    web: Web,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    body: bytes | None = None,
) -> requests.Response:
    with served(web) as url:
        return requests.request(
            method, url + path, headers=headers, auth=auth, data=body, timeout=60
        )


BEYOND = Server(host="0.0.0.0")
BEHIND = Server(public_url="https://responder.example.net")


@pytest.mark.parametrize("server", [BEYOND, BEHIND], ids=["beyond", "behind"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_need_an_operator(path: str, server: Server) -> None:
    assert answer_to(Web(operators=OPERATORS, server=server), path).status_code == 401


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (None, {"Authorization": f"Bearer {IRM_TOKEN}"}),
        (("grafana", "pass-of-grafana"), {}),
        (None, {"Authorization": f"Bearer {TOKEN}"}),
        (None, {"Authorization": f"Bearer {OPERATOR}"}),
        (None, {"Authorization": "Basic /////w=="}),
        (None, {"Authorization": "Basic"}),
        (None, {"Authorization": "Basic b25jYWxs"}),
    ],
    ids=["webhook bearer", "webhook basic", "scraper", "odd", "bytes", "none", "half"],
)
def test_no_other_credential_opens_a_page(
    path: str, auth: tuple[str, str] | None, headers: dict[str, str]
) -> None:
    server = Server(host="0.0.0.0", metrics_auth=Access.BEARER, bearer=Secret(TOKEN))
    web = Web(operators=OPERATORS, credentials=CREDENTIALS, server=server)

    assert answer_to(web, path, auth=auth, headers=headers).status_code == 401


ACTS = ["/api/pause", "/api/incidents/inc-1/veto", "/api/incidents/inc-1/report"]


@pytest.mark.parametrize("path", [*ACTS, "/do/pause", "/incidents/inc-1/do/veto"])
@pytest.mark.parametrize(
    ("auth", "token"),
    [
        (None, None),
        (None, IRM_TOKEN),
        (None, TOKEN),
        (("grafana", "pass-of-grafana"), None),
        (("oncall", "wrong"), None),
    ],
    ids=["nobody", "webhook bearer", "scraper", "webhook basic", "wrong"],
)
def test_no_other_credential_acts(
    path: str, auth: tuple[str, str] | None, token: str | None
) -> None:
    server = Server(host="0.0.0.0", metrics_auth=Access.BEARER, bearer=Secret(TOKEN))
    web = Web(operators=OPERATORS, credentials=CREDENTIALS, server=server)
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    found = answer_to(web, path, "POST", headers=headers, auth=auth, body=b"{}")

    assert found.status_code == 401


@pytest.mark.parametrize("path", HOOKS)
@pytest.mark.parametrize(
    ("auth", "headers"),
    [(ONCALL, {}), (None, {"Authorization": f"Bearer {TOKEN}"}), (None, {})],
    ids=["operator", "scraper", "nobody"],
)
def test_no_other_credential_delivers_a_webhook(
    path: str, auth: tuple[str, str] | None, headers: dict[str, str]
) -> None:
    server = Server(host="0.0.0.0", metrics_auth=Access.BEARER, bearer=Secret(TOKEN))
    web = Web(operators=OPERATORS, credentials=CREDENTIALS, server=server)
    body = json.dumps(notification()).encode()

    found = answer_to(web, path, "POST", auth=auth, headers=headers, body=body)

    assert found.status_code == 401
    assert not web.intake.deliveries


@pytest.mark.parametrize(
    ("access", "auth", "token", "status"),
    [
        (Access.OPERATORS, None, None, 401),
        (Access.OPERATORS, ONCALL, None, 200),
        (Access.OPERATORS, None, TOKEN, 401),
        (Access.OPERATORS, None, IRM_TOKEN, 401),
        (Access.BEARER, None, IRM_TOKEN, 401),
        (Access.BEARER, None, None, 401),
        (Access.BEARER, None, TOKEN, 200),
        (Access.BEARER, None, "token-of-prometheuz", 401),
        (Access.BEARER, ONCALL, None, 401),
        (Access.OPEN, None, None, 200),
    ],
)
def test_metrics_open_to_whom_the_configuration_says(
    access: Access, auth: tuple[str, str] | None, token: str | None, status: int
) -> None:
    server = Server(host="0.0.0.0", metrics_auth=access, bearer=Secret(TOKEN))
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    web = Web(operators=OPERATORS, credentials=CREDENTIALS, server=server)

    found = answer_to(web, "/metrics", headers=headers, auth=auth)

    assert found.status_code == status


def test_a_token_that_has_no_value_opens_nothing() -> None:
    server = Server(host="0.0.0.0", metrics_auth=Access.BEARER)
    headers = {"Authorization": "Bearer "}

    assert answer_to(Web(server=server), "/metrics", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
@pytest.mark.parametrize(
    ("access", "host", "status"),
    [
        (Access.OPEN, "responder.example.net", 200),
        (Access.OPERATORS, "responder.example.net", 401),
        (Access.BEARER, "responder.example.net", 401),
        (Access.OPERATORS, "127.0.0.1", 200),
        (Access.BEARER, "127.0.0.1", 200),
    ],
)
def test_health_opens_to_whom_the_configuration_says_and_to_our_own_probe(
    path: str, access: Access, host: str, status: int
) -> None:
    server = Server(host="0.0.0.0", health_auth=access, bearer=Secret(TOKEN))
    web = Web(operators=OPERATORS, server=server)

    assert answer_to(web, path, headers={"Host": host}).status_code == status


def acting(headers: Mapping[str, str], server: Server | None = None) -> int:
    """The status of an operator's action that a browser asks for."""
    web = Web(operators=OPERATORS, server=server or BEYOND)
    headers = {"Content-Type": "application/json", **headers}
    found = answer_to(
        web, "/api/pause", "POST", headers, auth=ONCALL, body=b'{"paused": true}'
    )
    return found.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://responder.example.net"},
        {"Origin": "https://evil.example.net"},
        {"Origin": "http://responder.example.net.evil.example"},
        {"Origin": "http://responder.example.net:8081"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_another_sites_page_cannot_act_for_an_operator(
    headers: dict[str, str],
) -> None:
    assert acting({"Host": "responder.example.net", **headers}) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://responder.example.net"},
        {"Origin": "https://responder.example.net"},
    ],
)
def test_our_own_page_and_programs_may_act(headers: dict[str, str]) -> None:
    assert acting({"Host": "responder.example.net", **headers}) == 204


def test_our_own_page_may_act_behind_a_proxy_that_renames_the_host() -> None:
    headers = {"Host": "10.0.0.7:8080", "Origin": "https://responder.example.net"}

    assert acting(headers, BEHIND) == 204


def test_a_page_of_another_program_on_this_machine_cannot_act() -> None:
    headers = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}

    assert answer_to(Web(), "/api/pause", "POST", headers).status_code == 403


def test_guessing_is_refused_after_some_failures_and_opens_again() -> None:
    web = Web(operators=OPERATORS, server=BEYOND)
    with served(web) as url:

        def asked(password: str) -> requests.Response:
            return requests.get(f"{url}/", auth=("oncall", password), timeout=60)

        guesses = [asked(f"guess {n}").status_code for n in range(FREE + 1)]
        shut = asked(OPERATOR)
        web.clock.at += timedelta(seconds=1)

        assert guesses == [401] * FREE + [429]
        assert (shut.status_code, shut.headers["Retry-After"]) == (429, "1")
        assert asked(OPERATOR).status_code == 200


def test_asking_without_a_password_is_no_failure() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        for _ in range(FREE + 1):
            assert requests.get(f"{url}/", timeout=60).status_code == 401

        assert requests.get(f"{url}/", auth=ONCALL, timeout=60).status_code == 200


def test_a_failed_login_is_logged_without_what_was_typed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # People type the password into the field of the name.
    answer_to(Web(operators=OPERATORS, server=BEYOND), "/", auth=(OPERATOR, OPERATOR))

    (record,) = [r for r in caplog.records if r.name == "responder.operators"]
    assert record.__dict__["user"] == ""
    assert record.__dict__["address"] == "127.0.0.1"
    assert OPERATOR not in str(record.__dict__)


EVERYWHERE = [
    ("GET", "/"),
    ("GET", "/incidents/nobody"),
    ("GET", "/api/incidents"),
    ("GET", "/api/incidents/nobody"),
    ("GET", "/metrics"),
    ("GET", "/-/healthy"),
    ("GET", "/-/ready"),
    ("GET", "/nowhere"),
    ("GET", "/static/style.css"),
    ("DELETE", "/"),
    ("POST", "/webhooks/grafana"),
    ("GET", "/%00/../%2e%2e/"),
]


@pytest.mark.parametrize("operators", [{}, OPERATORS], ids=["open", "closed"])
@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_every_answer_keeps_browsers_strict(
    method: str, path: str, operators: dict[str, Secret]
) -> None:
    headers = answer_to(Web(operators=operators), path, method).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    if not path.startswith("/static/"):
        assert headers["Cache-Control"] == "no-store"


def test_bytes_that_are_no_http_end_one_connection_and_nothing_else() -> None:
    with served(Web()) as url:
        where = urlsplit(url)
        address = (where.hostname or "", where.port or 0)
        for garbage in (b"\x00" * 9000, b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\r\n"):
            with socket.create_connection(address, timeout=60) as wire:
                wire.sendall(garbage + b"\r\n\r\n")
                wire.shutdown(socket.SHUT_WR)
                while wire.recv(4096):
                    pass
        connection = http.client.HTTPConnection(*address, timeout=60)
        connection.request("GET", "/-/healthy")
        assert connection.getresponse().status == 200
        connection.close()


def routes() -> list[tuple[str, str]]:
    """Every method and path of the application, filled with harmless values."""
    found = set()
    for rule in create_app(Web().parts()).url_map.iter_rules():
        # `<any("a", "b"):name>` takes its first, any other part takes `x`.
        path = re.sub(r'<any\("?(\w[\w-]*).*?\):\w+>', r"\1", rule.rule)
        path = re.sub(r"<[^>]*>", "x", path)
        found |= {(method, path) for method in (rule.methods or set())}
    return sorted(found - {("OPTIONS", path) for _, path in found})


FOR_ALL = {"/login", "/logout", "/static/x", "/-/healthy", "/-/ready"}
CLOSED = [(method, path) for method, path in routes() if path not in FOR_ALL]
ACTING = [
    (method, path)
    for method, path in routes()
    if method not in ("GET", "HEAD") and path not in HOOKS
]


def test_routes_are_found() -> None:
    assert len(CLOSED) > 20
    assert ("POST", "/do/pause") in ACTING


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_no_route_forgets_to_ask_who_it_is(method: str, path: str) -> None:
    web = Web(
        operators=OPERATORS,
        credentials=CREDENTIALS,
        server=BEYOND,
    )

    assert answer_to(web, path, method, body=b"{}").status_code == 401


@pytest.mark.parametrize(("method", "path"), ACTING)
def test_no_route_that_acts_believes_another_sites_page(method: str, path: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}
    web = Web(operators=OPERATORS, server=BEYOND)

    assert answer_to(web, path, method, headers, ONCALL, b"{}").status_code == 403
