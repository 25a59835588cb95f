"""What is generated for Grafana is what its code says today."""

import pytest

from grafana.build import kit
from tests.docs import page

KIT = kit()


@pytest.mark.parametrize("path", KIT)
def test_a_generated_file_is_as_its_code_would_write_it(path: str) -> None:
    assert page(path) == KIT[path], "make kit writes it anew"
