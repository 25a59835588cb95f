"""Imports run one way: the core knows nobody, adapters know the core, app knows all."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "responder"

BOTTOM = ("incident", "config.settings", "masking", "http")
"""What every adapter may know."""
ROOMS = {
    "incident": ("incident",),
    "masking": (),
    "http": (),
    "private": (),
    "clock": (),
    "senders": ("senders", *BOTTOM),
    "logs": ("logs", *BOTTOM),
    "factory": BOTTOM,
    "notify": ("notify", "worker.background.guarded", *BOTTOM),
    "store": ("store", "private", *BOTTOM),
    "spool": ("private", *BOTTOM),
    "metrics": BOTTOM,
    "worker": ("worker", "incident"),
    # It delivers an alert as senders do.
    "drill": ("senders", "notify.channels", *BOTTOM),
    "doctor": ("doctor", "logs", *BOTTOM),
    "config": ("config", "logs.query", "senders", *BOTTOM),
}
IMPURE = {"flask", "requests", "sqlalchemy", "logging", "os", "time", "random"}
ADAPTERS = ("store", "drill", "logs", "factory", "worker", "doctor", "notify")
ROOTS = ("app", "cli", "demo", "replay", "__main__")


def parts_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


def room_of(path: Path) -> str:
    """`responder/store/tables.py` stands in the room `store`."""
    return parts_of(path)[1]


def modules(room: str | None = None) -> list[Path]:
    found = sorted(PACKAGE.rglob("*.py"))
    return [path for path in found if room in (None, room_of(path))]


def imports_of(path: Path) -> Iterator[str]:
    """Every imported name in full: `from responder import app` is `responder.app`."""
    package = parts_of(path)[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            origin = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def own_imports_of(path: Path) -> set[str]:
    """Imports within the package, without its name; its version belongs to all."""
    names = {n.removeprefix("responder.") for n in imports_of(path) if is_ours(n)}
    return names - {"responder", "__version__"}


def is_ours(name: str) -> bool:
    return name.split(".")[0] == "responder"


def stands_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    strangers = {
        (path.name, name)
        for path in modules(room)
        for name in own_imports_of(path)
        if not any(stands_in(name, allowed) for allowed in ROOMS[room])
    }

    assert not strangers


@pytest.mark.parametrize("path", modules("incident"), ids=lambda path: path.name)
def test_the_core_reads_no_clock_network_database_log_or_setting(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}

    assert not roots & IMPURE


@pytest.mark.parametrize("path", modules("incident"), ids=lambda path: path.name)
def test_the_core_is_told_the_time(path: Path) -> None:
    asked = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in ("utcnow", "today"))
        or (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("datetime.now")
        )
    ]

    assert not asked


def test_the_pages_are_handed_what_they_need() -> None:
    known = {
        (path.name, name)
        for path in modules("web")
        for name in own_imports_of(path)
        if any(stands_in(name, adapter) for adapter in ADAPTERS)
    }

    assert not known


def module_of(path: Path) -> str:
    return ".".join(parts_of(path)).removesuffix(".__init__")


def imports_when_loaded(path: Path) -> set[str]:
    """Our modules that a module imports before it can be used itself."""
    names = {module_of(path) for path in modules()}
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in names else node.module)
    return found & names


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {module_of(path): imports_when_loaded(path) for path in modules()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        for name in free:
            del left[name]

    assert not left


def test_only_commands_and_demo_import_the_composition_root() -> None:
    importers = {
        room_of(path)
        for path in modules()
        if any(stands_in(name, "app") for name in own_imports_of(path))
    }

    assert importers - {"app"} <= {"cli", "demo", "replay"}


def test_the_database_library_stays_with_the_store() -> None:
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if any(stands_in(name, "sqlalchemy") for name in imports_of(path))
        if room_of(path) not in (*ROOTS, "store")
    }

    assert not users


def reveals_of(path: Path) -> Iterator[str]:
    """What each `.reveal` in a module is asked of, as written."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr == "reveal":
            yield ast.unparse(node.value)


def test_secrets_are_revealed_only_where_they_are_used() -> None:
    revealers = {room_of(path) for path in modules() if any(reveals_of(path))}

    callers = {"senders", "logs", "factory", "doctor", "notify"}
    assert revealers <= {"config", "app", "cli", "replay"} | callers


def test_a_report_link_is_revealed_only_by_the_factory_client() -> None:
    revealers = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if any("link" in owner.lower() for owner in reveals_of(path))
    }

    assert revealers <= {"factory.py"}
