"""From what an evaluation found to the page that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.config.settings import RecognitionSettings
from watcher.recognition import Reading
from watcher.recognition.calibration.evaluation import Evaluation
from watcher.report.explanation import Recognition, explained, provenance
from watcher.report.render.evaluation import Evaluated, evaluation_page
from watcher.report.render.misread import misread
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.workers import Recognized

MOST_UNREADABLE = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """An evaluation of a source, with each image's reading, or the reason why it has none."""

    source: str
    outcome: Evaluation
    readings: Sequence[tuple[LabeledImage, Reading]]
    unreadable: Sequence[tuple[LabeledImage, str]]


def evaluation_report(
    judged: Judged, references: ReferenceStore, settings: RecognitionSettings, version: int
) -> str:
    """The page of an evaluation under these settings and this version of the references."""
    shown, more = misread((image.digit, reading, image) for image, reading in judged.readings)
    mistakes = [
        Recognition(image.name, image.image, Recognized(None, reading), label)
        for label, reading, image in shown
    ]
    evaluated = Evaluated(
        source=judged.source,
        outcome=judged.outcome,
        review_below=settings.review_below,
        answers=[(reading.certainty, reading.digit == image.digit) for image, reading in judged.readings],
        misread=explained(mistakes, references, settings),
        more=more,
        unreadable=[(image.name, why) for image, why in judged.unreadable[:MOST_UNREADABLE]],
    )
    return evaluation_page(evaluated, provenance(settings, references.counts(), version))
