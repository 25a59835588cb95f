"""Every check that `doctor` makes is in its page, and no other."""

import ast

from tests.docs import ROOT, page, table

JUDGES = ("ok", "note", "warning", "problem", "tell")


def made() -> set[str]:
    """The names that the source gives its findings."""
    return {
        node.args[0].value
        for path in (ROOT / "responder").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in JUDGES
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_check_is_documented_and_no_other() -> None:
    heading = "`responder doctor`: what is wrong, why it matters, what mends it"
    told = {row[0] for row in table(page("docs/doctor.md"), heading)}
    assert told == made()
