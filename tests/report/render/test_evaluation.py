"""A page is whole, needs nothing else, says what was found, and lets no name break it."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from helpers.html_page import HOSTILE, Page

from watcher.recognition import Reading
from watcher.recognition.calibration.evaluation import evaluate
from watcher.report.render.evaluation import Evaluated, evaluation_page, explanations_page
from watcher.report.render.values import GENERATOR, Explanation, Provenance

Answer = tuple[int, int, float]
Explain = Callable[..., Explanation]


def evaluated(answers: Sequence[Answer], **others: Any) -> Evaluated:
    """Of (label, best guess, certainty)."""
    readings = [Reading(guess, certainty, None, (0.0,) * 10, ()) for _, guess, certainty in answers]
    labels = [label for label, _, _ in answers]
    values: dict[str, Any] = {"source": "test", "misread": [], "more": 0, "unreadable": [], **others}
    outcome = evaluate(labels, readings, review_below=0.9, unreadable=len(values["unreadable"]), seconds=1.5)
    values.setdefault("without", outcome)
    rights = [(certainty, label == guess) for label, guess, certainty in answers]
    return Evaluated(outcome=outcome, review_below=0.9, answers=rights, **values)


def pages(provenance: Provenance, explain: Explain) -> dict[str, str]:
    """A page of every kind."""
    mistakes = [explain(label=4), explain(HOSTILE, label=7)]
    unread = Explanation(HOSTILE, "failed", "it is <damaged>")
    some = [(4, 9, 0.98), (7, 9, 0.95), (1, 1, 0.99), (1, 1, 0.3), (0, 0, 1.0)]
    right = evaluated([(1, 1, 0.9)])
    wrong = evaluated(some, misread=mistakes, source=HOSTILE, more=1234, unreadable=[(HOSTILE, "no picture")])
    return {
        "mistakes": evaluation_page(wrong, provenance),
        "no mistake": evaluation_page(right, provenance),
        "nothing": evaluation_page(evaluated([], unreadable=[("a.png", "it is empty")]), provenance),
        "explained": explanations_page([explain(), explain(HOSTILE), unread], 0, provenance),
        "one": explanations_page([unread], 0, provenance),
    }


@pytest.fixture
def page(provenance: Provenance, explain: Explain, request: pytest.FixtureRequest) -> str:
    return pages(provenance, explain)[request.param]


every_page = pytest.mark.parametrize(
    "page", ["mistakes", "no mistake", "nothing", "explained", "one"], indirect=True
)


@every_page
def test_its_tags_nest_and_every_picture_has_words(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert GENERATOR in page[:1000]
    read = Page(page)
    assert all(picture["alt"] for picture in read.all("img"))
    assert all(drawing["aria-label"] for drawing in read.all("svg"))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in read.all("a")]
    assert {link.removeprefix("#") for link in links if link} <= set(ids)


@every_page
def test_it_asks_for_nothing_from_anywhere(page: str) -> None:
    assert not re.search(r"https?://|url\(|@import", page)
    for tag, attributes in Page(page).elements:
        assert tag not in {"script", "link", "iframe", "object"}
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/")), address


@every_page
def test_no_name_becomes_part_of_the_page(page: str) -> None:
    assert "<script" not in page
    assert "\x1b" not in page
    for _, attributes in Page(page).elements:
        assert not any(name.startswith("on") for name in attributes)


def test_names_are_shown_as_they_are_with_controls_escaped(provenance: Provenance, explain: Explain) -> None:
    read = Page(pages(provenance, explain)["mistakes"])
    shown = r"<script>alert('1')</script>" + "\"'&amp;" + r"\x1b[31m\n.png"
    assert read.text.count(shown) == 4, "the title, the heading, a mistake and what was left out"
    assert [picture["alt"] for picture in read.all("img")].count(f"the picture {shown}") == 1


def test_an_evaluation_says_what_was_found_and_its_provenance(
    provenance: Provenance, explain: Explain
) -> None:
    read = Page(pages(provenance, explain)["mistakes"])
    assert (
        "Of 5 labeled pictures, 2 were misread. 4 would be filed, 2 of them under a wrong digit" in read.text
    )
    for words in ("error 40.00 %", "to review 1", "wrongly filed 2", "50.00 % of the 4", "coverage 40.0 %"):
        assert words in read.text
    for words in (
        "2026-11-22 08:01 UTC",
        "1,360",
        "version 3",
        "40 of 0",
        "1,000 of 9",
        "normalizer centered",
    ):
        assert words in read.text
    assert "and 1,234 more" in read.text
    assert "4 taken for 9 98.7 % certain filed" in read.text
    assert "reference 1234, a 9" in [picture["alt"] for picture in read.all("img")]
    assert [near["title"] for near in read.all("li", "best") if "images" in (near["title"] or "")] == [
        "their <images>/9_0.png"
    ] * 2


def test_the_confusion_matrix_counts_and_leads_to_the_mistakes(
    provenance: Provenance, explain: Explain
) -> None:
    page = pages(provenance, explain)["mistakes"]
    rows = re.findall(r"<tr><th scope=\"row\">(\d)</th>(.*?)</tr>", page, re.DOTALL)
    assert [label for label, _ in rows] == [str(digit) for digit in range(10)]
    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td.*?</td>", rows[1][1], re.DOTALL)]
    assert cells == ["·", "2", *"········", "0.0\N{NO-BREAK SPACE}%"]
    assert [link["href"] for link in Page(page).all("a")] == ["#misread-1", "#misread-2"]


def test_without_mistakes_or_pictures_it_says_so(provenance: Provenance, explain: Explain) -> None:
    every = pages(provenance, explain)
    assert "None: every best guess is the label." in Page(every["no mistake"]).text
    nothing = Page(every["nothing"])
    assert "No picture could be read." in nothing.text
    assert "a.png it is empty" in nothing.text
    assert nothing.all("svg") == []


def test_files_are_explained_with_scores_references_and_reasons(
    provenance: Provenance, explain: Explain
) -> None:
    read = Page(explanations_page([explain()], 7, provenance))
    assert "9 98.7 % certain filed" in read.text
    assert "It would be filed under 9." in read.text
    assert "#1234: their <images>/9_0.png" in read.text
    assert "9: 0.9" in [score["title"] for score in read.all("li", "best")]
    assert "and 7 more" in read.text
    one = Page(pages(provenance, explain)["one"]).text
    assert "It could not be read: it is <damaged>." in one


def test_it_says_that_references_were_among_the_pictures(provenance: Provenance) -> None:
    some = [(4, 9, 0.98), (1, 1, 0.99), (0, 0, 1.0)]
    without = evaluated(some[:1]).outcome
    text = Page(evaluation_page(evaluated(some, without=without), provenance)).text
    assert "References among these pictures: 2. They are always recognized" in text
    assert "Without them: pictures 1, misread 1, to review 0, wrongly filed 1." in text
    none = Page(evaluation_page(evaluated(some, without=evaluated([]).outcome), provenance)).text
    assert "No other picture is left. Evaluate pictures that you have not trained on." in none
    assert "always recognized" not in Page(evaluation_page(evaluated(some), provenance)).text
