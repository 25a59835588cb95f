"""What a masker leaves of a text, also where it takes a short way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.masking import _REPORT_PATH, Masker

LINKS = [
    "/api/support/abc/report/123",
    "/API/Support/abc/Report/123",
    "/api/ſupport/abc/report/123",
    "apiKey=abc&fixCode=123",
    "APIKEY=abc",
    "api\N{KELVIN SIGN}ey=abc",
    "FıxCode=123",
]
SECRETS = ["a-secret", "a-secret-and-more", "Ünicode-secret"]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_masked_in_every_case_of_its_letters(link: str) -> None:
    masked = Masker()(f"see https://factory.example{link} please")
    assert "abc" not in masked
    assert "123" not in masked
    assert "please" in masked


def test_a_secret_within_another_leaves_no_tail() -> None:
    assert Masker(SECRETS)("x a-secret-and-more y a-secret") == "x *** y ***"


def test_without_a_secret_nothing_but_links_is_masked() -> None:
    assert Masker()("nothing to hide") == "nothing to hide"


@given(st.lists(st.sampled_from([*LINKS, *SECRETS, "\\", '"', " ", "x", "/", "é"])))
def test_the_short_way_masks_what_the_long_one_does(parts: list[str]) -> None:
    text = "".join(parts)
    secrets = re.compile("|".join(sorted(SECRETS, key=len, reverse=True)))
    whole = secrets.sub("***", _REPORT_PATH.sub("***", text))
    assert Masker(SECRETS)(text) == whole
