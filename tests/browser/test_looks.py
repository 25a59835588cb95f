"""Every state, on a phone by day and on a desk by night, is readable by all."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from responder.config.settings import Secret
from tests.browser.conftest import DESK, PHONE, Opens
from tests.browser.scenes import SCENES
from tests.web_parts import Web

Serves = Callable[[Web], str]
LOOKS: dict[str, tuple[ViewportSize, Literal["light", "dark"]]] = {
    "a phone by day": (PHONE, "light"),
    "a desk by night": (DESK, "dark"),
}
DRILLS = ("drilling", "drill-broken")
BARE = ("first-start", "quiet", "not-ready", "paused", "login")
TOLD = [name for name in SCENES if name not in (*BARE, *DRILLS)]
PAGES = [(scene, "/") for scene in SCENES if scene not in ("login", *DRILLS)] + [
    (s, "/incidents/inc-12") for s in TOLD
]
OTHERS = [
    ("recovered", "/incidents"),
    ("recovered", "/incidents?state=holding&text=zebra"),
    ("shadow", "/incidents"),
    ("quiet", "/ignored"),
    ("login", "/login"),
    ("not-ready", "/readiness"),
    ("quiet", "/drill"),
    ("drilling", "/drill"),
    ("drill-broken", "/drill"),
    ("quiet", "/ask/open/pizza-factory"),
    ("veto", "/incidents/inc-12/ask/report"),
    ("blind", "/incidents/inc-12/ask/report"),
    ("veto", "/incidents/inc-12/ask/close"),
    ("veto", "/incidents/inc-12/ask/note"),
    ("veto", "/incidents/inc-12/ask/reported-by-hand"),
    ("paused", "/ask/resume"),
    ("recovered", "/incidents/inc-12/report"),
    ("recovered", "/runbook"),
    ("recovered", "/incidents/inc-12?show=people"),
    ("waiting", "/incidents/inc-12?show=decisions"),
]
AA = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    }
}


UNCOVERED = """() => {
  const place = document.querySelector("h1").getBoundingClientRect();
  const [x, y] = [place.left + 20, place.top + place.height / 2];
  return document.elementFromPoint(x, y)?.closest("h1") !== null;
}"""
"""Whether what comes first can be seen: no bar of buttons lies over it."""


WHOLE_WORDS = """() => [...document.querySelectorAll("nav a")].every((link) => {
  const range = document.createRange();
  range.selectNodeContents(link);
  return range.getClientRects().length === 1;
})"""
"""Whether no word of the navigation is broken in two."""


def kept(page: Page, name: str) -> None:
    """A picture, where `RESPONDER_SCREENSHOTS` names a folder for them."""
    if folder := os.environ.get("RESPONDER_SCREENSHOTS"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            path = Path(folder) / f"{name}-{scheme}.png"
            page.screenshot(path=path, full_page=True)


@pytest.mark.parametrize(("scene", "path"), PAGES + OTHERS)
def test_a_page_can_be_read_by_everybody_and_fits_every_screen(
    scene: str, path: str, opens: Opens, serves: Serves
) -> None:
    page = opens(serves(SCENES[scene]()) + path)
    plain = path.strip("/").replace("/", "-").replace("?", "-") or "now"
    for look, (size, scheme) in LOOKS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("h1").first).to_be_visible()

        found = Axe().run(page, options=AA)

        kept(page, f"{scene}-{plain}-{size['width']}")
        assert found.violations_count == 0, (look, found.generate_report())
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], look
        assert page.evaluate(UNCOVERED), look
        assert page.evaluate(WHOLE_WORDS), look


@pytest.mark.parametrize("width", [320, 390])
def test_who_is_logged_in_pushes_nothing_off_a_phone(
    width: int, opens: Opens, serves: Serves
) -> None:
    web = SCENES["not-ready"]()
    web.operators = {"David Higueros": Secret("pass-of-david")}
    phone = {"width": width, "height": 700}
    page = opens(serves(web) + "/readiness", viewport=phone)
    page.get_by_label("Name").fill("David Higueros")
    page.get_by_label("Password").fill("pass-of-david")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#head h1")).to_contain_text("NOT READY")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(WHOLE_WORDS)
    place = page.locator("#head").bounding_box()
    assert place is not None
    # A name, a clock and two rows of pages are enough above what matters.
    assert place["y"] <= 3 * 48 + 12
    expect(page.get_by_text("Logged in as David Higueros")).to_be_visible()


def test_a_refusal_is_a_page_as_well(opens: Opens, serves: Serves) -> None:
    page = opens(serves(SCENES["quiet"]()) + "/incidents/nobody", tolerant=True)
    expect(page.get_by_role("heading", name="No such incident.")).to_be_visible()

    found = Axe().run(page, options=AA)

    kept(page, "refused")
    assert found.violations_count == 0, found.generate_report()
    page.get_by_role("link", name="To the first page").click()
    expect(page.locator("#head h1")).to_contain_text("QUIET")


def test_a_stretch_of_unknown_length_is_hatched_in_its_bar(
    opens: Opens, serves: Serves
) -> None:
    page = opens(serves(SCENES["blind"]()) + "/incidents/inc-12")

    unknown, known = page.locator("svg.delay rect.owner").all()

    fill = "rect => getComputedStyle(rect).fill"
    assert unknown.evaluate(fill).startswith("url(")
    assert known.evaluate(fill).startswith("rgb(")


@pytest.mark.parametrize("name", ["report", "close", "note", "reported-by-hand"])
def test_a_question_can_be_read_by_everybody(
    name: str, opens: Opens, serves: Serves
) -> None:
    page = opens(serves(SCENES["veto"]()) + "/incidents/inc-12")
    words = {"report": "Report now", "close": "Close", "note": "Note"}
    page.get_by_role(
        "button", name=words.get(name, "I reported it myself"), exact=True
    ).first.click()
    page.locator(f"#q-{name}-inc-12").wait_for(state="visible")

    found = Axe().run(page, options=AA)

    kept(page, f"question-{name}")
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(
    ("scene", "title", "icon"),
    [
        ("quiet", "✓ QUIET", "quiet"),
        ("working", "◔ WORKING", "working"),
        ("waiting", "! WAITING FOR YOU", "waiting"),
        ("paused", "‖ PAUSED", "paused"),
        ("first-start", "◇ NOT READY", "not-ready"),
        ("dead-worker", "? UNKNOWN", "unknown"),
    ],
)
def test_title_and_icon_tell_the_state(
    scene: str, title: str, icon: str, opens: Opens, serves: Serves
) -> None:
    page = opens(serves(SCENES[scene]()))

    expect(page).to_have_title(re.compile(f"^{re.escape(title)}"))
    assert f"icons/{icon}.svg" in (page.locator("#favicon").get_attribute("href") or "")


def test_the_first_page_is_light_on_the_wire(opens: Opens, serves: Serves) -> None:
    url = serves(SCENES["working"]())
    page = opens("about:blank")
    sizes: list[int] = []
    page.on(
        "requestfinished",
        lambda r: sizes.append(
            r.sizes()["responseBodySize"] + r.sizes()["responseHeadersSize"]
        ),
    )

    page.goto(url)
    page.wait_for_load_state("networkidle")

    assert len(sizes) >= 5
    assert sum(sizes) < 60_000
