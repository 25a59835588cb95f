"""What must hold between the places where Responder tells what it does."""

from collections.abc import Iterator

from responder.config.addresses import host_of
from responder.config.parts import Parts
from responder.config.problem import Problem, problem
from responder.config.settings import Secret
from responder.incident.names import OnRecovered, Sender

_SERVICE_ACCOUNT = "glsa_"


def told_problems(parts: Parts) -> Iterator[Problem]:
    """What could never be told, or would come back to ourselves."""
    grafana, notify = parts.grafana, parts.notify
    if grafana and grafana.value.annotations and "token" not in _keys(parts, "grafana"):
        message = "is missing, and grafana.annotations needs it"
        yield problem(("grafana", "token"), message, 'write it as "${NAME}"')
    if _by_service_account(parts) and grafana is None:
        message = "is a service account's: IRM asks for its stack's address"
        remedy = "set grafana.url, or use a key of IRM's own"
        yield problem(("irm", "token"), message, remedy, "***")
    url = notify.value.webhook_url if notify else None
    own = parts.server.value.public_url
    if url and own and host_of(url.reveal()) == host_of(own):
        message = "leads to ourselves: every notice would be an alert"
        remedy = "name the receiver that people read"
        yield problem(("notify", "webhook_url"), message, remedy, "***")


def told_warnings(parts: Parts) -> Iterator[Problem]:
    """What may be meant so, and is worth a look."""
    if _by_service_account(parts):
        message = "is a service account's: it may write notes, and never acknowledge"
        remedy = "use the API key of a person, made in IRM's settings"
        yield problem(("irm", "token"), message, remedy, "***")
    senders = {s for one in parts.credentials for s in one.value.senders}
    if parts.irm and parts.credentials and Sender.IRM not in senders:
        message = "is told nothing: no webhook of IRM names us its alert groups"
        remedy = "give webhook_auth an entry with senders: [irm]"
        yield problem(("irm",), message, remedy)
    for i, one in enumerate(parts.rules):
        resolves = one.rule.value.on_recovered is OnRecovered.RESOLVE
        if resolves and one.rule.fine("on_recovered") and parts.irm is None:
            message = "resolves nothing: irm is not configured"
            at = ("rules", i, "on_recovered")
            yield problem(at, message, "configure irm, or remove this key", "resolve")


def _keys(parts: Parts, section: str) -> set[str]:
    given = parts.given(section)
    return set(given) if isinstance(given, dict) else set()


def _by_service_account(parts: Parts) -> bool:
    token: Secret | None = parts.irm.value.token if parts.irm else None
    return bool(token and token.reveal().startswith(_SERVICE_ACCOUNT))
