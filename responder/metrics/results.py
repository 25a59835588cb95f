"""How webhook requests are answered: the label `result` of their metric."""

RESULTS = (
    "accepted",
    "spooled",
    "test",
    "unauthorized",
    "bad_request",
    "too_large",
    "unavailable",
    "forbidden",
)
