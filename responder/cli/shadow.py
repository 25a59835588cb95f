"""`responder shadow`: what rules in shadow would have done, against what people did."""

import argparse
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from responder.app.tried import on_trial
from responder.cli import switch, trial
from responder.cli.configured import Usage, document_of, settings_or_refuse
from responder.cli.trial import Tried
from responder.config.load import Purpose
from responder.config.settings import Settings
from responder.masking import Masker

NAME = "shadow"
HELP = "what rules in shadow or veto have shown, and whether they are safe to automate"
EXAMPLES = f"""examples:
  responder shadow
  responder shadow --server https://responder.example.net --json
  responder shadow cassettes/ --config responder.yaml
{switch.WHO}
With cassettes it lives through each as if the rule were automatic, without a socket,
and then tells the service what came of it. They count as long as the service runs that
configuration. It suggests; people promote a rule, by its `mode` in the configuration.
Exit status: 0 told; 1 no answer or a refusal, a cassette that is not as expected, or
one that does not count because the service runs another configuration; 2 wrong usage,
or a file or configuration that cannot be read."""
_NONE = "no rule is in shadow or veto"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="CASSETTE", help="or directories")
    switch.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each rule that is not automatic yet."""
    if arguments.files:
        return _try(arguments)
    rules = _rules(switch.look(arguments, "/api/shadow"))
    if arguments.json:
        print(json.dumps({"rules": rules}, indent=2))
    else:
        print("\n".join(map(_line, rules)) or _NONE)
    return 0


def _try(arguments: argparse.Namespace) -> int:
    """Live through the cassettes, tell the service, and print what both say."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY, status=2)
    names, tried = on_trial(settings), list[Tried]()
    mask = Masker(settings.secrets())
    if not names:
        told = f"{_NONE} in {document_of(arguments).origin}"
        raise Usage(f"{told}; for automatic rules there is responder replay")
    for one in trial.tried_on(arguments.files, settings, names):
        tried.append(one)
        if not arguments.json:
            print(mask(trial.as_text(one)), flush=True)
    fine = all(one.fine for one in tried)
    if not arguments.json:
        print(_total(tried, settings))
    rules, trouble = _tell(arguments, settings, names, tried)
    if arguments.json:
        shown = [trial.as_json(one) for one in tried]
        found = {"config_sha": settings.sha, "cassettes": shown, "rules": rules}
        print(mask(json.dumps(found, indent=2)))
    else:
        print("".join(f"{_line(rule)}\n" for rule in rules or ()), end="")
    if trouble is not None:
        raise Usage(f"the service does not count this: {trouble}", trouble.status)
    return 0 if fine else 1


def _tell(
    arguments: argparse.Namespace,
    settings: Settings,
    names: Sequence[str],
    tried: Sequence[Tried],
) -> tuple[list[dict[str, Any]] | None, Usage | None]:
    """What the service then says of each rule, None if it was not told of all."""
    rules = []
    for name in names:
        path = f"/api/shadow/{quote(name, safe='')}/cassettes"
        try:
            answer = switch.ask(
                arguments, path, trial.body_for(name, settings.sha, tried)
            )
            rules.append(_understood(answer))
        except Usage as trouble:
            return None, trouble
    if not all((rule.get("cassettes") or {}).get("counts") for rule in rules):
        told = f"it runs another configuration than {document_of(arguments).origin}"
        return rules, Usage(f"{told} ({settings.sha})", 1)
    return rules, None


def _total(tried: Sequence[Tried], settings: Settings) -> str:
    held = [one for one in tried if one.judged is not None]
    fine = sum(1 for one in held if one.fine)
    seconds = sum(one.judged.seconds for one in held if one.judged)
    return (
        f"{fine} of {len(held)} as expected, configuration {settings.sha}, "
        f"{seconds:.1f} s"
    )


def _line(rule: dict[str, Any]) -> str:
    return f"{rule['rule']}: {rule['sentence']}"


def _rules(answer: Any) -> list[dict[str, Any]]:
    try:
        rules: list[dict[str, Any]] = answer.json()["rules"]
        told = all(isinstance(_line(rule), str) for rule in rules)
    except (ValueError, KeyError, TypeError):
        told = False
    if not told:
        raise Usage(_STRANGER, 1)
    return rules


def _understood(answer: Any) -> dict[str, Any]:
    try:
        rule: dict[str, Any] = answer.json()
        told = isinstance(rule["rule"] + rule["sentence"], str)
    except (ValueError, KeyError, TypeError):
        told = False
    if not told:
        raise Usage(_STRANGER, 1)
    return rule


_STRANGER = "the answer is not of a Responder; is --server right?"
