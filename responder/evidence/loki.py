"""Loki as a log source: range queries over kept-alive connections."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

from responder.config.settings import LokiLogs
from responder.evidence.lines import LineReader
from responder.evidence.loki_answer import (
    Entry,
    Refusal,
    decipher,
    decipher_count,
)
from responder.evidence.loki_http import LokiHttp
from responder.evidence.loki_session import AT_ONCE, base_url
from responder.incident.evidence import (
    Counted,
    Evidence,
    Question,
    Unreadable,
    to_ns,
)

__all__ = ["LIMIT", "LokiLogSource", "Refusal", "base_url", "decipher"]

LINKED = '|= "/support"'
"""What every line with a report link contains, slashes escaped (`\\/`) or not."""
LIMIT = 1000
"""Lines of one answer; exactly that many mean "at least"."""

_Found = tuple[Entry, ...] | int | Refusal


class LokiLogSource:
    """A LogSource that asks Loki. `settings.timeout` bounds each question as a whole.

    One object serves several threads. `close` gives up its connections and threads.
    The constructor raises ValueError for an address that is none (`http://[`).
    """

    def __init__(self, settings: LokiLogs, reader: LineReader) -> None:
        self._http = LokiHttp(settings)
        self._reader = reader
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="loki")

    def close(self) -> None:
        self._threads.shutdown()
        self._http.close()

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        """One answer for each question, in order, asked together. Never raises."""
        asked = [question for question in questions if question.since < question.until]
        exact = [question for question in asked if question.count_beyond > LIMIT]
        found = self._together(
            [partial(self._lines, question) for question in asked]
            + [partial(self._total, question) for question in exact]
        )
        lines = dict(zip(map(id, asked), found, strict=False))
        totals = dict(zip(map(id, exact), found[len(asked) :], strict=True))
        answers = [
            self._evidence(question, lines.get(id(question), ()), totals)
            for question in questions
        ]
        return self._with_links(questions, answers)

    def _with_links(
        self, questions: Sequence[Question], answers: Sequence[Evidence]
    ) -> tuple[Evidence, ...]:
        """The same answers; where the limit may hide links, with those lines too."""
        hiding = [
            (question, answer)
            for question, answer in zip(questions, answers, strict=True)
            if question.links and isinstance(answer, Counted) and _may_hide(answer)
        ]
        asking = [
            partial(self._lines, replace(q, query=f"{q.query}\n{LINKED}"))
            for q, _ in hiding
        ]
        found = self._together(asking) if asking else []
        revealed = {
            id(answer): self._revealed(question, answer, entries)
            for (question, answer), entries in zip(hiding, found, strict=True)
        }
        return tuple(revealed.get(id(answer), answer) for answer in answers)

    def _revealed(self, question: Question, answer: Counted, found: _Found) -> Evidence:
        further = self._evidence(question, found, {})
        if isinstance(further, Unreadable):
            return further
        linked = tuple(line for line in further.lines if line.links or line.foreign)
        return replace(answer, linked=linked)

    def _together(self, asking: Sequence[Callable[[], _Found]]) -> list[_Found]:
        if len(asking) == 1:
            return [asking[0]()]
        return list(self._threads.map(lambda ask: ask(), asking))

    def _evidence(
        self, question: Question, found: _Found, totals: dict[int, _Found]
    ) -> Evidence:
        total = totals.get(id(question))
        for answer in (found, total):
            if isinstance(answer, Refusal):
                return Unreadable(
                    name=question.name, reason=answer.reason, detail=answer.detail
                )
        entries = found if isinstance(found, tuple) else ()
        # What lies outside the range must never count, whatever a proxy answers.
        since, until = to_ns(question.since), to_ns(question.until)
        return Counted(
            name=question.name,
            lines=tuple(
                self._reader.read(at_ns, text)
                for at_ns, text in entries
                if since <= at_ns < until
            ),
            since=question.since,
            until=question.until,
            at_least=len(entries) >= LIMIT,
            total=total if isinstance(total, int) else None,
        )

    def _lines(self, question: Question) -> tuple[Entry, ...] | Refusal:
        asked = {
            "query": question.query,
            "start": str(to_ns(question.since)),
            "end": str(to_ns(question.until)),
            "limit": str(LIMIT),
            "direction": "backward",
        }
        answer = self._http.ask("query_range", asked)
        return (
            answer
            if isinstance(answer, Refusal)
            else decipher(*answer, self._http.mask)
        )

    def _total(self, question: Question) -> int | Refusal:
        span = _duration(question.until - question.since)
        # The line break ends a comment in the query. The range of an instant query
        # is (time - range, time]: one nanosecond makes it [since, until).
        asked = {
            "query": f"sum(count_over_time({question.query}\n[{span}])) or vector(0)",
            "time": str(to_ns(question.until) - 1),
        }
        answer = self._http.ask("query", asked)
        if isinstance(answer, Refusal):
            return answer
        return decipher_count(*answer, self._http.mask)


def _may_hide(answer: Counted) -> bool:
    """Whether older lines than these may hold the link that none of these has."""
    return answer.at_least and not any(line.links for line in answer.lines)


def _duration(span: timedelta) -> str:
    """A LogQL duration, never longer than the span: the floor must hold."""
    milliseconds = span // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{milliseconds}ms" if rest else f"{seconds}s"
