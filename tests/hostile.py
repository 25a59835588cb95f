"""Hostile input: a corpus of files, and good documents with something wrong in them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
CANARY = "CANARY-secret"

Place = tuple[str | int, ...]


def corpus(name: str) -> list[Path]:
    """The files for one parser; each is named after what is wrong with it."""
    found = sorted((CORPUS / name).iterdir())
    assert found, f"no corpus for {name}"
    return found


def nested(levels: int) -> Any:
    """Lists in lists."""
    whole: Any = []
    for _ in range(levels - 1):
        whole = [whole]
    return whole


TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "",
        "\0",
        "\ud800",
        "\u202e\u2028\r\n\x1b[2J",
        f"{CANARY}-1",
        "<script>",
        "9" * 5000,
        "x" * 70_000,
        "1e999",
        "NaN",
        "2026-11-05T16:42:10Z",
    ]
)
JUNK: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**30)
    | st.floats()
    | TEXTS
    | st.lists(TEXTS, max_size=2)
    | st.dictionaries(TEXTS, TEXTS, max_size=2)
    | st.sampled_from([[], {}, [[]], {"": {}}, [None]])
    | st.builds(nested, st.sampled_from([90, 200, 900]))
)


def places(document: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document, the whole first."""
    yield at
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*at, key))
    if isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*at, index))


def changed(document: Any, at: Place, value: Any) -> Any:
    """A copy of the document with another value at one place."""
    if not at:
        return value
    key, *rest = at
    if isinstance(document, dict):
        return {
            k: changed(v, tuple(rest), value) if k == key else v
            for k, v in document.items()
        }
    return [
        changed(v, tuple(rest), value) if n == key else v
        for n, v in enumerate(document)
    ]


def with_something_wrong(document: Any) -> st.SearchStrategy[tuple[Place, Any]]:
    """One place of the document, and the document with junk there."""
    return st.tuples(st.sampled_from(list(places(document))), JUNK).map(
        lambda chosen: (chosen[0], changed(document, *chosen))
    )


def wire(document: Any) -> bytes:
    """A document as hostile JSON: NaN and lone surrogates stay what they are."""
    return json.dumps(document).encode()


def written(place: Place) -> str:
    """A place as refusals name it: `alerts[0].labels`."""
    text = ""
    for key in place:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def blames(refusal: str, place: Place) -> bool:
    """Whether a refusal names the place, something in it, or what holds it."""
    named, expected = refusal.partition(": ")[0], written(place)
    return named.startswith(expected) or expected.startswith(named)
