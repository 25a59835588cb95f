"""Replay a cassette in a test: what became of it, and a message that says why."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from responder.app.expected import expected, unmet
from responder.app.played import Played
from responder.app.stage import play
from responder.cassette.files import load
from responder.cassette.schema import Cassette
from responder.cli.lived import as_text, judge
from responder.config import load as config
from responder.config.durations import duration
from responder.config.load import Purpose
from responder.config.settings import Settings
from responder.evidence import selector
from responder.masking import Masker


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to. `str` of it is the timeline with its reasons."""

    played: Played
    settings: Settings

    @property
    def states(self) -> list[str]:
        """The last state of each incident, in the order they opened."""
        return [str(lived.incident.state) for lived in self.played.incidents]

    @property
    def calls(self) -> list[str]:
        """The links that were called, by their names in the cassette."""
        return list(self.played.calls)

    @property
    def reported(self) -> bool:
        return bool(self.played.calls)

    def expect(self, words: str = "", *, within: str | None = None) -> "Replayed":
        """Assert `reported`, `not-reported` or states that it passed through.

        `words` has commas between; without any, the cassette's own expectation. Raises
        AssertionError with the timeline.
        """
        wanted = self.played.cassette.expect
        if words or within:
            listed = [word.strip() for word in words.split(",") if word.strip()]
            wanted = expected(listed, duration(within) if within else None)
        if unmet(self.played, wanted):
            shown = as_text(judge("cassette", self.played, wanted, 0.0))
            raise AssertionError(Masker(self.settings.secrets())(shown))
        return self

    def __str__(self) -> str:
        shown = judge("cassette", self.played, self.played.cassette.expect, 0.0)
        return Masker(self.settings.secrets())(as_text(shown))

    __repr__ = __str__


def replay(
    cassette: str | Path | Cassette,
    configuration: str | Path | None = None,
    env: Mapping[str, str] = os.environ,
) -> Replayed:
    """Live a cassette through, and assert what it expects of itself.

    Both are files; without a configuration RESPONDER_CONFIG or the built-in one is
    used. Raises AssertionError with the timeline, `BadCassette`, OSError, or
    ValueError with every problem of the configuration.
    """
    if not isinstance(cassette, Cassette):
        cassette = load(Path(cassette).read_text("utf-8"))
    settings = settings_from(configuration, env)
    return Replayed(play(cassette, settings), settings).expect()


def settings_from(
    configuration: str | Path | None = None, env: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of a file. Raises ValueError with every problem of it."""
    named = None if configuration is None else str(configuration)
    loaded = config.load(
        config.read(named, env), purpose=Purpose.REPLAY, parse_query=selector.parse
    )
    if loaded.settings is None:
        raise ValueError("\n".join(str(problem) for problem in loaded.problems))
    return loaded.settings
