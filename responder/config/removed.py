"""Settings that earlier versions had: each is refused by name, never ignored."""

from collections.abc import Iterator, Mapping

from responder.config.document import Tree
from responder.config.problem import Path, Problem, problem

REMOVED: Mapping[str, str] = {
    "grafana.pull": "set rules[].watch, as in 10s: it needs no alert at all",
    "logs.type=embedded": "point it at a Loki: {type: loki, url: http://loki:3100}; "
    "`responder demo` brings a small one of its own",
    "logs.push_auth": "push lines to the Loki that logs.url names",
    "logs.keep": "the Loki that logs.url names keeps its lines itself",
    "logs.max_size": "the Loki that logs.url names keeps its lines itself",
    "logs.push": "remove it: a drill writes no log lines",
    "rules[].on_unreadable": "remove it: a person is called when the logs cannot be "
    "read for unreadable_for",
}
"""What to do instead, in the imperative, by the setting's path as docs/configuration.md
writes it: `rules[].mode` for one of each rule. `logs.type=embedded` removes one value
of a setting that remains."""


def take_removed(tree: Tree) -> Iterator[Problem]:
    """Take removed settings out of the tree; a problem for each."""
    for path, instead in REMOVED.items():
        key, _, value = path.partition("=")
        yield from _take(tree, tuple(key.split(".")), value, (), instead)


def _take(
    found: object, keys: tuple[str, ...], value: str, at: Path, instead: str
) -> Iterator[Problem]:
    if not isinstance(found, dict):
        return
    key, rest = keys[0].removesuffix("[]"), keys[1:]
    if rest:
        inner = found.get(key)
        if keys[0].endswith("[]"):
            for i, item in enumerate(inner if isinstance(inner, list) else ()):
                yield from _take(item, rest, value, (*at, key, i), instead)
        else:
            yield from _take(inner, rest, value, (*at, key), instead)
    elif key in found and value in ("", found[key]):
        del found[key]
        yield problem((*at, key), "was removed", instead, value or "***")
