"""Whom Loki is asked as: address, credentials, connections."""

import base64
import re
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import unquote, urlsplit, urlunsplit

import requests

from responder.config.settings import LokiLogs
from responder.deadline import StraightSession
from responder.evidence.deadline import DeadlineAdapter

AT_ONCE = 8
"""Questions asked at the same time, each on a connection of its own."""


def base_url(url: str) -> str:
    """Loki's base of a pasted address: without API path, credentials and query."""
    parts = urlsplit(url.strip())
    path = re.sub(r"/loki/api(?:/.*)?$|/+$", "", parts.path)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path.rstrip("/"), "", ""))


def session(settings: LokiLogs) -> requests.Session:
    """Connections that carry the configured credentials and nothing else."""
    opened = StraightSession()
    opened.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        opened.mount(scheme, DeadlineAdapter(AT_ONCE))
    opened.headers["User-Agent"] = "jwt-pizza-responder"
    opened.headers["Accept"] = "application/json"
    credentials = authorization(settings)
    if credentials:
        # As bytes, because a header's text must be Latin-1 and a secret need not.
        opened.headers["Authorization"] = credentials.encode()
    if settings.tenant:
        opened.headers["X-Scope-OrgID"] = settings.tenant
    return opened


def authorization(settings: LokiLogs) -> str:
    """The header that these credentials make, "" without any."""
    if settings.bearer:
        return f"Bearer {settings.bearer.reveal().strip()}"
    user, password = _basic(settings)
    if not user and not password:
        return ""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _basic(settings: LokiLogs) -> tuple[str, str]:
    """User and password as configured, else those within the address."""
    if settings.password or settings.username:
        password = settings.password.reveal().strip() if settings.password else ""
        return settings.username or "", password
    parts = urlsplit(settings.url.strip())
    return unquote(parts.username or ""), unquote(parts.password or "")


def secrets(settings: LokiLogs) -> list[str]:
    """Every text that must be masked in what Loki or a library says."""
    bearer = settings.bearer.reveal().strip() if settings.bearer else ""
    sent = authorization(settings).partition(" ")[2]
    # Of `id:token` and of a base64 the secret half alone is a secret too.
    return [bearer, bearer.partition(":")[2], _basic(settings)[1], sent]
