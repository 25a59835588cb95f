"""Grafana's HTTP API, asked as a service account.

Nothing of the surroundings is used: no proxies, no .netrc, no redirects, so that the
token goes to the configured address alone.
"""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

import requests
from pydantic import TypeAdapter, ValidationError
from urllib3.exceptions import HTTPError

from responder.config.settings import GrafanaSettings
from responder.deadline import Call, DirectSession, on_call
from responder.grafana.objects import (
    AlertRule,
    DataSource,
    Folder,
    Integration,
    Policy,
    Seen,
    segment,
)
from responder.masking import Masker
from responder.tokens import TokenKind, told_apart

T = TypeVar("T")
WITHIN = timedelta(seconds=10)
_DEEPEST = 60
"""Levels of lists and objects within each other."""
_EDITABLE = {"X-Disable-Provenance": "true"}
"""What is written so stays editable in Grafana's pages."""
_POINTS = "/api/v1/provisioning/contact-points"
_RULES = "/api/v1/provisioning/alert-rules"


class Refused(Exception):
    """Grafana did not do it: a sentence with the remedy, without a secret.

    `status` is None where no answer came.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Grafana:
    """One Grafana. `within` bounds each exchange as a whole. Raises `Refused`."""

    def __init__(
        self, settings: GrafanaSettings, masker: Masker, within: timedelta = WITHIN
    ) -> None:
        self._settings = settings
        self._mask = masker
        self._within = within.total_seconds()

    def get(self, path: str) -> Any:
        """The document at a path."""
        return self._ask("GET", path, None)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Write a document; what it makes stays editable in Grafana's pages."""
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        status, content = self._exchange(method, path, body)
        if not 200 <= status < 300:
            raise Refused(self._refusal(status, content, method, path), status)
        try:
            return json.loads(content) if content.strip() else {}
        except (ValueError, RecursionError):
            told = "answers something other than JSON; is grafana.url Grafana's own?"
            raise Refused(f"{self._settings.url} {told}", status) from None

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, bytes]:
        call = Call(time.monotonic() + self._within)
        headers = {"Accept": "application/json", "Connection": "close"}
        if body is not None:
            headers |= _EDITABLE
        token = self._settings.token
        with on_call(call), DirectSession() as session:
            if token:
                # As bytes: a header's text must be Latin-1, a secret need not be.
                value = f"Bearer {token.reveal().strip()}".encode()
                session.headers["Authorization"] = value
            try:
                with session.request(
                    method,
                    self._settings.url + path,
                    json=body,
                    headers=headers,
                    timeout=self._within + 1,
                    allow_redirects=False,
                ) as answer:
                    return answer.status_code, answer.content
            except (requests.RequestException, HTTPError, OSError, ValueError):
                why = call.stage if not call.sent else "no complete answer came"
            late = f" within {self._within:g} s" if call.expired else ""
        raise Refused(f"{self._settings.url} cannot be asked: {why}{late}")

    def _refusal(self, status: int, content: bytes, method: str, path: str) -> str:
        said = self._mask(_message(content))[:200]
        where = f"{method} {path.partition('?')[0]}"
        token = self._settings.token
        kind = told_apart(token.reveal()) if token else None
        if status in (401, 403) and kind and kind.kind is not TokenKind.SERVICE_ACCOUNT:
            return (
                f"HTTP {status}: grafana.token is {kind}; Grafana's API takes the "
                "token of a service account (glsa_...)"
            )
        if status == 401:
            return "HTTP 401: grafana.token is not accepted; was it deleted or expired?"
        if status == 403:
            return f"HTTP 403 to {where}: give the service account the role Admin"
        if 300 <= status < 400:
            return f"HTTP {status}: {self._settings.url} leads elsewhere; write that"
        return f"HTTP {status} to {where}: {said or 'without a word'}"

    def look(self, dashboards: tuple[str, ...] = ()) -> Seen:
        """Read all that `doctor` and `connect` judge by. `dashboards` are uids."""
        health = _read(dict[str, Any], self.get("/api/health"), "health")
        raw = _read(list[dict[str, Any]], self.get(_RULES), "alert rules")
        rules = _read(list[AlertRule], raw, "alert rules")
        groups = dict.fromkeys((rule.folder, rule.group) for rule in rules)
        points = _read(list[Integration], self.get(_POINTS), "contact points")
        policies = self.get("/api/v1/provisioning/policies")
        folders = self.get("/api/folders?limit=1000")
        return Seen(
            url=self._settings.url,
            integrations=tuple(points),
            policy=_read(Policy, policies, "notification policies"),
            rules=tuple(rules),
            raw_rules={str(one.get("uid")): one for one in raw},
            intervals={(f, g): self._interval(f, g) for f, g in groups},
            folders={
                one.uid: one.title for one in _read(list[Folder], folders, "folders")
            },
            sources=self._sources(),
            dashboards=self._dashboards(dashboards),
            version=str(health.get("version", "")),
        )

    def _interval(self, folder: str, group: str) -> timedelta:
        path = f"/api/v1/provisioning/folder/{segment(folder)}"
        found = self.get(f"{path}/rule-groups/{segment(group)}")
        interval = found.get("interval") if isinstance(found, dict) else None
        return _read(timedelta, interval, "a rule group")

    def _sources(self) -> tuple[DataSource, ...] | None:
        try:
            found = self.get("/api/datasources")
        except Refused as refused:
            if refused.status != 403:
                raise
            return None
        return tuple(_read(list[DataSource], found, "data sources"))

    def _dashboards(self, uids: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        found = {}
        for uid in uids:
            try:
                answer = self.get(f"/api/dashboards/uid/{uid}")
            except Refused as refused:
                if refused.status != 404:
                    raise
                continue
            found[uid] = _read(dict[str, Any], answer, "a dashboard")
        return found


def _read(kind: type[T], document: object, what: str) -> T:
    told = f"the {what} that Grafana tells have an unknown shape"
    if _deep(document):
        raise Refused(told)
    try:
        return TypeAdapter(kind).validate_python(document)
    except (ValidationError, OverflowError):
        raise Refused(told) from None


def _deep(document: object) -> bool:
    """Whether it is nested deeper than anything that Grafana tells."""
    level = [document]
    for _ in range(_DEEPEST):
        dicts = [one.values() for one in level if isinstance(one, dict)]
        lists = [one for one in level if isinstance(one, list)]
        level = [inner for holder in (*dicts, *lists) for inner in holder]
    return bool(level)


def _message(content: bytes) -> str:
    text = content[:4096].decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        text = "" if text.startswith("<") else text
    else:
        told = found.get("message") if isinstance(found, dict) else None
        text = told if isinstance(told, str) else text
    return " ".join(text.split())
