"""A small Grafana on a real socket, for tests: its provisioning API and dashboards.

Written from Grafana's documentation: secrets are told as `[REDACTED]`, queries get
defaults that nobody wrote, objects of files cannot be written, and only the token of
an Admin is let in. Every request is kept.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tests.quiet_server import QuietHandler, QuietServer

TOKEN = "glsa_token-of-an-admin-0451"
REDACTED = "[REDACTED]"
_ADDED = {"intervalMs": 1000, "maxDataPoints": 43200}
"""What Grafana adds to every query."""

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Wrote:
    """One request that may have changed something."""

    method: str
    path: str
    body: Any
    editable: bool
    """Whether what it made stays editable in the pages."""


@dataclass
class World:
    """What this Grafana holds; tests break it at will."""

    version: str = "12.1.0"
    points: list[dict[str, Any]] = field(default_factory=list)
    policy: dict[str, Any] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    intervals: dict[tuple[str, str], int] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)


def fresh() -> World:
    """A Grafana as people have it: their on-call contact point, and a Loki."""
    return World(
        points=[
            {
                "uid": "people",
                "name": "On call",
                "type": "oncall",
                "settings": {"url": "https://oncall.example.net/integrations/1"},
                "disableResolveMessage": False,
            }
        ],
        policy={"receiver": "On call", "group_by": ["grafana_folder", "alertname"]},
        sources=[
            {"uid": "pizza-loki", "name": "Loki", "type": "loki", "url": "http://l:1"},
            {"uid": "pizza-prom", "name": "Prom", "type": "prometheus", "url": ""},
        ],
    )


class GrafanaServer:
    """Use as a context manager; `url` is the base address."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or fresh()
        self.wrote: list[Wrote] = []
        self.asked: list[str] = []
        self.refusing: Answer | None = None
        """Answered to everything while it is set."""
        self._server = _Server(_Handler)
        self._server.grafana = self

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()


class _Server(QuietServer):
    grafana: GrafanaServer


class _Handler(QuietHandler):
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        grafana = self.server.grafana
        path = urlsplit(self.path).path
        raw = self.body()
        body = json.loads(raw) if raw else None
        grafana.asked.append(f"{self.command} {path}")
        if self.command != "GET":
            editable = self.headers.get("X-Disable-Provenance") == "true"
            grafana.wrote.append(Wrote(self.command, path, body, editable))
        status, document = self._decide(path, body)
        self.send(status, json.dumps(document).encode())

    def _decide(self, path: str, body: Any) -> Answer:
        grafana = self.server.grafana
        if grafana.refusing:
            return grafana.refusing
        if path == "/api/health":
            return 200, {"database": "ok", "version": grafana.world.version}
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key"}
        parts = tuple(unquote(part) for part in path.strip("/").split("/"))
        return _route(grafana.world, self.command, parts, body)


def _route(world: World, method: str, parts: tuple[str, ...], body: Any) -> Answer:
    match (method, *parts):
        case ("GET", "api", "folders"):
            return 200, [{"uid": u, "title": t} for u, t in world.folders.items()]
        case ("POST", "api", "folders"):
            world.folders[body["uid"]] = body["title"]
            return 200, body
        case ("GET", "api", "datasources"):
            return 200, world.sources
        case ("GET", "api", "dashboards", "uid", uid):
            found = world.dashboards.get(uid)
            return (200, found) if found else (404, {"message": "Dashboard not found"})
        case ("POST", "api", "dashboards", "db"):
            return _dashboard(world, body)
        case (_, "api", "v1", "provisioning", *rest):
            return _provisioning(world, method, tuple(rest), body)
    return 404, {"message": "Not found"}


def _dashboard(world: World, body: Any) -> Answer:
    board = {**body["dashboard"], "id": 7, "version": 1}
    meta = {"folderUid": body["folderUid"]}
    world.dashboards[board["uid"]] = {"dashboard": board, "meta": meta}
    return 200, {"uid": board["uid"], "status": "success", "version": 1}


def _provisioning(
    world: World, method: str, parts: tuple[str, ...], body: Any
) -> Answer:
    match (method, *parts):
        case ("GET", "contact-points"):
            return 200, [_redacted(one) for one in world.points]
        case ("POST", "contact-points"):
            made = {**body, "uid": f"made-{len(world.points)}"}
            world.points.append(made)
            return 202, _redacted(made)
        case ("PUT", "contact-points", uid):
            return _put_point(world, uid, body)
        case ("GET", "policies"):
            return 200, world.policy
        case ("GET", "alert-rules"):
            return 200, world.rules
        case ("POST", "alert-rules"):
            return _post_rule(world, body)
        case ("PUT", "alert-rules", uid):
            world.rules = [r for r in world.rules if r["uid"] != uid]
            world.rules.append(_told({**body, "uid": uid}))
            return 200, body
        case (_, "folder", folder, "rule-groups", group):
            return _rule_group(world, method, folder, group, body)
    return 404, {"message": "Not found"}


def _put_point(world: World, uid: str, body: Any) -> Answer:
    there = next((one for one in world.points if one["uid"] == uid), None)
    if there is None:
        return 404, {"message": "receiver not found"}
    if there.get("provenance"):
        return 409, {"message": "cannot change provenance from 'file' to ''"}
    hmac = body["settings"].get("hmacConfig") or {}
    if hmac.get("secret") == REDACTED:
        hmac["secret"] = there["settings"]["hmacConfig"]["secret"]
    there.clear()
    there.update({**body, "uid": uid})
    return 202, {"message": "contactpoint updated"}


def _post_rule(world: World, body: Any) -> Answer:
    if body["folderUID"] not in world.folders:
        return 400, {"message": "folder does not exist"}
    if any(rule["uid"] == body["uid"] for rule in world.rules):
        return 409, {"message": "a rule with this uid exists"}
    world.rules.append(_told(body))
    world.intervals.setdefault((body["folderUID"], body["ruleGroup"]), 60)
    return 201, body


def _rule_group(
    world: World, method: str, folder: str, group: str, body: Any
) -> Answer:
    def inside(rule: dict[str, Any]) -> bool:
        return (rule["folderUID"], rule["ruleGroup"]) == (folder, group)

    if method == "GET":
        if (folder, group) not in world.intervals:
            return 404, {"message": "rule group does not exist"}
        found = [rule for rule in world.rules if inside(rule)]
        interval = world.intervals[folder, group]
        return 200, {
            "title": group,
            "folderUid": folder,
            "interval": interval,
            "rules": found,
        }
    if folder not in world.folders:
        return 400, {"message": "folder does not exist"}
    # What the body does not name is gone: it replaces the group.
    world.rules = [rule for rule in world.rules if not inside(rule)]
    for rule in body["rules"]:
        world.rules.append(_told({**rule, "folderUID": folder, "ruleGroup": group}))
    world.intervals[folder, group] = body["interval"]
    return 200, body


def _told(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule as it is told afterwards: with an id, and defaults in its queries."""
    rule = deepcopy(rule)
    for query in rule["data"]:
        query["model"] = {**_ADDED, **query["model"]}
        query.setdefault("queryType", "")
    return {"id": 1, "updated": "2026-11-05T16:42:10Z", "provenance": "", **rule}


def _redacted(point: dict[str, Any]) -> dict[str, Any]:
    shown = deepcopy(point)
    settings = shown["settings"]
    for holder, key in (
        (settings, "password"),
        (settings, "authorization_credentials"),
        (settings.get("hmacConfig") or {}, "secret"),
    ):
        if holder.get(key):
            holder[key] = REDACTED
    return shown


Break = Callable[[World], None]
