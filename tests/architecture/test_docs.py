"""`docs/architecture.md` names every module, and nothing that does not exist."""

import ast
from pathlib import Path

import pytest

from tests.architecture.module_pages import (
    PAGE,
    files,
    generated,
    modules,
    places,
    summary_of,
)
from tests.architecture.test_layers import PACKAGE, ROOT
from tests.docs import section

TEXT = PAGE.read_text("utf-8")


def names_in(path: Path) -> set[str]:
    """Functions, classes with their methods (`Class.method`), and constants."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (m for m in node.body if isinstance(m, ast.FunctionDef))
            found |= {f"{node.name}.{method.name}" for method in inner}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {ast.unparse(target) for target in targets}
    return found


def test_the_tables_are_what_the_code_says() -> None:
    assert generated(TEXT) == TEXT, "python -m tests.architecture.module_pages"


@pytest.mark.parametrize("module", modules())
def test_a_module_says_in_one_sentence_what_it_is_for(module: str) -> None:
    assert summary_of(module)
    assert f"| `{module}` |" in TEXT


@pytest.mark.parametrize("name", sorted(files(TEXT)))
def test_a_file_on_the_page_exists(name: str) -> None:
    assert (PACKAGE / name).is_file() or (ROOT / name).is_file()


@pytest.mark.parametrize(("file", "name"), sorted(places(TEXT)))
def test_a_function_on_the_page_exists(file: str, name: str) -> None:
    assert name in names_in(PACKAGE / file)


def test_the_readme_has_a_paragraph_for_each_folder() -> None:
    told = section((ROOT / "README.md").read_text("utf-8"), "How it is built")
    folders = {f"`{module.split('/')[0]}/`" for module in modules() if "/" in module}
    assert not {folder for folder in folders if f"**{folder}**" not in told}
