"""`responder connect`: set up Grafana from Responder's configuration."""

import argparse
from collections.abc import Sequence

from responder.cli.common import Usage, add_config, settings_or_refuse
from responder.config.checks import Purpose
from responder.config.settings import GrafanaSettings, LokiLogs, Settings
from responder.doctor.alerts import dashboards
from responder.doctor.connect import (
    GrafanaChange,
    NoSource,
    Unlabelled,
    Wake,
    alert_rules,
    contact_point,
    loki_source,
    plan,
    prometheus_source,
    wakes,
)
from responder.doctor.grafana import Grafana, GrafanaError, GrafanaState, Matter
from responder.masking import Masker
from responder.senders.sample import labels_for

NAME = "connect"
HELP = "add our webhook, alert rules and dashboards to Grafana, or show what to add"
EXAMPLES = """examples:
  responder connect --config responder.yaml            shows the difference
  responder connect --config responder.yaml --apply    and makes it so
  responder connect --apply --contact-point "On call"
The webhook goes beside your people's own integration, into the contact point that the
rules use already; notification policies are read and never written. What is made stays
editable in Grafana's pages. A second run changes nothing.
Without server.public_url, but with a watch on every rule, no webhook is added.
Without `grafana:` in the configuration it prints what to type into Grafana's pages.
Exit status: 0 done, shown, or nothing to do; 1 Grafana refused."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--apply", action="store_true", help="make the changes")
    parser.add_argument(
        "--contact-point",
        metavar="NAME",
        help="where our webhook goes (default: where the rules lead already)",
    )
    parser.add_argument(
        "--datasource",
        metavar="UID",
        help="the Loki that the alert rules ask (default: the one at logs.url)",
    )
    parser.add_argument(
        "--renew-secret",
        action="store_true",
        help="write the webhook's secret again, as after changing it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show, and with `--apply` make, what Grafana lacks."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
    wanted = _wanted(settings)
    matter = Matter(seen=GrafanaState(url=""), settings=settings)
    if not matter.url and not matter.watched:
        told = "server.public_url is not set: where should Grafana send to?"
        raise Usage(f"{told} (With a watch on every rule it need not send.)", 1)
    if matter.url and matter.credential is None:
        told = "webhook_auth has nothing usable for the sender grafana"
        raise Usage(f"{told}: add it, and set its secret", 1)
    if settings.grafana is None or settings.grafana.token is None:
        return _paste(matter, wanted, apply=arguments.apply)
    try:
        return _connect(arguments, settings, settings.grafana, wanted)
    except (GrafanaError, NoSource) as refused:
        raise Usage(Masker(settings.secrets())(str(refused)), 1) from None


def _wanted(settings: Settings) -> tuple[Wake, ...]:
    try:
        return wakes(settings.rules, labels_for)
    except Unlabelled as unlabelled:
        raise Usage(str(unlabelled), 1) from None


def _paste(matter: Matter, wanted: Sequence[Wake], *, apply: bool) -> int:
    if apply:
        told = "grafana.url and grafana.token are needed"
        told += ": a service account's, with the role Admin"
        raise Usage(f"{told}. Without --apply it prints what to type by hand", 1)
    assert matter.credential is not None
    print("\n".join(contact_point(matter.url, matter.credential)))
    print()
    print("\n".join(alert_rules(wanted)))
    return 0


def _connect(
    arguments: argparse.Namespace,
    settings: Settings,
    grafana: GrafanaSettings,
    wanted: Sequence[Wake],
) -> int:
    mask = Masker(settings.secrets())
    client = Grafana(grafana, mask)
    seen = client.look(tuple(dashboards()))
    url = settings.logs.url if isinstance(settings.logs, LokiLogs) else None
    changes = plan(
        Matter(seen=seen, settings=settings),
        wanted,
        loki_source(seen, url, arguments.datasource),
        dashboards(datasource=prometheus_source(seen)),
        point=arguments.contact_point,
        renew=arguments.renew_secret,
    )
    for change in changes:
        print(mask(f"{change.what}\n{change.diff}"), end="", flush=True)
        if arguments.apply:
            _make(client, change)
    print(_summary(changes, grafana.url, apply=arguments.apply))
    return 0


def _make(client: Grafana, change: GrafanaChange) -> None:
    client.send(change.method, change.path, change.body)
    print("  done", flush=True)


def _summary(changes: Sequence[GrafanaChange], url: str, *, apply: bool) -> str:
    if not changes:
        return f"nothing to change at {url}"
    number = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
    if apply:
        return f"{number} made at {url}; responder doctor looks at them"
    return f"{number} to make at {url}; nothing was written: add --apply"
