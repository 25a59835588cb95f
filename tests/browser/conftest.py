"""The pages in a real Chromium, the system's own.

Without one these tests are left out and one line says so; `RESPONDER_REQUIRE_BROWSER`
turns that into a failure.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from responder.server import HttpServer
from responder.web.app import create_app
from tests.web_parts import Web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_LACKING = [
    what
    for what, there in (
        ("no chromium (Debian: apt-get install chromium)", CHROMIUM),
        ("no playwright (pip install playwright)", find_spec("playwright")),
        ("no axe-playwright-python", find_spec("axe_playwright_python")),
    )
    if not there
]
if _LACKING and os.environ.get("RESPONDER_REQUIRE_BROWSER"):
    pytest.exit(f"RESPONDER_REQUIRE_BROWSER is set, but: {', '.join(_LACKING)}", 1)

collect_ignore_glob = ["test_*.py"] if _LACKING else []

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE: "ViewportSize" = {"width": 390, "height": 844}
DESK: "ViewportSize" = {"width": 1440, "height": 900}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _LACKING:
        why = ", ".join(_LACKING)
        terminalreporter.write_line(f"browser tests were not run: {why}")


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=15_000)

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield found
        found.close()


@pytest.fixture
def serves() -> Iterator[Callable[[Web], str]]:
    """Serves a web over lists on a free port; its address."""
    with ExitStack() as stack:

        def serve(web: Web) -> str:
            server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
            server.start()
            stack.callback(server.stop)
            return server.url

        yield serve


Opens = Callable[..., "Page"]


@pytest.fixture
def opens(browser: "Browser", serves: Callable[[Web], str]) -> Iterator[Opens]:
    """Opens an address in a browser of its own; errors in its console fail the test.

    Closed before what `serves` serves is gone: a lost server is an error too.
    """
    complaints: list[str] = []
    with ExitStack() as stack:

        def at(address: str, *, tolerant: bool = False, **settings: Any) -> "Page":
            context = browser.new_context(**{"viewport": PHONE, **settings})
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(15_000)
            if not tolerant:
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda said: _noted(said, complaints))
            page.goto(address)
            return page

        yield at
    assert not complaints


_SLOW = ("htmx:timeout", "htmx:afterRequest")
"""What htmx says of a refresh that a busy machine answered late. It asks again; a lost
or failing server is `htmx:sendError` or `htmx:responseError`."""


def _noted(said: Any, complaints: list[str]) -> None:
    if said.type in ("error", "warning") and not said.text.startswith(_SLOW):
        complaints.append(said.text)
