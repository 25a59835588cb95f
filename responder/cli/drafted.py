"""The configuration that `init` writes, out of six answers."""

import re
import secrets
from dataclasses import dataclass

from responder.config import addresses
from responder.config.problem import Refused
from responder.incident.names import Mode

_LABEL = re.compile(r"(?:([A-Za-z_]\w*)=)?([\w.-]{1,100})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What people were asked; each as `judged` gave it back."""

    public_url: str
    loki_url: str
    loki_user: str
    component: str
    grafana_url: str
    mode: str


def judged(name: str, text: str) -> str:
    """One answer as the configuration takes it. Raises `Refused`."""
    match name:
        case "public_url":
            return addresses.public_url(text)
        case "loki_url":
            return addresses.logs_url(text) if text else ""
        case "grafana_url":
            return addresses.grafana_url(text) if text else ""
        case "mode":
            if text not in {str(mode) for mode in Mode}:
                raise Refused("is no mode", f"use {', '.join(Mode)}")
            return text
        case "component":
            return _labelled(text)
    if text and not re.fullmatch(r"[\w.@-]{1,100}", text):
        raise Refused("is not a user's name", "on Grafana Cloud it is a number")
    return text


def _labelled(text: str) -> str:
    found = _LABEL.fullmatch(text)
    if not found:
        remedy = "write its name, or label=name as in source=jwt-pizza-service"
        raise Refused("is not the name of a service in logs", remedy)
    return f'{found[1] or "component"}="{found[2]}"'


def configuration(answers: Answers) -> str:
    """A whole document; its secrets are names of environment variables."""
    parts = (
        _HEAD.format(public_url=answers.public_url),
        _logs(answers),
        _FACTORY,
        _GRAFANA.format(url=answers.grafana_url) if answers.grafana_url else "",
        _RULES.format(label=answers.component, mode=answers.mode),
    )
    return "\n".join(part for part in parts if part)


def environment(answers: Answers) -> str:
    """The variables that the document names. Ours are made up; others' stay empty."""
    lines = [
        "# Secrets of Responder. Keep this file out of every repository.",
        f"GRAFANA_HMAC_SECRET={secrets.token_hex(32)}",
        f"ONCALL_PASSWORD={secrets.token_urlsafe(18)}",
        "# Your key at the pizza factory: only links that carry it are called.",
        "FACTORY_API_KEY=",
    ]
    if not answers.loki_url:
        lines += ["# What pushes lines to Responder shows this.", _drawn("PUSH_TOKEN")]
    elif answers.loki_user:
        lines += [
            "# A token with the scope logs:read. The one your service pushes with",
            "# cannot query.",
            "LOKI_TOKEN=",
        ]
    if answers.grafana_url:
        lines += [
            "# Of a service account (glsa_...) with the role Admin, for doctor and",
            "# connect.",
            "GRAFANA_TOKEN=",
        ]
    return "\n".join([*lines, ""])


def _drawn(name: str) -> str:
    return f"{name}={secrets.token_hex(32)}"


def _logs(answers: Answers) -> str:
    if not answers.loki_url:
        return _EMBEDDED
    login = _LOGIN.format(user=answers.loki_user) if answers.loki_user else ""
    return _LOKI.format(url=answers.loki_url) + login


_HEAD = """\
# Written by `responder init`. Every key: docs/configuration.md
# Secrets come from the environment: responder.env, beside this file.
server:
  listen: "0.0.0.0:8080"
  public_url: "{public_url}"
webhook_auth:
  - name: grafana
    senders: [grafana]
    hmac:
      secrets: ["${{GRAFANA_HMAC_SECRET}}"]
      timestamp_header: X-Grafana-Alerting-Timestamp
operator_auth:
  users: {{ oncall: "${{ONCALL_PASSWORD}}" }}
"""
_EMBEDDED = """\
# For trying: only what is pushed to /loki/api/v1/push is counted.
logs: { type: embedded, push_auth: { bearer: "${PUSH_TOKEN}" } }
"""
_LOKI = """\
logs:
  type: loki
  url: "{url}"
"""
_LOGIN = """\
  username: "{user}"
  password: "${{LOKI_TOKEN}}" # scope logs:read
"""
_FACTORY = """\
factory: { url: "https://pizza-factory.cs329.click", api_key: "${FACTORY_API_KEY}" }
"""
_GRAFANA = """\
grafana: {{ url: "{url}", token: "${{GRAFANA_TOKEN}}" }}
"""
_RULES = """\
rules:
  - name: pizza-factory
    match: [{{ responder: jwt-pizza }}]
    checks:
      - name: report-link
        query: '{{{label}}} |= "/api/support/" |= "/report/"'
        window: 10m
        threshold: 1
      - name: error-logs
        query: '{{{label}, level="error"}}'
        window: 5m
        threshold: 5
    # Good orders prove recovery.
    traffic: >-
      {{{label}}} |= `"method":"POST"` |= "menuId" |= `"statusCode":200`
      != "/api/support/"
    mode: {mode} # auto acts, veto announces first, shadow only tells
"""
