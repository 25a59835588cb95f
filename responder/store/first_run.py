"""`FirstRun` as one of the duties that replicas share."""

from datetime import timedelta

from responder.incident.openings import Duties

_NAME = "first run"
_OVER = "over"


class StoredFirstRun:
    """Over for all replicas once it is over for one."""

    def __init__(self, duties: Duties) -> None:
        self._duties = duties

    def over(self) -> bool:
        return self._duties.note(_NAME) == _OVER

    def end(self) -> None:
        # The duty's row is made when somebody takes it.
        self._duties.take(_NAME, timedelta())
        self._duties.keep(_NAME, _OVER)
