"""Grafana's active alerts, read from its Alertmanager API.

`decipher` is pure; `GrafanaList` asks. The token reaches the wire and nothing else.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

import requests
from urllib3.exceptions import HTTPError

from responder.config.settings import GrafanaSettings
from responder.deadline import Call, DirectSession, on_call, read_beyond
from responder.incident.alert import Alert
from responder.incident.pulled import ListedAlert, Listing
from responder.masking import Masker
from responder.senders.body import BadBody, decode
from responder.senders.grafana import read_alert

PATH = "/api/alertmanager/grafana/api/v2/alerts"
TIMEOUT = 5.0
"""Seconds for one list, from the name to the last byte."""
LARGEST = 16 * 1024 * 1024
_REMEDY = "is grafana.url Grafana's own address?"


def decipher(status: int, body: bytes) -> Listing:
    """What a complete answer says.

    The list is Alertmanager's (API v2, `gettableAlerts`). An alert that cannot be read
    is left out, and the list then tells nothing by what it lacks.
    """
    if status in (401, 403):
        return Listing(
            why=f"Grafana refused the token (HTTP {status}): grafana.token needs "
            "alert.instances:read, which every role from Viewer on has"
        )
    if status != 200:
        return Listing(why=f"Grafana answered HTTP {status} to {PATH}; {_REMEDY}")
    if len(body) > LARGEST:
        return Listing(why=f"Grafana's list is longer than {LARGEST >> 20} MiB")
    try:
        # The reader takes objects: the list becomes one, its limits stay the same.
        listed = decode(b'{"listed":' + body + b"}").get("listed")
    except BadBody:
        return Listing(why=f"what answered is no list of alerts; {_REMEDY}")
    if not isinstance(listed, list):
        return Listing(why=f"what answered is no list of alerts; {_REMEDY}")
    found = [_alert(item) for item in listed]
    return Listing(
        alerts=tuple(alert for alert in found if alert is not None),
        complete=None not in found,
    )


def _alert(item: object) -> ListedAlert | None:
    """One alert of the list: it fires, since what ended is not in it."""
    if not isinstance(item, dict):
        return None
    try:
        alert = read_alert({**item, "status": "firing", "endsAt": None}, "alert")
    except BadBody:
        return None
    status = item.get("status")
    state = status.get("state") if isinstance(status, dict) else None
    return ListedAlert(alert=_public(alert), held=state == "suppressed")


def _public(alert: Alert) -> Alert:
    """Without the private keys that Grafana leaves out of its webhooks."""
    return replace(
        alert, labels=_shown(alert.labels), annotations=_shown(alert.annotations)
    )


def _shown(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        name: text
        for name, text in texts.items()
        if not (name.startswith("__") and name.endswith("__"))
    }


class GrafanaList:
    """An `AlertList` over HTTP: one `GET`, no redirects, nothing kept."""

    def __init__(
        self, settings: GrafanaSettings, masker: Masker, timeout: float = TIMEOUT
    ) -> None:
        self._url = settings.url.rstrip("/") + PATH
        self._token = settings.token
        self._masker = masker
        self._timeout = timeout

    def listed(self) -> Listing:
        """The alerts that are active now. Never raises; the token is in no text."""
        call = Call(time.monotonic() + self._timeout)
        with on_call(call):
            try:
                status, body = self._get(call)
            except (requests.RequestException, HTTPError, OSError, ValueError):
                # Not raised on: the library's text may hold the address.
                return Listing(why=self._unanswered(call))
        if call.expired:
            return Listing(why=self._unanswered(call))
        found = decipher(status, body)
        return replace(found, why=self._masker(found.why))

    def _get(self, call: Call) -> tuple[int, bytes]:
        headers: dict[str, str | bytes] = {
            "User-Agent": "jwt-pizza-responder",
            "Accept": "application/json",
            "Connection": "close",
        }
        if self._token:
            # As bytes, because a header's text must be Latin-1 and a secret need not.
            headers["Authorization"] = b"Bearer " + self._token.reveal().encode()
        with (
            DirectSession() as session,
            session.get(
                self._url,
                headers=headers,
                timeout=call.left() + 1,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            return response.status_code, read_beyond(response, LARGEST)

    def _unanswered(self, call: Call) -> str:
        if call.expired:
            return f"Grafana gave no complete answer within {self._timeout:g} s"
        if call.sent:
            return "Grafana broke off its answer"
        return f"Grafana cannot be reached: {call.stage}"
