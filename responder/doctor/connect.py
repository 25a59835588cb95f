"""What must change in a Grafana so that it holds what is wanted. Pure.

Nothing here knows of the notification policy tree but for reading it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from responder.config.settings import Credential, Secret
from responder.grafana.difference import contains, difference, same
from responder.grafana.objects import Integration, segment
from responder.grafana.ours import Matter
from responder.grafana.routing import Way, ways
from responder.grafana.wanted import (
    FOLDER,
    FOLDER_UID,
    GROUP,
    WEBHOOK,
    Reveal,
    Wake,
    every,
    rule_of,
    webhook,
)

_POINTS = "/api/v1/provisioning/contact-points"
_RULES = "/api/v1/provisioning/alert-rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One call that changes Grafana, and what it changes, fit to be shown."""

    what: str
    method: str
    path: str
    body: Mapping[str, Any]
    diff: str


def plan(
    matter: Matter,
    wanted: Sequence[Wake],
    source: str,
    boards: Mapping[str, Mapping[str, Any]],
    *,
    point: str | None = None,
    renew: bool = False,
) -> tuple[Change, ...]:
    """Every change, in order. `source` is the uid of the Loki data source.

    `point` names the contact point, else those are taken that the rules use already.
    `renew` writes the secrets again, which nobody can read back to compare.
    """
    folder = _folder(matter)
    return (
        *_points(matter, wanted, point, renew),
        *_folders(matter, folder),
        *_rules(matter, wanted, source, folder),
        *_boards(matter, boards, folder),
    )


def _points(
    matter: Matter, wanted: Sequence[Wake], point: str | None, renew: bool
) -> Iterator[Change]:
    credential = matter.credential
    if credential is None or not matter.url:
        return
    for one in matter.ours:
        yield from _mended(matter, one, credential, renew)
    for name in [point] if point else _lacking(matter, wanted):
        if any(matter.is_ours(one) for one in matter.seen.contact_point(name)):
            continue
        body = point_of(name, matter.url, credential, Secret.reveal)
        what = f"add our webhook to the contact point {name}"
        yield _change(what, "POST", _POINTS, body, {})


def point_of(
    name: str, url: str, credential: Credential, reveal: Reveal
) -> dict[str, Any]:
    """Our integration for the contact point of this name."""
    return {
        "name": name,
        "type": WEBHOOK,
        "disableResolveMessage": False,
        "settings": webhook(url, credential, reveal),
    }


def _lacking(matter: Matter, wanted: Sequence[Wake]) -> Iterator[str]:
    """The contact points that rules use for alerts of ours without telling us."""
    rules = [rule for rule in matter.seen.rules if matter.taker(rule)]
    ends = [matter.ways(rule) for rule in rules]
    there = {rule.uid for rule in rules}
    for wake in wanted:
        if wake.uid not in there:
            labels = {"alertname": wake.title, "grafana_folder": FOLDER, **wake.labels}
            ends.append(ways(labels, matter.seen.policy))
    yield from dict.fromkeys(
        _best(matter, found) for found in ends if not matter.reaches_us(found)
    )


def _best(matter: Matter, found: tuple[Way, ...]) -> str:
    """The one that pages people, where there are several: ours is beside theirs."""
    peopled = (way for way in found if matter.reaches_people((way,)))
    return next(peopled, found[0]).contact_point


def _mended(
    matter: Matter, one: Integration, credential: Credential, renew: bool
) -> Iterator[Change]:
    ours = webhook(matter.url, credential, Secret.reveal)
    settings: dict[str, Any] = {**one.settings, **ours}
    if str(settings.get("maxAlerts") or "0") != "0":
        settings["maxAlerts"] = 0
    settings.pop("payload", None)
    before = {"disableResolveMessage": one.no_resolves, "settings": one.settings}
    after = {"disableResolveMessage": False, "settings": settings}
    if not renew and same(before, after):
        return
    body = {"uid": one.uid, "name": one.name, "type": WEBHOOK, **after}
    path = f"{_POINTS}/{segment(one.uid)}"
    what = f"mend our webhook in the contact point {one.name}"
    yield _change(what, "PUT", path, body, before)


