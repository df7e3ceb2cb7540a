"""Links lead to files that exist, to headings that exist, and to well-formed addresses."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from manual.pages import ROOT, Page, pages

LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")


def anchor(heading: str) -> str:
    """The anchor that code hosts and Sphinx make of a heading."""
    plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading)
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def anchors(page: Page) -> set[str]:
    without_blocks = re.sub(r"^( *)```.*?^\1```$", "", page.text, flags=re.MULTILINE | re.DOTALL)
    found: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", without_blocks, re.MULTILINE):
        name = anchor(heading)
        again = sum(re.fullmatch(rf"{re.escape(name)}(-\d+)?", other) is not None for other in found)
        found.append(f"{name}-{again}" if again else name)
    return set(found)


def everything() -> list[Page]:
    return [*pages(), Page(ROOT / "CHANGELOG.md")]


def test_anchors_are_made_as_code_hosts_make_them() -> None:
    assert (
        anchor("Why did `watcher` put it there? (And [how](x.md))") == "why-did-watcher-put-it-there-and-how"
    )


@pytest.mark.parametrize("page", everything(), ids=lambda page: page.name)
def test_its_links_lead_somewhere(page: Page) -> None:
    for link in LINK.findall(page.prose):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), link
            continue
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT), f"{page.name}: {link} leads out of the project"
        if parts.fragment:
            assert parts.fragment in anchors(Page(target)), f"{page.name}: {link}"


def test_every_page_is_found_from_another() -> None:
    linked = {
        (page.path.parent / urlsplit(link).path).resolve()
        for page in pages()
        for link in LINK.findall(page.prose)
    }
    lonely = {page.name for page in pages()[1:] if page.path not in linked} - {"docs/index.md"}
    assert lonely == set()


def test_pictures_are_small() -> None:
    large = {
        str(Path(path).relative_to(ROOT)): path.stat().st_size
        for path in (ROOT / "docs").rglob("*")
        if path.suffix in {".png", ".svg"} and "_build" not in path.parts and path.stat().st_size > 250_000
    }
    assert large == {}
