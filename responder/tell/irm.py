"""Grafana IRM's (OnCall's) public API: notes, acknowledgement, resolution.

Paths, states and statuses are those of OnCall's final code; a note's list is
documented by the vendor only, and done without where it is not offered.
"""

from collections.abc import Callable
from urllib.parse import quote

from responder.config.settings import IrmSettings
from responder.incident.outbox import Heard
from responder.incident.telling_kinds import Note, Telling, Turned
from responder.incident.told import Reception, What
from responder.tell.wire import TIMEOUT, Exchange, Reply, exchange, failure

_NOT_OFFERED = frozenset({404, 405, 501})
_CALLS = {What.ACKNOWLEDGED: "acknowledge", What.RESOLVED: "resolve"}
_THERE = {
    "acknowledge": ("acknowledged", "resolved"),
    "resolve": ("resolved",),
    "unacknowledge": ("firing", "silenced"),
    "unresolve": ("firing", "silenced", "acknowledged"),
}
"""The states of a group for which a call has nothing left to do."""
_SERVICE_ACCOUNT = "glsa_"


class IrmGroups:
    """`Voice` for alert groups. Safe to use from several threads."""

    def __init__(
        self,
        settings: IrmSettings,
        mask: Callable[[str], str],
        *,
        stack_url: str | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = settings.url
        token = settings.token.reveal().strip() if settings.token else ""
        # Bare: with `Bearer` before it the key is refused.
        self._headers: dict[str, str | bytes] = {"Authorization": token.encode()}
        self._service_account = token.startswith(_SERVICE_ACCOUNT)
        if self._service_account and stack_url:
            self._headers["X-Grafana-URL"] = stack_url
        self._mask = mask
        self._timeout = timeout

    def tell(self, telling: Telling, *, again: bool) -> Heard:
        """Write the note, or turn the group's state."""
        with exchange(self._headers, self._timeout) as made:
            match telling:
                case Note():
                    return self._note(made, telling, again)
                case Turned():
                    return self._turn(made, telling)
                case _:
                    raise TypeError("IRM is told notes and states only")

    def _note(self, made: Exchange, note: Note, again: bool) -> Heard:
        if again:
            found = self._find(made, note)
            if found is not None:
                return found
        body = {"alert_group_id": note.group, "text": self._mask(note.text)}
        reply = made.ask("POST", f"{self._url}/resolution_notes", document=body)
        if reply and reply.good:
            return Heard(reception=Reception.TOLD, ref=reply.identity())
        return self._failed(reply, made)

    def _find(self, made: Exchange, note: Note) -> Heard | None:
        """The note if it is there, or a failure to look; None if it is not there."""
        url = f"{self._url}/resolution_notes"
        reply = made.ask("GET", url, parameters={"alert_group_id": note.group})
        if reply is None or not (reply.good or reply.status in _NOT_OFFERED):
            return self._failed(reply, made)
        document = reply.document()
        results = document.get("results") if isinstance(document, dict) else None
        for item in results if isinstance(results, list) else ():
            if not isinstance(item, dict) or item.get("alert_group_id") != note.group:
                continue
            if str(item.get("text", "")).startswith(self._mask(note.opening)):
                return Heard(reception=Reception.TOLD, ref=str(item.get("id", "")))
        return None

    def _turn(self, made: Exchange, turned: Turned) -> Heard:
        verb = _verb(turned)
        group = f"{self._url}/alert_groups/{quote(turned.group, safe='')}"
        reply = made.ask("POST", f"{group}/{verb}")
        if reply and reply.good:
            return Heard(reception=Reception.TOLD)
        if reply and reply.status == 400:
            # Mostly "already"; the group itself tells that from what cannot be done.
            asked = made.ask("GET", group)
            if asked and asked.good and _state(asked) in _THERE[verb]:
                return Heard(reception=Reception.TOLD)
        heard = self._failed(reply, made)
        if reply and reply.status == 403 and self._service_account:
            why = f"A service account may not {verb}: use a person's key"
            detail = f"{heard.detail}. {why}"
            return Heard(reception=Reception.REFUSED, detail=detail)
        return heard

    def _failed(self, reply: Reply | None, made: Exchange) -> Heard:
        return failure(reply, made, self._mask, self._timeout)


def _verb(turned: Turned) -> str:
    if turned.what is not What.REOPENED:
        return _CALLS[turned.what]
    return f"un{_CALLS[turned.undoes or What.ACKNOWLEDGED]}"


def _state(reply: Reply) -> str:
    document = reply.document()
    return str(document.get("state", "")) if isinstance(document, dict) else ""
