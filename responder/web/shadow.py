"""What rules in shadow or veto have shown: for a page and for `responder shadow`."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from responder.incident.listing import Search
from responder.incident.names import Mode
from responder.incident.openings import NoSuchRule
from responder.incident.rule import Rule
from responder.incident.trial import Trial
from responder.incident.trust import LOOKED_BACK, Trust, trust
from responder.web import asked
from responder.web.actions import WrongType, json_body, refused, wrong_type
from responder.web.guard import Operators
from responder.web.parts import Parts
from responder.web.presenting import iso

log = logging.getLogger("responder.operators")
MOST_NAMES = 10_000
"""Cassettes of one trial, in all three lists."""
_MOST_BYTES = 1024 * 1024
_MOST = 500
_CONFIG = re.compile(r"[0-9a-f]{4,64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,80}")
_LISTS = ("reported", "not_reported", "not_as_expected")


def shadow_api(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/shadow`, and `/api/shadow/<rule>/cassettes`."""
    blueprint = Blueprint("shadow_api", __name__, url_prefix="/api")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(asked.BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchRule, lambda e: refused(404, str(e)))

    @blueprint.get("/shadow")
    def shadow() -> Response:
        return jsonify({"rules": [_json(found) for found in trusts(parts)]})

    @blueprint.post("/shadow/<rule>/cassettes")
    def cassettes(rule: str) -> Response:
        trial = _trial(parts, rule, operators.name(), json_body(_MOST_BYTES))
        found = _rule(parts, rule)
        parts.trials.save(trial)
        facts = {"rule": trial.rule, "action": "cassettes", "operator": trial.by}
        log.info("acted", extra={**facts, "done": True})
        return jsonify(_json(_trust(parts, found)))

    return blueprint


def trusts(parts: Parts) -> list[Trust]:
    """Each rule that is not automatic yet, by the latest incidents of 90 days."""
    return [_trust(parts, rule) for rule in _on_trial(parts)]


def _on_trial(parts: Parts) -> list[Rule]:
    return [rule for rule in parts.rules if rule.mode is not Mode.AUTO]


def _trust(parts: Parts, rule: Rule) -> Trust:
    since = parts.clock.now() - LOOKED_BACK
    asked_for = Search(rule=rule.name, since=since, drills=False, limit=_MOST)
    return trust(
        rule,
        parts.archive.search(asked_for).incidents,
        parts.drills.passed(rule.name, since),
        parts.trials.last(rule.name),
        parts.config_sha,
    )


def _rule(parts: Parts, name: str) -> Rule:
    known = {rule.name: rule for rule in _on_trial(parts)}
    if name not in known:
        there = ", ".join(known) or "none"
        raise NoSuchRule(f"no such rule in shadow or veto; there are: {there}")
    return known[name]


def _trial(parts: Parts, rule: str, by: str, body: Mapping[str, Any]) -> Trial:
    asked.only(body, "config", *_LISTS)
    config = body.get("config")
    if not isinstance(config, str) or not _CONFIG.fullmatch(config):
        raise asked.BadField("config: give the hash of the configuration")
    named = {key: _names(body, key) for key in _LISTS}
    every = [name for names in named.values() for name in names]
    if len(every) > MOST_NAMES:
        raise asked.BadField(f"{_LISTS[0]}: give at most {MOST_NAMES} names in all")
    if len(set(every)) < len(every):
        raise asked.BadField(f"{', '.join(_LISTS)}: give each name once")
    hidden = {key: tuple(map(parts.masker, names)) for key, names in named.items()}
    return Trial(rule=rule, config=config, by=by, at=parts.clock.now(), **hidden)


def _names(body: Mapping[str, Any], key: str) -> list[str]:
    names = body.get(key)
    if not isinstance(names, list) or not all(
        isinstance(name, str) and _NAME.fullmatch(name) for name in names
    ):
        raise asked.BadField(f"{key}: give a list of names of cassettes")
    return names


def _json(found: Trust) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "mode": found.mode,
        "right": found.right,
        "wrong": found.wrong,
        "missed": found.missed,
        "unsaid": found.unsaid,
        "saved_seconds": sum(one.total_seconds() for one in found.saved),
        "drills": found.drills,
        "cassettes": None if found.trial is None else _trial_json(found, found.trial),
        "ready_for": found.ready_for,
        "sentence": found.sentence,
    }


def _trial_json(found: Trust, trial: Trial) -> dict[str, Any]:
    return {
        "config": trial.config,
        "counts": found.tried is not None,
        "at": iso(trial.at),
        "by": trial.by,
        "reported": len(trial.reported),
        "not_reported": len(trial.not_reported),
        "not_as_expected": len(trial.not_as_expected),
    }
