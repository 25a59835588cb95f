"""Takes the pictures of the README anew: plays the demo and photographs its pages.

Needs Chromium and Playwright for Python (`pip install playwright`), beside Responder:

    python docs/images/take.py [/usr/bin/chromium]
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
BROWSER = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def played() -> Iterator[str]:
    """The address of a status page whose one incident is over."""
    command = [sys.executable, "-m", "responder", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        address = ""
        for line in demo.stdout:
            if line.startswith("Status page: "):
                address = line.split()[-1]
            if line.startswith("The job was"):
                break
        try:
            yield address
        finally:
            demo.terminate()


with played() as status_page, sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=BROWSER, args=QUIET)
    page = browser.new_page(viewport={"width": 1200, "height": 600})
    page.goto(status_page)
    page.screenshot(path=HERE / "status-page.png", full_page=True)
    page.click('a[href^="/incidents/"]')
    page.wait_for_load_state()
    page.set_viewport_size({"width": 1200, "height": 1080})
    page.screenshot(path=HERE / "incident.png")
    browser.close()
