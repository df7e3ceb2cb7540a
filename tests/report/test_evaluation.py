"""A page of an evaluation shows the most certain mistakes, and says how many more there are."""

from contextlib import closing
from pathlib import Path

from helpers.html_page import Page
from helpers.new_database import new_database
from helpers.support import digit_picture

from watcher.config.settings import RecognitionSettings
from watcher.recognition import Reading
from watcher.recognition.calibration.evaluation import evaluate
from watcher.report.evaluation import MOST_UNREADABLE, EvaluatedSource, evaluation_report
from watcher.report.render.misread import MOST_SHOWN
from watcher.store.references import LabeledImage, ReferenceStore

SETTINGS = RecognitionSettings.model_validate({})


def test_many_mistakes_are_shown_in_part(tmp_path: Path) -> None:
    images = [LabeledImage(digit_picture(1), 1, "test", f"1_{n}.png") for n in range(MOST_SHOWN + 5)]
    readings = [Reading(7, n / 1000, None, (0.0,) * 10, (1,)) for n in range(len(images))]
    outcome = evaluate([1] * len(images), readings, review_below=0.9, unreadable=MOST_UNREADABLE + 1)
    unreadable = [(images[0], "it is empty")] * (MOST_UNREADABLE + 1)
    judged = EvaluatedSource("test", outcome, list(zip(images, readings, strict=True)), unreadable)
    with closing(new_database(tmp_path / "watcher.db")) as database:
        references = ReferenceStore(database)
        references.add([LabeledImage(digit_picture(7), 7, "images", "7_0.png")], "first")
        page = Page(evaluation_report(judged, references, SETTINGS, 1))
    shown = page.all("article")
    assert [card["id"] for card in shown] == [f"misread-{n}" for n in range(1, MOST_SHOWN + 1)]
    assert page.text.index("1_204.png") < page.text.index("1_203.png")
    assert "1_4.png" not in page.text
    assert "and 5 more" in page.text
    assert f"{MOST_UNREADABLE + 1} could not be read; these are the first." in page.text
    assert page.text.count("it is empty") == MOST_UNREADABLE
