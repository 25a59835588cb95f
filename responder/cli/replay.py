"""`responder replay`: play incidents again with today's configuration."""

import argparse
import json
import sys
import time
from datetime import timedelta

from responder.cli.common import Usage, add_config, settings_or_refuse
from responder.cli.replay_files import add_files, decide, find, options
from responder.cli.replay_output import (
    DecidedBody,
    ReplayedCassette,
    as_json,
    decision_text,
    failure,
    failures,
    json_values,
    judge,
    judged_text,
    masked,
)
from responder.config.checks import Purpose
from responder.config.problem import ConfigError
from responder.config.settings import Settings, duration
from responder.incident.names import Decision
from responder.masking import Masker
from responder.replay.cassette import Cassette, Expect
from responder.replay.judge import NOT_REPORTED, REPORTED, expected
from responder.replay.play import Progress, play

NAME = "replay"
HELP = "live recorded incidents through again; never calls the factory"
EXAMPLES = """examples:
  responder replay cassettes/ --config responder.yaml
  responder replay cassettes/2025-04-07-factory-500.yaml --expect reported --within 5s
  responder replay --config responder.yaml --errors 14 firing.json
  responder replay --unreadable --json firing.json resolved.json
  responder sample grafana --rule pizza-factory | responder replay --errors 0 -
A cassette brings its own logs, factory and expectation; hours pass in milliseconds,
and no socket is opened. For a bare webhook body the decision is shown; its logs are
supposed by --errors or --unreadable, else Loki is asked as configured.
Each failure is one line on standard error that names its file and its alert.
Exit status: 0 as expected (bodies: decided), 1 not as expected or a body that the
service would refuse, 2 wrong usage, or a file or configuration that cannot be read."""
TELL_EVERY = 5.0
"""Seconds of a long replay between two words on how far it is."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_files(
        parser,
        "a cassette, a webhook body, or a directory of them; - reads one from stdin",
    )
    options(parser)
    parser.add_argument(
        "--expect",
        metavar="WORDS",
        help=f"in place of the cassette's own expectation: {REPORTED}, {NOT_REPORTED} "
        "or states it must pass through, with commas between",
    )
    parser.add_argument(
        "--within",
        type=_within,
        metavar="TIME",
        help="the first call must come so soon after the first webhook, as 5s",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Replay, print, and say by the exit status whether all is as expected."""
    expect = _expectation(arguments)
    settings = settings_or_refuse(arguments, Purpose.REPLAY, status=2)
    found = find(arguments.files, settings.server.max_body)
    judged = [
        play_one(file, cassette, settings, expect) for file, cassette in found.cassettes
    ]
    heard = None
    if found.bodies or not judged:
        heard = decide(arguments, settings, found.bodies)
    _show(arguments, settings, judged, heard)
    failed = [line for one in judged for line in failures(one)]
    if heard:
        failed += [f"failed: {name}: refused: {why}" for name, why in heard.refused]
        failed += _otherwise(heard, expect)
    mask = Masker(settings.secrets())
    for line in failed:
        print(mask(line), file=sys.stderr)
    return 1 if failed else 0


def play_one(
    file: str, cassette: Cassette, settings: Settings, expect: Expect | None = None
) -> ReplayedCassette:
    """One cassette, judged by `expect` or else by its own expectation."""
    began = time.monotonic()
    played = play(cassette, settings, progress(cassette.name, began))
    seconds = time.monotonic() - began
    return judge(file, played, expect or cassette.expect, seconds)


def progress(name: str, began: float) -> Progress:
    """Tells on standard error how far a replay is that takes long."""
    told = began

    def tell(done: timedelta, end: timedelta) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            share = min(done / end, 1.0) if end else 1.0
            print(f"{name}: {share:.0%} of {end}", file=sys.stderr, flush=True)

    return tell


def _show(
    arguments: argparse.Namespace,
    settings: Settings,
    judged: list[ReplayedCassette],
    heard: DecidedBody | None,
) -> None:
    mask = Masker(settings.secrets())
    if arguments.json:
        found = json_values(heard, mask) if heard else {}
        if judged:
            shown = [as_json(one) for one in judged]
            found |= {"cassettes": masked(shown, mask)}
        print(json.dumps({"config_sha": settings.sha, **found}, indent=2))
        return
    for one in judged:
        print(mask(judged_text(one)))
    if heard:
        print(decision_text(heard, mask))
    if judged:
        fine = sum(1 for one in judged if one.fine)
        print(
            f"{fine} of {len(judged)} as expected, configuration {settings.sha}, "
            f"{sum(one.seconds for one in judged):.1f} s"
        )


def _expectation(arguments: argparse.Namespace) -> Expect | None:
    if not arguments.expect and arguments.within is None:
        return None
    words = [w.strip() for w in (arguments.expect or "").split(",") if w.strip()]
    try:
        return expected(words, arguments.within)
    except ValueError as problem:
        raise Usage(f"--expect: {problem}") from None


def _otherwise(heard: DecidedBody, expect: Expect | None) -> list[str]:
    """A line for each bare body that was not decided as expected."""
    if expect is None:
        return []
    if expect.passes or expect.within is not None:
        told = "a body alone tells only whether it is reported"
        raise Usage(f"--expect: {told}; what comes after takes a cassette")
    incidents = heard.replay.incidents
    called = [i for i, one in incidents.items() if one.decision is Decision.REPORT]
    if bool(called) is expect.reported:
        return []
    withheld = [
        one.rule for one in incidents.values() if one.decision is Decision.WITHHOLD
    ]
    if called:
        told = "a report is decided"
    elif withheld:
        mode = f"rule {withheld[0].name} is in mode {withheld[0].mode}"
        told = f"no report is decided: {mode}, which calls nothing"
    else:
        told = "no report is decided"
    files = {name for name, verdict in heard.alerts if verdict.incident in called}
    return [
        failure(name, alerts, told)
        for name, alerts in heard.names.items()
        if name in files or not called
    ]


def _within(text: str) -> timedelta:
    try:
        return duration(text)
    except ConfigError as problem:
        told = f"{text!r} {problem}: {problem.remedy}"
        raise argparse.ArgumentTypeError(told) from None
