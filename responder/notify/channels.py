"""Where notifications go: Grafana's annotations, IRM, one outgoing webhook."""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from responder.config.settings import (
    GrafanaSettings,
    IrmSettings,
    NoticeForm,
    NotifySettings,
)
from responder.http import DirectSession, TimeBudget, on_call
from responder.incident.events import Reception, What
from responder.incident.notify import (
    Annotation,
    DeliveryResult,
    GroupNote,
    Notice,
    Telling,
    Turned,
    incident_tag,
)

TIMEOUT = 4.0
"""Seconds for one telling, with whatever is looked for before."""
MOST_READ = 256 * 1024
_LONGEST = 200
_SOONEST, _LATEST, _USUAL = 1.0, 3600.0, 30.0
_HEADERS = {
    "User-Agent": "jwt-pizza-responder",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> Any:
        """The body's JSON, None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def identity(self) -> str:
        """The `id` of what was made, "" where none is told."""
        document = self.document()
        found = document.get("id") if isinstance(document, dict) else None
        return str(found) if isinstance(found, int | str) else ""


class Exchange:
    """Requests one after the other, until one deadline.

    No redirects, no proxies or .netrc of the environment, no cookies kept.
    """

    def __init__(self, call: TimeBudget, headers: Mapping[str, str | bytes]) -> None:
        self.call = call
        self._headers = headers

    def ask(
        self,
        method: str,
        url: str,
        *,
        document: object = None,
        body: bytes | None = None,
        parameters: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply | None:
        """One request; None without a complete answer. Never raises."""
        self.call.begin()
        if not self.call.left():
            return None
        data = body if document is None else json.dumps(document).encode()
        kind = {} if document is None else {"Content-Type": "application/json"}
        try:
            with (
                DirectSession() as session,
                session.request(
                    method,
                    url,
                    params=parameters,  # type: ignore[arg-type]
                    data=data,
                    headers={**_HEADERS, **kind, **(headers or {}), **self._headers},
                    # The deadline comes first; this only backs it.
                    timeout=self.call.left() + 1,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                found = _body(response)
                if self.call.expired:
                    return None
                known = {k.lower(): v for k, v in response.headers.items()}
                return Reply(status=response.status_code, headers=known, body=found)
        except (requests.RequestException, HTTPError, OSError, ValueError):
            # Not raised on: the library's text holds the address.
            return None


@contextlib.contextmanager
def exchange(
    headers: Mapping[str, str | bytes], timeout: float = TIMEOUT
) -> Iterator[Exchange]:
    """Requests within `timeout` seconds from now, all together."""
    call = TimeBudget(time.monotonic() + timeout)
    with on_call(call):
        yield Exchange(call, headers)


def failure(
    reply: Reply | None, made: Exchange, mask: Callable[[str], str], timeout: float
) -> DeliveryResult:
    """What an answer means that is no success, or no answer at all."""
    if reply is None:
        return DeliveryResult(
            reception=Reception.FAILED, detail=_silence(made.call, timeout)
        )
    said = mask(_words(reply))[:_LONGEST]
    detail = f"HTTP {reply.status}" + (f": {said}" if said else "")
    if reply.status == 429:
        return DeliveryResult(
            reception=Reception.LIMITED, detail=detail, after=_again_after(reply)
        )
    if reply.status >= 500:
        return DeliveryResult(reception=Reception.FAILED, detail=detail)
    return DeliveryResult(reception=Reception.REFUSED, detail=detail)


def _body(response: requests.Response) -> bytes:
    body = b""
    # A short read is no end.
    while len(body) < MOST_READ:
        part = response.raw.read(MOST_READ - len(body), decode_content=False)
        if not part:
            break
        body += part
    return body


def _silence(call: TimeBudget, timeout: float) -> str:
    if call.expired:
        return f"no complete answer within {timeout:g} s"
    if call.sent:
        return "no complete answer before the connection ended"
    return f"it cannot be reached: {call.stage}"


def _words(reply: Reply) -> str:
    """The field `message` (Grafana) or `detail` (IRM), on one line."""
    document = reply.document()
    if not isinstance(document, dict):
        return ""
    found = document.get("message") or document.get("detail") or ""
    words = " ".join(str(found).split())
    return "".join(c for c in words if c.isprintable())


def _again_after(reply: Reply) -> timedelta:
    """`Retry-After` or IRM's `RateLimit-Reset`, in seconds, within an hour."""
    for name in ("retry-after", "ratelimit-reset"):
        with contextlib.suppress(ValueError):
            seconds = float(reply.headers.get(name, ""))
            if seconds >= 0:
                bound = max(_SOONEST, min(seconds, _LATEST))
                return timedelta(seconds=bound)
    return timedelta(seconds=_USUAL)


# Grafana's annotations: one region for each incident, once it has ended.
#
# Written from the documentation of `/api/annotations`; times are epoch milliseconds.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GrafanaAnnotations:
    """`Voice` for regions. Safe to use from several threads."""

    def __init__(
        self,
        settings: GrafanaSettings,
        mask: Callable[[str], str],
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = f"{settings.url.rstrip('/')}/api/annotations"
        token = settings.token.reveal().strip() if settings.token else ""
        # As bytes, because a header's text must be Latin-1 and a secret need not.
        self._headers = {"Authorization": f"Bearer {token}".encode()}
        self._mask = mask
        self._timeout = timeout

    def tell(self, telling: Telling, *, again: bool) -> DeliveryResult:
        """Make the annotation, unless it is there already."""
        if not isinstance(telling, Annotation):
            raise TypeError("dashboards show regions only")
        with exchange(self._headers, self._timeout) as made:
            found = self._find(made, telling.incident) if again else None
            return found or self._add(made, telling)

    def _find(self, made: Exchange, incident: str) -> DeliveryResult | None:
        """The annotation if it is there, or a failure to look; None if it is not."""
        asked = [("tags", "responder"), ("tags", incident_tag(incident))]
        parameters = [*asked, ("type", "annotation"), ("limit", "10")]
        reply = made.ask("GET", self._url, parameters=parameters)
        document = reply.document() if reply and reply.good else None
        if not isinstance(document, list):
            return self._failed(reply, made)
        found = [item.get("id") for item in document if isinstance(item, dict)]
        known = [number for number in found if isinstance(number, int)]
        # The first that was made, should there be several.
        return (
            DeliveryResult(reception=Reception.TOLD, ref=str(min(known)))
            if known
            else None
        )

    def _add(self, made: Exchange, region: Annotation) -> DeliveryResult:
        reply = made.ask("POST", self._url, document=self._body(region))
        if reply is None or not reply.good:
            return self._failed(reply, made)
        if ref := reply.identity():
            return DeliveryResult(reception=Reception.TOLD, ref=ref)
        # It is found by its tag when it is told again.
        detail = f"HTTP {reply.status} without the annotation's id"
        return DeliveryResult(reception=Reception.FAILED, detail=detail)

    def _body(self, region: Annotation) -> dict[str, Any]:
        return {
            "time": _milliseconds(region.start),
            "timeEnd": _milliseconds(region.end),
            "text": self._mask(region.text),
            "tags": [self._mask(tag) for tag in region.tags],
        }

    def _failed(self, reply: Reply | None, made: Exchange) -> DeliveryResult:
        if reply and reply.good:
            detail = "what answered is no Grafana"
            return DeliveryResult(reception=Reception.REFUSED, detail=detail)
        return failure(reply, made, self._mask, self._timeout)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


# Grafana IRM's (OnCall's) public API: notes, acknowledgement, resolution.
#
# Paths, states and statuses are those of OnCall's final code; a note's list is
# documented by the vendor only, and done without where it is not offered.

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

    def tell(self, telling: Telling, *, again: bool) -> DeliveryResult:
        """Write the note, or turn the group's state."""
        with exchange(self._headers, self._timeout) as made:
            match telling:
                case GroupNote():
                    return self._note(made, telling, again)
                case Turned():
                    return self._turn(made, telling)
                case _:
                    raise TypeError("IRM is told notes and states only")

    def _note(self, made: Exchange, note: GroupNote, again: bool) -> DeliveryResult:
        if again:
            found = self._find(made, note)
            if found is not None:
                return found
        body = {"alert_group_id": note.group, "text": self._mask(note.text)}
        reply = made.ask("POST", f"{self._url}/resolution_notes", document=body)
        if reply and reply.good:
            return DeliveryResult(reception=Reception.TOLD, ref=reply.identity())
        return self._failed(reply, made)

    def _find(self, made: Exchange, note: GroupNote) -> DeliveryResult | None:
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
                return DeliveryResult(
                    reception=Reception.TOLD, ref=str(item.get("id", ""))
                )
        return None

    def _turn(self, made: Exchange, turned: Turned) -> DeliveryResult:
        verb = _verb(turned)
        group = f"{self._url}/alert_groups/{quote(turned.group, safe='')}"
        reply = made.ask("POST", f"{group}/{verb}")
        if reply and reply.good:
            return DeliveryResult(reception=Reception.TOLD)
        if reply and reply.status == 400:
            # Mostly "already"; the group itself tells that from what cannot be done.
            asked = made.ask("GET", group)
            if asked and asked.good and _state(asked) in _THERE[verb]:
                return DeliveryResult(reception=Reception.TOLD)
        heard = self._failed(reply, made)
        if reply and reply.status == 403 and self._service_account:
            why = f"A service account may not {verb}: use a person's key"
            detail = f"{heard.detail}. {why}"
            return DeliveryResult(reception=Reception.REFUSED, detail=detail)
        return heard

    def _failed(self, reply: Reply | None, made: Exchange) -> DeliveryResult:
        return failure(reply, made, self._mask, self._timeout)


def _verb(turned: Turned) -> str:
    if turned.what is not What.REOPENED:
        return _CALLS[turned.what]
    return f"un{_CALLS[turned.undoes or What.ACKNOWLEDGED]}"


def _state(reply: Reply) -> str:
    document = reply.document()
    return str(document.get("state", "")) if isinstance(document, dict) else ""


# One outgoing webhook for those without IRM: Alertmanager's form, or plain words.

_ZERO = "0001-01-01T00:00:00Z"
"""How an alert that lasts writes its end."""
_LONGEST_DISCORD = 2000


class Webhook:
    """`Voice` for notices: at least once, as nobody can be asked what came."""

    def __init__(
        self,
        settings: NotifySettings,
        mask: Callable[[str], str],
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = settings.webhook_url.reveal().strip()
        self._form = settings.form
        self._headers: dict[str, str | bytes] = {}
        if settings.bearer:
            bearer = f"Bearer {settings.bearer.reveal().strip()}"
            self._headers["Authorization"] = bearer.encode()
        self._mask = mask
        self._timeout = timeout

    def tell(self, telling: Telling, *, again: bool) -> DeliveryResult:
        """Send it."""
        if not isinstance(telling, Notice):
            raise TypeError("a webhook takes notices only")
        with exchange(self._headers, self._timeout) as made:
            if self._form is NoticeForm.TEXT:
                kind = {"Content-Type": "text/plain; charset=utf-8"}
                body = self._mask(_plain(telling)).encode("utf-8", "replace")
                reply = made.ask("POST", self._url, body=body, headers=kind)
            else:
                reply = made.ask("POST", self._url, document=self._document(telling))
            if reply and reply.good:
                return DeliveryResult(reception=Reception.TOLD)
            return failure(reply, made, self._mask, self._timeout)

    def _document(self, notice: Notice) -> dict[str, Any]:
        if self._form is NoticeForm.DISCORD:
            words = self._mask(_plain(notice))[:_LONGEST_DISCORD]
            # No word of ours may call a whole channel.
            return {"content": words, "allowed_mentions": {"parse": []}}
        return alertmanager(notice, self._mask)


def alertmanager(notice: Notice, mask: Callable[[str], str]) -> dict[str, Any]:
    """The notice in Alertmanager's form, version 4: firing while people are needed."""
    status = "firing" if notice.firing else "resolved"
    labels = {
        "alertname": "Responder",
        "incident": notice.incident,
        "rule": notice.rule,
    }
    words = {"summary": mask(notice.title), "description": mask(notice.text)}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": words,
        "startsAt": _written(notice.start),
        "endsAt": _ZERO if notice.end is None else _written(notice.end),
        "generatorURL": notice.page,
        "fingerprint": hashlib.sha256(notice.incident.encode()).hexdigest()[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{incident="{notice.incident}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "responder",
        "groupLabels": {"incident": notice.incident},
        "commonLabels": labels,
        "commonAnnotations": words,
        "externalURL": notice.page,
        "alerts": [alert],
    }


def _plain(notice: Notice) -> str:
    parts = (notice.title, notice.text, notice.page)
    return "\n".join(part for part in parts if part)


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