def _folder(matter: Matter) -> str:
    """The uid of the folder: one of its title that is there already, else ours."""
    named = (uid for uid, title in matter.seen.folders.items() if title == FOLDER)
    return next(named, FOLDER_UID)


def _folders(matter: Matter, folder: str) -> Iterator[Change]:
    if folder not in matter.seen.folders:
        body = {"uid": folder, "title": FOLDER}
        yield _change(f"add the folder {FOLDER}", "POST", "/api/folders", body, {})


def _rules(
    matter: Matter, wanted: Sequence[Wake], source: str, folder: str
) -> Iterator[Change]:
    made = [placed(rule_of(wake, source), folder) for wake in wanted]
    if made and (folder, GROUP) not in matter.seen.intervals:
        new = [rule for rule in made if rule["uid"] not in matter.seen.raw_rules]
        if new:
            yield _group(new, folder, matter.seen.cloud)
        made = [rule for rule in made if rule not in new]
    for rule in made:
        there = matter.seen.raw_rules.get(rule["uid"])
        if there is None:
            yield _change(f"add the rule {rule['title']}", "POST", _RULES, rule, {})
        else:
            yield from _rewritten(there, rule)


def _group(rules: list[dict[str, Any]], folder: str, cloud: bool) -> Change:
    body = group_of(rules, folder, cloud=cloud)
    path = f"/api/v1/provisioning/folder/{segment(folder)}/rule-groups/{GROUP}"
    what = f"add {len(rules)} rules, evaluated every {body['interval']} s"
    return _change(what, "PUT", path, body, {})


def group_of(
    rules: list[dict[str, Any]], folder: str, *, cloud: bool
) -> dict[str, Any]:
    """A whole group as the API takes it."""
    interval = int(every(cloud).total_seconds())
    return {"title": GROUP, "folderUid": folder, "interval": interval, "rules": rules}


def placed(rule: dict[str, Any], folder: str) -> dict[str, Any]:
    """A rule as the API takes it: it names its folder and group."""
    return {**rule, "orgID": 1, "folderUID": folder, "ruleGroup": GROUP}


_OURS = ("title", "condition", "data", "noDataState", "execErrState")
"""What follows from our configuration; the rest of a rule belongs to its people."""


def _rewritten(there: dict[str, Any], rule: dict[str, Any]) -> Iterator[Change]:
    labels = {**(there.get("labels") or {}), **rule["labels"]}
    ours = {**{key: rule[key] for key in _OURS}, "labels": labels}
    if contains(there, ours):
        return
    body = {**there, **ours}
    path = f"{_RULES}/{segment(str(rule['uid']))}"
    before = {key: there.get(key) for key in ours}
    yield _change(f"change the rule {rule['title']}", "PUT", path, body, before, ours)


def _boards(
    matter: Matter, boards: Mapping[str, Mapping[str, Any]], folder: str
) -> Iterator[Change]:
    for uid, board in boards.items():
        there = matter.seen.dashboards.get(uid, {})
        old = there.get("dashboard")
        if contains(old, board):
            continue
        at = (there.get("meta") or {}).get("folderUid") or folder
        body = {
            "dashboard": {**board, "id": None},
            "folderUid": at,
            "overwrite": True,
            "message": "responder connect",
        }
        title = board.get("title", uid)
        what = f"{'change' if old else 'add'} the dashboard {title}"
        diff = f"  {len(board.get('panels', ()))} panels\n"
        yield Change(
            what=what, method="POST", path="/api/dashboards/db", body=body, diff=diff
        )


def _change(
    what: str,
    method: str,
    path: str,
    body: Mapping[str, Any],
    before: Mapping[str, Any],
    shown: Mapping[str, Any] | None = None,
) -> Change:
    after = {key: body[key] for key in before} if before and not shown else shown
    diff = difference(before, after or body)
    return Change(what=what, method=method, path=path, body=body, diff=diff)
