"""The house rules that a program can hold: sizes, names, and what no file may say."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "responder").rglob("*.py"))

FUNCTION_LINES = 40
POOR_NAME = re.compile(
    r"(?:^|_)(?:utils?|helpers?|manager)(?:_|$)|^_?(?:process|handle)_"
)
# Names that a library calls: python-json-logger's and socketserver's.
OVERRIDDEN = {
    "process_log_record",
    "handle_accept",
    "handle_close",
    "handle_error",
    "handle_expt",
    "handle_write",
}
POOR_CLASS = re.compile(r"(?:Utils?|Helpers?|Manager)$")

# Written so that this file does not contain what it looks for.
ELSEWHERE = re.compile(
    r"(?<![\w.])/(?:[w]ork|[r]oot|[h]ome/\w+|[U]sers/\w+)/"
    r"|--(?:extra-)?[i]ndex-url|--[f]ind-links|--[t]rusted-host"
    r"|[p]ypi\.org|[p]ythonhosted\.org|[f]ile:///"
)

Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def published() -> Iterator[Path]:
    """Every file of ours that `.gitignore` does not leave out; needs no git."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if parts[0] == ".git" or not path.is_file():
            continue
        if not any(fnmatch(part, pattern) for part in parts for pattern in ignored):
            yield path


def definitions(path: Path) -> Iterator[Named]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Named):
            yield node


def is_broad(handler: ast.ExceptHandler) -> bool:
    caught = ast.unparse(handler.type) if handler.type else "Exception"
    return bool({"Exception", "BaseException"} & set(re.findall(r"\w+", caught)))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_function_fits_one_screen(path: Path) -> None:
    long = {
        node.name: length
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1)
        > FUNCTION_LINES
    }

    assert not long


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_names_say_what_a_thing_is(path: Path) -> None:
    names = {path.stem, *(node.name for node in definitions(path))} - OVERRIDDEN

    assert not [n for n in names if POOR_NAME.search(n) or POOR_CLASS.search(n)]


def test_no_two_classes_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in definitions(path):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(relative(path))

    assert not {name: where for name, where in places.items() if len(where) > 1}


def raised_anew(path: Path) -> Iterator[ast.Raise]:
    """Exceptions that answer another one."""
    for handler in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(handler, ast.ExceptHandler):
            for node in ast.walk(handler):
                if isinstance(node, ast.Raise) and node.exc is not None:
                    yield node


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_exception_carries_the_one_that_it_answers(path: Path) -> None:
    """A library's text may hold the link or a password, and a trace shows it."""
    carrying = [
        node.lineno
        for node in raised_anew(path)
        if not (isinstance(node.cause, ast.Constant) and node.cause.value is None)
    ]

    assert not carrying


def test_only_the_worker_catches_everything_and_only_once() -> None:
    broad = [
        relative(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]

    assert len(broad) <= 1
    assert all(path.startswith("responder/worker") for path in broad)


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    told = [
        f"{relative(path)}:{number}: {match[0]}"
        for path in published()
        for number, line in enumerate(
            path.read_text("utf-8", errors="replace").splitlines(), start=1
        )
        if (match := ELSEWHERE.search(line))
    ]

    assert not told


@pytest.mark.parametrize("name", ["", "-dev", "-build"])
def test_a_lock_file_pins_every_package_by_version_and_hash(name: str) -> None:
    lock = (ROOT / f"requirements{name}.txt").read_text("utf-8")
    pins = re.findall(r"^[^\s#].*$", lock, re.MULTILINE)

    assert pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+ \\", pin) for pin in pins)
    assert len(re.findall(r"\\\n    --hash=sha256:", lock)) >= len(pins)
