"""Is the factory there, and its certificate good? No report path is touched. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from responder.doctor.visit import Unreached, Visit
from responder.findings import Finding, ok, problem, warning

_SOON = timedelta(days=14)


def judge_factory(url: str, found: Visit, now: datetime) -> Iterator[Finding]:
    """Every finding about `factory.url`, from one GET of its first page."""
    if isinstance(found, Unreached):
        yield problem(
            "factory.reachable",
            f"the factory at {url} cannot be reached: {found.why}",
            "no report can be sent: every incident ends with a person",
            'factory.url: "https://pizza-factory.cs329.click"   # and let this '
            "machine reach it",
        )
        return
    if found.status >= 500:
        yield warning(
            "factory.reachable",
            f"the factory at {url} answers HTTP {found.status}",
            "a report would fare no better",
            "look at the factory; Responder tries each report again by itself",
        )
    else:
        yield ok(
            "factory.reachable",
            f"the factory answers within {found.seconds:.2f} s, certificate verified"
            if url.startswith("https:")
            else f"the factory answers within {found.seconds:.2f} s, in clear",
        )
    if found.expires and found.expires - now < _SOON:
        yield warning(
            "factory.certificate",
            f"the factory's certificate ends on {found.expires:%Y-%m-%d}",
            "afterwards no report is sent: its certificate is always verified",
            "tell the people of the factory to renew it",
        )
