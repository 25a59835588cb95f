"""What `doctor` asks of Loki: streams, labels, how late lines come, how much there is.

Queries show lines to nobody: only times and sizes are kept.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.config.settings import LokiLogs
from responder.evidence import selector
from responder.evidence.loki_answer import Entry, Refusal, decipher
from responder.evidence.loki_http import LokiHttp
from responder.incident.evidence import to_ns
from responder.incident.rule import Rule

DAY = timedelta(days=1)
_LOOK_EVERY = 1.0
_NANO = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What one selector finds in the last day."""

    check: str
    """The rule and the check, as `pizza-factory/error-logs`."""
    selector: str
    found: bool | Refusal
    label: str = ""
    values: tuple[str, ...] = ()
    """What its first label is elsewhere, where nothing was found."""
    size: int | None = None
    """Bytes of its streams in the last day; None where Loki does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    streams: tuple[Streams, ...]
    late: timedelta | None = None
    """How old a line was when it could first be read; None: no new one came."""
    watched: float = 0.0
    """Seconds that a new line was waited for."""


class LokiProbe:
    """Asks one Loki. `now` and `pause` are the clock and how to wait."""

    def __init__(
        self,
        settings: LokiLogs,
        now: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        self._http = LokiHttp(settings)
        self._now = now
        self._pause = pause

    def close(self) -> None:
        self._http.close()

    def facts(self, rules: Sequence[Rule], watch: float) -> LogFacts:
        """Everything; waits at most `watch` seconds for a new line. Never raises."""
        named = {
            selector_of(check.query): f"{rule.name}/{check.name}"
            for rule in reversed(rules)
            for check in reversed(rule.checks)
        }
        streams = tuple(self._streams(text, name) for text, name in named.items())
        found = [one.selector for one in streams if one.found is True]
        late = self._late(found, watch) if found and watch else None
        return LogFacts(streams=streams, late=late, watched=watch if found else 0.0)

    def _streams(self, text: str, check: str) -> Streams:
        lines = self._newest(text)
        found = lines if isinstance(lines, Refusal) else bool(lines)
        label = text[1:].partition("=")[0].rstrip("!~")
        missing = found is False
        return Streams(
            check=check,
            selector=text,
            found=found,
            label=label,
            values=self._values(label) if missing else (),
            size=self._size(text) if found is True else None,
        )

    def _newest(self, text: str) -> tuple[Entry, ...] | Refusal:
        """The newest line of the last day, none, or why neither can be told."""
        now = self._now()
        asked = {
            "query": text,
            "start": str(to_ns(now - DAY)),
            "end": str(to_ns(now + timedelta(minutes=10))),
            "limit": "1",
            "direction": "backward",
        }
        answer = self._http.ask("query_range", asked)
        if isinstance(answer, Refusal):
            return answer
        return decipher(*answer, self._http.mask)

    def _late(self, selectors: Sequence[str], watch: float) -> timedelta | None:
        """How old the next new line of any is when first seen; None if none comes."""
        first = self._newest_ns(selectors)
        waited = 0.0
        while waited < watch:
            self._pause(_LOOK_EVERY)
            waited += _LOOK_EVERY
            seen = self._newest_ns(selectors)
            if seen > first:
                age = (to_ns(self._now()) - seen) / _NANO
                return timedelta(seconds=age)
        return None

    def _newest_ns(self, selectors: Sequence[str]) -> int:
        """The time of the newest line of them all, 0 where none can be read."""
        newest = map(self._newest, selectors)
        read = (lines for lines in newest if isinstance(lines, tuple))
        return max((at_ns for lines in read for at_ns, *_ in lines), default=0)

    def _values(self, label: str) -> tuple[str, ...]:
        found = self._document(f"label/{label}/values", {})
        known = found.get("data")
        texts = known if isinstance(known, list) else []
        return tuple(one for one in texts if isinstance(one, str))

    def _size(self, text: str) -> int | None:
        """Bytes by Loki's index. It answers 0 for what is not flushed: not known."""
        size = self._document("index/stats", {"query": text}).get("bytes")
        if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
            return None
        return size

    def _document(self, path: str, asked: dict[str, str]) -> dict[str, object]:
        now = self._now()
        span = {"start": str(to_ns(now - DAY)), "end": str(to_ns(now))}
        answer = self._http.ask(path, {**asked, **span})
        if isinstance(answer, Refusal) or answer[0] != 200:
            return {}
        try:
            found = json.loads(answer[2])
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def selector_of(query: str) -> str:
    """The stream selector of a query that was accepted, written anew."""
    matchers = selector.parse(query).matchers
    inside = (f"{m.label}{m.op}{json.dumps(m.value)}" for m in matchers)
    return "{" + ", ".join(inside) + "}"
