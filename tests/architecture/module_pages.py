"""The generated parts of `docs/architecture.md`: the modules, and who imports whom.

`python -m tests.architecture.module_pages` writes them anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_layers import PACKAGE, ROOMS

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
TOP = "At the top"


def modules() -> list[str]:
    """Every module by its path in `responder/`; migrations and empty files left out."""
    found = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    return [
        path.as_posix()
        for path in found
        if "migrations" not in path.parts and (PACKAGE / path).stat().st_size
    ]


def summary_of(module: str) -> str:
    """The first paragraph of its docstring, on one line."""
    words = ast.get_docstring(ast.parse((PACKAGE / module).read_text("utf-8"))) or ""
    return " ".join(words.split("\n\n")[0].split())


def module_tables() -> str:
    """One table for each folder, the files at the top first."""
    folders: dict[str, list[str]] = {TOP: []}
    for module in modules():
        folder, _, _ = module.rpartition("/")
        folders.setdefault(f"`{folder}/`" if folder else TOP, []).append(module)
    return "\n\n".join(_table(folder, names) for folder, names in folders.items())


def _table(folder: str, names: list[str]) -> str:
    rows = [f"| `{name}` | {_cell(summary_of(name))} |" for name in names]
    head = [f"### {folder}", "", "| module | what it is for |", "| --- | --- |"]
    return "\n".join([*head, *rows])


def _cell(words: str) -> str:
    return words.replace("|", r"\|")


def import_table() -> str:
    """What each part may import, as `test_layers.py` holds it."""
    return "\n".join(["| part | may import |", "| --- | --- |", *_import_rows()])


def _import_rows() -> Iterator[str]:
    for part, allowed in ROOMS.items():
        others = [f"`{name}`" for name in allowed if name != part]
        yield f"| `{part}` | {', '.join(others) or 'nothing of ours'} |"


GENERATED = {"modules": module_tables, "imports": import_table}
"""What stands between `<!-- NAME -->` and `<!-- end of NAME -->`."""


def generated(text: str) -> str:
    """The page with its generated parts as they are now."""
    for name, write in GENERATED.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        after = rest.split(end)[1]
        text = f"{before}{begin}\n\n{write()}\n\n{end}{after}"
    return text


def places(text: str) -> set[tuple[str, str]]:
    """What the page names as `file.py::function`: files with the name in them."""
    found = re.findall(r"`([\w/]+\.py)::([\w.]+)`", text)
    return {(file, name) for file, name in found}


def files(text: str) -> set[str]:
    """Files that the page names, from `responder/` or from the top."""
    return set(re.findall(r"`([\w/]+\.(?:py|yaml|html|md))(?:::[\w.]+)?`", text))


def main() -> None:
    PAGE.write_text(generated(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
