"""Cassettes for tests, and settings to replay them on."""

from pathlib import Path

from responder.config import load as config
from responder.config.checks import Purpose
from responder.config.document import DEFAULT_TEXT, Document
from responder.config.settings import Settings
from responder.logs.query import parse_logql
from responder.replay.cassette import Cassette, load
from responder.replay.play import Played, play

SHIPPED = sorted((Path(__file__).parent.parent / "cassettes").glob("*.yaml"))
START = "2026-11-03T09:00:00Z"


def settings_of(text: str = DEFAULT_TEXT) -> Settings:
    """The settings of a document; the built-in ones if none is given."""
    loaded = config.load(
        Document(text=text, origin="test"),
        purpose=Purpose.REPLAY,
        parse_query=parse_logql,
    )
    assert loaded.settings, loaded.problems
    return loaded.settings


def shipped(name: str) -> Cassette:
    """One of the cassettes that come with Responder."""
    (file,) = (file for file in SHIPPED if file.stem == name)
    return load(file.read_text("utf-8"))


def replayed(name: str, text: str = DEFAULT_TEXT) -> Played:
    return play(shipped(name), settings_of(text))


def changed(*swaps: tuple[str, str]) -> str:
    """The built-in configuration with some of its text changed."""
    text = DEFAULT_TEXT
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    return text
