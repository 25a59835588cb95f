"""Events to JSON and back, told apart by `event`."""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticSerializationError

from responder.incident.alert import AlertVerdict
from responder.incident.events import Event

_EVENT: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="event")],
    config=ConfigDict(hide_input_in_errors=True),
)
_VERDICTS: TypeAdapter[tuple[AlertVerdict, ...]] = TypeAdapter(
    tuple[AlertVerdict, ...], config=ConfigDict(hide_input_in_errors=True)
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def encode(event: Event) -> str:
    """The event as JSON. U+0000 and lone surrogates become U+FFFD."""
    try:
        text = _EVENT.dump_json(event).decode()
    except PydanticSerializationError:
        return _EVENT.dump_json(_storable(event)).decode()
    if "\\u0000" in text:
        return _EVENT.dump_json(_storable(event)).decode()
    return text


def decode(text: str) -> Event:
    """The event of this JSON. Raises pydantic's `ValidationError`, inputs hidden."""
    return _EVENT.validate_json(text)


def public(event: Event) -> dict[str, Any]:
    """The event as the API shows it: JSON values, `at` and `event` among them."""
    shown: dict[str, Any] = json.loads(encode(event))
    return shown


def encode_verdicts(verdicts: tuple[AlertVerdict, ...]) -> list[dict[str, Any]]:
    """Verdicts as JSON values."""
    # By hand: a group of 10,000 alerts has to be stored within a fraction of a second.
    return [
        {
            "fingerprint": storable(found.fingerprint),
            "verdict": found.verdict.value,
            "incident": found.incident,
            "rule": found.rule,
            "why": storable(found.why),
        }
        for found in verdicts
    ]


def decode_verdicts(values: object) -> tuple[AlertVerdict, ...]:
    # JSON mode is not needed: the values are plain, and enums take their text.
    return _VERDICTS.validate_python(values)


def storable(text: str) -> str:
    """The text without what no database takes."""
    return _UNSTORABLE.sub("�", text)


def _storable(value: Any) -> Any:
    """The same value with every text in it made storable."""
    if type(value) is str:
        return storable(value)
    if isinstance(value, tuple):
        return tuple(_storable(part) for part in value)
    if isinstance(value, Mapping):
        return {storable(key): _storable(part) for key, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        parts = {f.name: _storable(getattr(value, f.name)) for f in fields}
        return dataclasses.replace(value, **parts)
    return value
