"""What was told elsewhere, as a line of the timeline."""

from collections.abc import Mapping

from responder.incident.told import Told, What, Where

_TOLD: Mapping[tuple[Where, What], str] = {
    (Where.GRAFANA, What.REGION_OPENED): "annotated in Grafana",
    (Where.GRAFANA, What.REGION_UPDATED): "annotated anew in Grafana",
    (
        Where.GRAFANA,
        What.REGION_CLOSED,
    ): "annotated in Grafana, from its first error to its end",
    (Where.IRM, What.ACTED): "noted in IRM that it was reported",
    (Where.IRM, What.NEEDS_HUMAN): "noted in IRM what is left to do",
    (Where.IRM, What.ACKNOWLEDGED): "acknowledged in IRM",
    (Where.IRM, What.RESOLVED): "resolved in IRM",
    (Where.IRM, What.REOPENED): "unacknowledged in IRM, as it failed again",
    (Where.NOTIFY, What.NEEDS_HUMAN): "notified people that one is needed",
    (Where.NOTIFY, What.RECOVERED): "notified people of the recovery",
}


def told_words(event: Told) -> str:
    """One line of a timeline, without its time."""
    plain = str(event.what).replace("_", " ")
    words = _TOLD.get((event.where, event.what), f"told {event.where}: {plain}")
    group = f" (alert group {event.group})" if event.group else ""
    if event.refused:
        return f"not {words}{group}, refused: {event.refused}"
    return f"{words}{group}"
