"""`responder doctor`: what is wrong with a deployment, why, and how it is fixed."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from responder.cli.common import (
    Usage,
    add_config,
    document_of,
    require_written,
    seconds,
)
from responder.config import load
from responder.config.addresses import public_url, reachable, written
from responder.config.checks import Purpose
from responder.config.load import Loaded
from responder.config.problem import ConfigError, Problem
from responder.config.settings import Settings
from responder.doctor.checks import (
    Asking,
    HealthAnswers,
    LokiProbe,
    Reached,
    judge_factory,
    judge_logs,
    judge_public,
    visit,
)
from responder.doctor.checks import judge_token as judge_log_token
from responder.doctor.connect import every
from responder.doctor.findings import Finding, Level, note, ok, problem, warning
from responder.doctor.grafana import Grafana, GrafanaError, Matter, judge, judge_token
from responder.logs.query import parse_logql
from responder.masking import Masker

# Gather the facts that `doctor` checks, and pass each to its check.

_AGAIN = 5
"""How often the public address is asked: a replica may answer for another."""


class Examiner:
    """Everything that a deployment can be asked. `pause` waits so many seconds."""

    def __init__(
        self,
        settings: Settings,
        mask: Masker,
        now: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._mask = mask
        self._now = now
        self._pause = pause
        self._every: timedelta | None = None

    def public(self, server: str) -> Iterator[Finding]:
        """Our address, as the world and as this machine reach it."""
        url = self._settings.server.public_url
        own = visit(f"{server}/-/healthy")
        instance = own.instance if isinstance(own, Reached) else ""
        public = []
        for _ in range(_AGAIN if url else 0):
            public.append(visit(f"{str(url).rstrip('/')}/-/healthy"))
            last = public[-1]
            if not isinstance(last, Reached) or last.instance in ("", instance):
                break
        shared = self._settings.storage_file() is None
        yield from judge_public(
            HealthAnswers(
                public_url=url, server=server, own=own, public=public, shared=shared
            )
        )

    def grafana(self) -> Iterator[Finding]:
        """Grafana's contact points, policies and rules."""
        grafana = self._settings.grafana
        if grafana is None:
            yield note(
                "grafana.settings",
                "grafana is not configured: nothing is known of its contact points",
                "most of what goes wrong goes wrong there",
                'grafana: {url: "https://name.grafana.net", token: "${GRAFANA_TOKEN}"}',
            )
            return
        found = [*judge_token(grafana)]
        yield from found
        if found:
            return
        try:
            seen = Grafana(grafana, self._mask).look()
        except GrafanaError as refused:
            yield problem(
                "grafana.api",
                str(refused),
                "nothing can be read of Grafana, so nothing is known of it",
                'grafana: {url: "https://name.grafana.net", token: "${GRAFANA_TOKEN}"}'
                "   # a service account's, with the role Admin",
            )
            return
        matter = Matter(seen=seen, settings=self._settings)
        asked = [seen.intervals[rule.folder, rule.group] for rule in matter.feeding]
        self._every = min((one for one in asked if one), default=None)
        yield from judge(matter)

    def logs(self, watch: float) -> Iterator[Finding]:
        """The log source; waits at most `watch` seconds for a new line."""
        logs = self._settings.logs
        if logs is None:
            return  # The configuration's own finding.
        found = [*judge_log_token(logs)]
        yield from found
        if found:
            return
        probe = LokiProbe(logs, self._now, self._pause)
        try:
            facts = probe.facts(self._settings.rules, watch)
        finally:
            probe.close()
        cloud = ".grafana.net" in logs.url
        asking = Asking(
            rules=self._settings.rules, every=self._every or every(cloud), cloud=cloud
        )
        yield from judge_logs(facts, logs, asking)

    def factory(self) -> Iterator[Finding]:
        """The factory's first page: nothing that could be a report."""
        url = self._settings.factory.url
        yield from judge_factory(url, visit(f"{url}/"), self._now())


# Findings as people and as programs read them.

_SIGNS = {
    Level.OK: "ok     ",
    Level.NOTE: "note   ",
    Level.WARNING: "warning",
    Level.PROBLEM: "PROBLEM",
}
_ORDER = (Level.PROBLEM, Level.WARNING, Level.NOTE, Level.OK)


