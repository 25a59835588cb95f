"""Those who are told, on real sockets: annotations, IRM, a webhook's receiver.

Written from the wire contracts of Grafana's annotation API and of IRM's (OnCall's)
public API, and from nothing that Responder does.
"""

from typing import Any

from tests.api_server import Answer, ApiServer, Asked

GRAFANA_TOKEN = "glsa_annotations-canary"
IRM_KEY = "irm-key-canary"
SERVICE_ACCOUNT = "glsa_irm-canary"


class AnnotationServer(ApiServer):
    """`/api/annotations` of a Grafana."""

    def __init__(self) -> None:
        super().__init__()
        self.annotations: dict[int, dict[str, Any]] = {}

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {GRAFANA_TOKEN}":
            return 401, {"message": "Unauthorized"}
        match asked.method, asked.path:
            case "POST", "/api/annotations":
                return self._add(asked.document)
            case "GET", "/api/annotations":
                return 200, self._found(asked.query)
        return 404, {"message": "Not found"}

    def _add(self, given: dict[str, Any]) -> Answer:
        if not given.get("text"):
            return 400, {"message": "Failed to save annotation: text is empty"}
        number = 71 + len(self.annotations)
        known = ["text", "tags", "time"]
        kept = {key: given[key] for key in known if key in given}
        kept["timeEnd"] = given.get("timeEnd", given["time"])
        self.annotations[number] = {"id": number, **kept}
        return 200, {"message": "Annotation added", "id": number}

    def _found(self, query: list[tuple[str, str]]) -> list[dict[str, Any]]:
        tags = {value for name, value in query if name == "tags"}
        return [a for a in self.annotations.values() if tags <= set(a["tags"])]

    def only(self) -> dict[str, Any]:
        """The one annotation that there is."""
        (found,) = self.annotations.values()
        return found


class IrmServer(ApiServer):
    """IRM's public API below `/oncall/api/v1`."""

    def __init__(self, *groups: str, lists_notes: bool = True) -> None:
        super().__init__()
        self.groups = dict.fromkeys(groups, "firing")
        self.notes: list[dict[str, Any]] = []
        self.lists_notes = lists_notes

    def answer(self, asked: Asked) -> Answer:
        key = asked.headers.get("authorization")
        person = key == IRM_KEY
        stack = asked.headers.get("x-grafana-url")
        if not person and not (key == SERVICE_ACCOUNT and stack):
            return 403, {"detail": "Invalid token."}
        parts = asked.path.removeprefix("/oncall/api/v1/").strip("/").split("/")
        match asked.method, parts:
            case "POST", ["resolution_notes"]:
                return self._note(asked.document)
            case "GET", ["resolution_notes"]:
                return self._listed(dict(asked.query))
            case "GET", ["alert_groups", group]:
                return self._group(group)
            case "POST", ["alert_groups", group, verb]:
                if not person:
                    return 403, {"detail": "You do not have permission."}
                return self._turn(group, verb)
        return 404, {"detail": "Not found."}

    def _note(self, given: dict[str, Any]) -> Answer:
        if given.get("alert_group_id") not in self.groups or not given.get("text"):
            return 400, {"detail": "Alert group does not exist"}
        note = {"id": f"M{len(self.notes) + 1}", "author": "U1", "source": "web"}
        self.notes.append({**note, **given, "created_at": "2026-11-05T12:00:00Z"})
        return 201, self.notes[-1]

    def _listed(self, query: dict[str, str]) -> Answer:
        if not self.lists_notes:
            return 405, {"detail": 'Method "GET" not allowed.'}
        group = query.get("alert_group_id")
        found = [n for n in self.notes if group in (None, n["alert_group_id"])]
        return 200, {"count": len(found), "next": None, "results": found}

    def _group(self, group: str) -> Answer:
        if group not in self.groups:
            return 404, {"detail": "Not found."}
        return 200, {"id": group, "state": self.groups[group]}

    def _turn(self, group: str, verb: str) -> Answer:
        state = self.groups.get(group)
        if state is None:
            return 404, {"detail": "Not found."}
        wanted = {
            "acknowledge": (("firing", "silenced"), "acknowledged"),
            "resolve": (("firing", "silenced", "acknowledged"), "resolved"),
            "unacknowledge": (("acknowledged",), "firing"),
            "unresolve": (("resolved",), "firing"),
        }
        if verb not in wanted:
            return 404, {"detail": "Not found."}
        before, after = wanted[verb]
        if state not in before:
            return 400, {"detail": f"Can't {verb}: the group is already {state}"}
        self.groups[group] = after
        return 200, None

    def turned(self, group: str) -> list[str]:
        """What was done to the group's state, in order."""
        begin = f"/oncall/api/v1/alert_groups/{group}/"
        calls = [a.path for a in self.asked("POST") if a.path.startswith(begin)]
        return [path.removeprefix(begin) for path in calls]


class HookServer(ApiServer):
    """Takes whatever is sent to it."""

    def answer(self, asked: Asked) -> Answer:
        return 204, None
