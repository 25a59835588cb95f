"""Which of Grafana's data sources is the Loki that we count in. Pure."""

from responder.grafana.forms import PROMETHEUS_UID
from responder.grafana.objects import DataSource, Seen

_CLOUD = "grafanacloud-logs"
_NOT_LOGS = ("usage-insights", "alert-state-history")
"""Lokis that Grafana Cloud keeps for itself, at the same address."""


class NoSource(ValueError):
    """It cannot be told which; says the remedy."""


def loki_source(seen: Seen, url: str | None, asked: str | None) -> str:
    """The uid of the data source for the alert rules. Raises `NoSource`.

    `url` is our own `logs.url`, `asked` what the user named.
    """
    known = [one for one in seen.sources or () if one.kind == "loki"]
    if asked:
        if seen.sources is not None and asked not in {one.uid for one in known}:
            raise NoSource(f"Grafana has no Loki data source {asked}: {_named(known)}")
        return asked
    if seen.sources is None:
        raise NoSource("the token may not see data sources: name one by --datasource")
    usable = [one for one in known if not any(w in one.name for w in _NOT_LOGS)]
    ours = [one for one in usable if _base(one.url) == _base(url or "")]
    for found in (ours, [o for o in usable if o.uid == _CLOUD], usable):
        if len(found) == 1:
            return found[0].uid
    if not known:
        add = "Connections › Data sources › Add › Loki, then again"
        raise NoSource(f"Grafana has no Loki data source: {add}")
    raise NoSource(f"name one by --datasource: {_named(known)}")


def prometheus_source(seen: Seen) -> str:
    """The uid that dashboards ask until another is chosen in them."""
    known = [one.uid for one in seen.sources or () if one.kind == "prometheus"]
    return known[0] if known and PROMETHEUS_UID not in known else PROMETHEUS_UID


def _base(url: str) -> str:
    return url.rstrip("/").lower()


def _named(known: list[DataSource]) -> str:
    return ", ".join(f"{one.uid} ({one.name})" for one in known) or "it has none"
