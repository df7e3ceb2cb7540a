"""No page tells a reader to lose a file, to wait for ever, or to call what is not there."""

import re

import pytest
from manual.pages import Page, pages

PAGES = [page for page in pages() if not page.name.startswith("docs/reference/")]
NEW_FOLDER = '"$backup'
"""Where a page copies into a folder that it has just made."""


def code(page: Page) -> list[str]:
    """The lines that a reader may type: in blocks, and between backticks."""
    blocks = [block.text.replace("\\\n", " ") for block in page.blocks("console", "text", "sh", "")]
    lines = [line.removeprefix("$ ") for text in blocks for line in text.splitlines()]
    outside = re.sub(r"^ *```.*?^ *```$", "", page.text, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`]+)`", outside)
    return [*lines, *(" ".join(words.split()) for words in inline if " " in words)]


def commands(page: Page, program: str) -> list[str]:
    """What is typed from this program's name on."""
    starts = rf"(?:^|[;&|(]|do|then|sudo) *(?=({program} [^;|&]*))"
    return [match[1].strip() for line in code(page) for match in re.finditer(starts, line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
class TestPage:
    def test_it_moves_nothing_over_another_file(self, page: Page) -> None:
        assert [line for line in commands(page, "mv") if not line.startswith("mv -n")] == []

    def test_it_copies_nothing_over_another_file(self, page: Page) -> None:
        over = [line for line in commands(page, "cp") if not re.match(r"cp (-a )?-n ", line)]
        assert [line for line in over if NEW_FOLDER not in line.split()[-1]] == []
        if over:
            assert any(line.startswith('mkdir "$backup"') for line in commands(page, "mkdir"))

    def test_it_removes_no_file(self, page: Page) -> None:
        assert commands(page, "rm") == []

    def test_it_waits_for_nothing_that_may_never_come(self, page: Page) -> None:
        assert commands(page, "until") + commands(page, "while") == []

    def test_root_is_told_where_the_program_is(self, page: Page) -> None:
        assert [line for line in code(page) if re.search(r"sudo (-\S+ \S+ )*watcher\b", line)] == []

    def test_it_says_where_sqlite3_comes_from(self, page: Page) -> None:
        if commands(page, "sqlite3"):
            assert "apt install sqlite3" in page.text


def test_what_is_typed_is_found() -> None:
    review = next(page for page in PAGES if page.name == "docs/howto/review.md")
    assert "mv -n outbox/review/vote.png outbox/3/" in commands(review, "mv")
    assert "mv -n outbox/review/vote.png outbox/3/vote-b.png" in commands(review, "mv")
    tutorial = next(page for page in PAGES if page.name == "docs/tutorial.md")
    assert any("picture%%_*" in line for line in commands(tutorial, "mv")), "inside a loop too"
    assert any(line.startswith("sqlite3 ") for page in PAGES for line in commands(page, "sqlite3"))
