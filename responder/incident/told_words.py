"""What was told elsewhere, as a line of the timeline."""

from collections.abc import Mapping

from responder.incident.told import Told, What, Where

_TOLD: Mapping[tuple[Where, What], str] = {
    (Where.GRAFANA, What.REGION_OPENED): "annotated in Grafana",
    (Where.GRAFANA, What.REGION_UPDATED): "annotation in Grafana brought up to date",
    (Where.GRAFANA, What.REGION_CLOSED): "annotation in Grafana closed",
    (Where.IRM, What.ACTED): "noted in IRM that it was reported",
    (Where.IRM, What.NEEDS_HUMAN): "noted in IRM what is left to do",
    (Where.IRM, What.ACKNOWLEDGED): "acknowledged in IRM",
    (Where.IRM, What.RESOLVED): "resolved in IRM",
    (Where.IRM, What.REOPENED): "took the acknowledgement in IRM back",
    (Where.NOTIFY, What.NEEDS_HUMAN): "sent word that a person is needed",
    (Where.NOTIFY, What.RECOVERED): "sent word of the recovery",
}


def told_words(event: Told) -> str:
    """One line of a timeline, without its time."""
    plain = str(event.what).replace("_", " ")
    words = _TOLD.get((event.where, event.what), f"told {event.where}: {plain}")
    group = f" (alert group {event.group})" if event.group else ""
    if event.refused:
        return f"refused by {event.where}: {words}{group}: {event.refused}"
    return f"{words}{group}"
