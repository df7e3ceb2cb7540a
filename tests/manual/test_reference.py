"""The reference pages in docs/ are what the program generates."""

import pytest

from docs.generate import FOLDER, pages


@pytest.mark.parametrize("name", pages())
def test_it_is_what_the_program_says(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == pages()[name], "`make reference` writes it again"


def test_there_is_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pages())
