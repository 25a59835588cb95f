"""What to type into Grafana's pages, for those who give us no token. Pure."""

from collections.abc import Iterator, Sequence

from responder.config.settings import Credential
from responder.grafana.forms import length
from responder.grafana.wanted import FOLDER, GROUP, Wake, every, rule_of

_SECRET = "(the secret of webhook_auth, from Responder's environment)"


def contact_point(url: str, credential: Credential) -> Iterator[str]:
    """Our integration, setting by setting, without a secret."""
    yield "Alerting › Contact points › Edit the one that pages you today"
    yield "› Add contact point integration, beside your people's own:"
    yield "  Integration               Webhook"
    yield f"  URL                       {url}"
    yield "  HTTP method               POST"
    yield "  Max alerts                (empty)"
    yield "  Disable resolved message  off"
    if credential.hmac:
        yield f"  HMAC signature › Secret   {_SECRET}"
        yield f"    Header                  {credential.hmac.header}"
        yield f"    Timestamp header        {credential.hmac.timestamp_header or ''}"
    if credential.bearer:
        yield "  Authorization › Scheme    Bearer"
        yield f"    Credentials             {_SECRET}"
    if credential.basic:
        yield f"  HTTP Basic › Username     {credential.basic.username}"
        yield f"    Password                {_SECRET}"
    yield "› Test (the status page shows a test; it never acts) › Save contact point"


def alert_rules(wanted: Sequence[Wake]) -> Iterator[str]:
    """Each alert rule, setting by setting."""
    yield f"Alerting › Alert rules › New alert rule, each in the folder {FOLDER},"
    cloud = length(every(True))
    yield f"group {GROUP}, evaluated every {length(every(False))} ({cloud} on Cloud):"
    for wake in wanted:
        labels = ", ".join(f"{name} = {value}" for name, value in wake.labels.items())
        query = rule_of(wake, "")["data"][0]["model"]["expr"]
        yield f"  {wake.title}"
        yield f"    Query (Loki, instant)   {query}"
        yield f"    Condition               is above {wake.threshold - 1}"
        yield "    Pending period          0s"
        yield "    No data                 Normal; error: Error"
        yield f"    Labels                  {labels}"
    yield "Choose the contact point above, where a rule asks for one."
