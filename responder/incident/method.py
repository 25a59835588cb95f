"""Which HTTP method a report begins with: policy rule 9. Pure."""

UNKNOWN_METHOD = frozenset({404, 405, 501})
"""Statuses by which a server says that it does not know the method here."""


def first_method(*, fixed: bool) -> str:
    """What a call begins with while nothing is remembered, by the kind of link.

    The factory takes GET for the links that it logs; `factory.report_url` (`fixed`) may
    be anything.
    """
    return "POST" if fixed else "GET"


def other_method(method: str) -> str:
    """The method that is left to try."""
    return "GET" if method == "POST" else "POST"