def as_text(findings: Sequence[Finding]) -> str:
    """The worst last, where the eye is; then one line of counts."""
    lines = [
        line
        for level in reversed(_ORDER)
        for one in findings
        if one.level is level
        for line in _lines(one)
    ]
    return "\n".join([*lines, _total(findings)])


def as_json(findings: Sequence[Finding]) -> str:
    """`{problems, warnings, findings: [{check, level, says, why, mend}]}`."""
    counts = Counter(one.level for one in findings)
    document = {
        "problems": counts[Level.PROBLEM],
        "warnings": counts[Level.WARNING],
        "findings": [asdict(one) for one in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _lines(one: Finding) -> list[str]:
    lines = [f"{_SIGNS[one.level]}  {one.says}"]
    if one.why:
        lines.append(f"         why   {one.why}")
    if one.mend:
        lines.append(f"         mend  {one.mend}")
    return lines


def _total(findings: Sequence[Finding]) -> str:
    counts = Counter(one.level for one in findings)
    named = (
        (counts[Level.PROBLEM], "problem"),
        (counts[Level.WARNING], "warning"),
        (counts[Level.NOTE], "note"),
    )
    told = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in named]
    return f"{', '.join(told)}; {counts[Level.OK]} as they should be"


NAME = "doctor"
HELP = "say what is wrong with a deployment, and the line that mends it"
EXAMPLES = """examples:
  responder doctor --config responder.yaml
  responder doctor --config responder.yaml --json     for your CI
  responder doctor --server http://10.0.0.7:8080      asks the one that runs there
It asks the public address, the logs, the factory's first page and, with `grafana:`,
Grafana's provisioning API. It changes nothing and calls no report link.
Exit status: 0 no problem (warnings and notes are no problems), 1 any problem."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--server",
        metavar="URL",
        help="where the service answers directly (default: the configured port here)",
    )
    parser.add_argument(
        "--watch",
        type=seconds,
        default=15.0,
        metavar="SECONDS",
        help="how long to wait for a new log line, to see how late it is (default: 15)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="wait for no new log line at all"
    )


def run(arguments: argparse.Namespace) -> int:
    """Examine everything; 1 if there is any problem."""
    require_written(arguments)
    document = document_of(arguments)
    loaded = load.load(document, purpose=Purpose.SERVE, parse_query=parse_logql)
    host, port = load.listening(document, parse_logql)
    server = _server(arguments.server) or f"http://{written(reachable(host), port)}"
    findings = [*_configuration(loaded)]
    if loaded.settings:
        watch = 0.0 if arguments.quick else arguments.watch
        findings += _examined(loaded.settings, server, watch)
    told = as_json(findings) if arguments.json else as_text(findings)
    print(told)
    return int(any(one.level is Level.PROBLEM for one in findings))


def _server(given: str | None) -> str:
    if not given:
        return ""
    try:
        return public_url(given)
    except ConfigError as refused:
        raise Usage(f"--server {refused}: {refused.remedy}") from None


def _examined(settings: Settings, server: str, watch: float) -> Iterator[Finding]:
    """Ask one after the other, saying so; no secret is in what comes out."""
    mask = Masker(settings.secrets())
    examiner = Examiner(settings, mask, lambda: datetime.now(UTC))
    asking: tuple[tuple[str, Iterator[Finding]], ...] = (
        (f"the public address, and {server}", examiner.public(server)),
        ("Grafana", examiner.grafana()),
        ("the logs", examiner.logs(watch)),
        ("the factory", examiner.factory()),
    )
    for what, found in asking:  # each asks only when it is taken from
        print(f"asking {what} …", file=sys.stderr, flush=True)
        for one in found:
            yield Finding(
                check=one.check,
                level=one.level,
                says=mask(one.says),
                why=mask(one.why),
                mend=mask(one.mend),
            )


def _configuration(loaded: Loaded) -> Iterator[Finding]:
    for one in loaded.problems:
        yield problem(
            "configuration", _said(one), "serve refuses to start", _remedy(one)
        )
    for one in loaded.warnings:
        yield warning(
            "configuration", _said(one), "serve starts all the same", _remedy(one)
        )
    if loaded.settings and not loaded.warnings:
        yield ok("configuration", f"configuration {loaded.settings.sha} is valid")


def _said(one: Problem) -> str:
    got = f" (got {one.value})" if one.value else ""
    return f"{one.path} {one.message}{got}"


def _remedy(one: Problem) -> str:
    return f"{one.path}: {one.remedy}"
