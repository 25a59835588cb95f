"""JSON log lines: one per record, UTC, and no secret in any of them."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

Masking = Callable[[str], str]


class MaskedJson(JsonFormatter):
    """A record as one line of JSON: timestamp, level, logger, message, extras.

    Texts are masked before they are written as JSON, because escaping could hide a
    secret from the masker, and the finished line once more, because an extra may be
    any object. Line breaks stay escaped: a value cannot forge a line.
    """

    def __init__(self, masker: Masking) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
        )
        self._masker = masker

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {key: self._masked(value) for key, value in log_data.items()}

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        masked = self._masker(line)
        return masked if masked == line else _one_line(masked)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._masker(value)
        if isinstance(value, Mapping):
            return {
                self._masked(key): self._masked(item) for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked(item) for item in value]
        return value


def _one_line(masked: str) -> str:
    """The line if masking left it whole, else the little that is safe to say."""
    try:
        json.loads(masked)
    except ValueError:
        return json.dumps({"level": "ERROR", "message": "log line masked"})
    return masked


class _Quiet(logging.StreamHandler[TextIO]):
    """Drops a line that cannot be written, as when the reader of our output left.

    The inherited one writes a trace to standard error, with the unmasked record.
    """

    def handleError(self, record: logging.LogRecord) -> None:
        return


def configure(stream: TextIO, masker: Masking, level: str | int = "INFO") -> None:
    """Send every record of this process to `stream`; replaces earlier handlers.

    The libraries below write addresses and request lines at finer levels.
    """
    handler = _Quiet(stream)
    handler.setFormatter(MaskedJson(masker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("waitress", "werkzeug", "urllib3", "sqlalchemy"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.WARNING)
        library.propagate = True
    # Says at every burst how deep its queue is; the histogram tells that better.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
