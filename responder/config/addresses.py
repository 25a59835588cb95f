"""Addresses in a configuration: what to listen on, and what may be called."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from responder.config.problem import ConfigError
from responder.config.settings import Secret

_PRIVATE_ENDS = (".local", ".localhost", ".internal", ".lan", ".test", ".svc")
_PUSH = "/loki/api/v1/push"
ONLY_PRIVATE = "use https; http is only for this machine and private networks"


def listen(text: object) -> tuple[str, int]:
    """`host:port`, IPv6 in brackets; port 0 lets the system choose one."""
    if isinstance(text, tuple):
        return str(text[0]), int(text[1])
    pattern = r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):([0-9]{1,5})"
    found = re.fullmatch(pattern, text) if isinstance(text, str) else None
    if found is None or int(found[3]) > 65535:
        remedy = 'write it as "127.0.0.1:8080" or "0.0.0.0:8080"'
        raise ConfigError("is not a host and a port", remedy)
    return found[1] or found[2], int(found[3])


def port(text: str) -> int:
    """The port a host gives by the variable PORT."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise ConfigError("is not a port", "set PORT to a number up to 65535")
    return int(text)


def reachable(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def written(host: str, port: int) -> str:
    """`127.0.0.1:80` or `[::1]:80`."""
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def public_url(text: str) -> str:
    """Our address as others see it, without a slash at its end."""
    parts = _web(text, "https://responder.example.net")
    if parts.query or parts.fragment:
        raise ConfigError("has a query or fragment", "end it after the host or path")
    return text.rstrip("/")


def network(value: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """One address, or a network of them as `10.0.0.0/8`."""
    remedy = 'write an address or a network, as "127.0.0.1" or "10.0.0.0/8"'
    try:
        found = ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise ConfigError("is no network of addresses", remedy) from None
    if not found.prefixlen:
        raise ConfigError("trusts everybody to say where they come from", remedy)
    return found


def logs_url(text: str) -> str:
    """Loki's base address; the push address, as Grafana shows it, is understood."""
    parts = _web(text, "http://loki:3100")
    if parts.query or parts.fragment:
        raise ConfigError("has a query or fragment", "write only http://loki:3100")
    return text.rstrip("/").removesuffix(_PUSH).rstrip("/")


def grafana_url(text: str) -> str:
    """Grafana's address, with the path that it may be served under."""
    parts = _web(text, "https://name.grafana.net")
    if parts.query or parts.fragment:
        raise ConfigError("has a query or fragment", "end it after the host or path")
    if in_clear(text):
        raise ConfigError("would send its token in clear", ONLY_PRIVATE)
    return text.rstrip("/")


def irm_url(text: str) -> str:
    """The API address that IRM's settings page shows, with `/api/v1` at its end."""
    parts = _web(text, "https://oncall-prod-us-central-0.grafana.net/oncall")
    if parts.query or parts.fragment:
        raise ConfigError("has a query or fragment", "end it after the host or path")
    if in_clear(text):
        raise ConfigError("would send its token in clear", ONLY_PRIVATE)
    return text.rstrip("/").removesuffix("/api/v1").rstrip("/") + "/api/v1"


def webhook_url(secret: Secret | None) -> Secret | None:
    """The whole address of an outgoing webhook, a secret."""
    if secret is not None:
        _web(secret.reveal(), "https://ntfy.sh/a-topic-nobody-guesses")
        if in_clear(secret.reveal()):
            raise ConfigError("would be called in clear", ONLY_PRIVATE)
    return secret


def factory_url(text: str) -> str:
    """The factory's scheme and host: the path of a call is rebuilt from the link."""
    parts = _web(text, "https://pizza-factory.cs329.click")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError("has a path", "write only https:// and the host")
    _demand_https(parts)
    return text.rstrip("/")


def report_url(secret: Secret | None) -> Secret | None:
    """The whole address of a fixed report link, a secret."""
    if secret is not None:
        _demand_https(_web(secret.reveal(), "https://host/path"))
    return secret


def host_of(url: str) -> str:
    """The host of an address that was accepted above."""
    return urlsplit(url).hostname or ""


def _web(text: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.scheme in ("http", "https")
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise ConfigError("is not an http(s) address", f"write it as {example}")
    if "@" in parts.netloc:
        remedy = "move the name and password to fields of their own"
        raise ConfigError("holds a name or password", remedy)
    return parts


def in_clear(url: str) -> bool:
    """Whether an accepted address is plain http beyond what stays among us."""
    parts = urlsplit(url)
    return parts.scheme != "https" and not _private(parts.hostname or "")


def _demand_https(parts: SplitResult) -> None:
    if in_clear(parts.geturl()):
        raise ConfigError("would send the report in clear", ONLY_PRIVATE)


def _private(host: str) -> bool:
    """Whether a host is this machine or in a private network.

    A name must be written as one: resolvers take 134744072, 0x8080808 and 8.526344
    for addresses of the whole internet.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        bare = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", host)
        return bool(bare) or host.endswith(_PRIVATE_ENDS)
    return (getattr(address, "ipv4_mapped", None) or address).is_private
