"""Does the public address lead to this process, and quickly enough? Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from responder.doctor.visit import Reached, Unreached, Visit
from responder.findings import Finding, note, ok, problem, warning

IRM_WAITS = 4.0
"""Seconds; an outgoing webhook of IRM is given up after them."""
_SLOW = 1.0
_LOST = "Grafana and IRM send alerts there: none arrives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Answers of `/-/healthy`: from the service asked directly, and in public.

    `shared`: several replicas may answer, each with an instance of its own.
    """

    public_url: str | None
    server: str
    own: Visit
    public: Sequence[Visit] = ()
    shared: bool = False


def judge_public(seen: Seen) -> Iterator[Finding]:
    """Every finding about `server.public_url`."""
    own = seen.own.instance if isinstance(seen.own, Reached) else ""
    if not own:
        yield warning(
            "public.server",
            f"no Responder answers at {seen.server} ({_said(seen.own)})",
            "the public address cannot be compared with the process it should reach",
            "responder serve   # or name a running one: responder doctor --server URL",
        )
    if seen.public_url is None:
        yield note(
            "public.url",
            "server.public_url is not set",
            "only this machine can send alerts",
            'server.public_url: "https://responder.example.net"',
        )
        return
    for one in seen.public:
        if isinstance(one, Unreached):
            yield _missed(seen, _said(one))
            return
        if one.elsewhere and 300 <= one.status < 400:
            yield _redirected(one)
            return
        if not one.instance:
            yield _missed(seen, _said(one))
            return
    reached = [one for one in seen.public if isinstance(one, Reached)]
    if own and all(one.instance != own for one in reached):
        yield _another(seen, reached[0].instance, own)
    elif own:
        yield ok("public.url", f"{seen.public_url} reaches this process")
    yield from _trip(seen.public_url, reached)


def _missed(seen: Seen, got: str) -> Finding:
    return problem(
        "public.url",
        f"Your public address does not reach this process (got {got})",
        _LOST,
        f"lead {seen.public_url} to {seen.server}, or mend server.public_url",
    )


def _redirected(one: Reached) -> Finding:
    return problem(
        "public.redirect",
        f"Your public address does not reach this process (got {one.status}, a "
        f"redirect to {one.elsewhere})",
        "a redirect turns the POST of an alert into a GET without a body: it is lost",
        "server.public_url: the address that the redirect leads to, without its path",
    )


def _another(seen: Seen, got: str, own: str) -> Finding:
    tell = warning if seen.shared else problem
    which = "another replica, or another" if seen.shared else "another"
    return tell(
        "public.url",
        f"Your public address reaches {which} Responder (instance {got}, the one at "
        f"{seen.server} is {own})",
        "what is changed here is not what alerts reach",
        f"lead {seen.public_url} to {seen.server}, or stop the other one",
    )


def _trip(url: str, reached: Sequence[Reached]) -> Iterator[Finding]:
    longest = max(one.seconds for one in reached)
    says = f"{url} answers within {longest:.2f} s; IRM waits {IRM_WAITS:g} s"
    why = "IRM gives a webhook up after 4 s, and tries again 10 s later"
    mend = "put Responder nearer, and keep it awake (no host that sleeps)"
    if longest >= IRM_WAITS:
        yield problem("public.round_trip", says, why, mend)
    elif longest >= _SLOW:
        yield warning("public.round_trip", says, why, mend)
    else:
        yield ok("public.round_trip", says)


def _said(one: Visit) -> str:
    if isinstance(one, Unreached):
        return f"no answer: {one.why}"
    return f"{one.status} of something else" if one.status == 200 else str(one.status)
