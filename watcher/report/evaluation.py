"""Make the page of an evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.config.settings import RecognitionSettings
from watcher.recognition import Reading
from watcher.recognition.calibration.evaluation import Evaluation
from watcher.report.explanation import Recognition, explanations_of, provenance
from watcher.report.render.evaluation import Evaluated, evaluation_page
from watcher.report.render.misread import misread
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.workers import Recognized

MOST_UNREADABLE = 200


@dataclass(frozen=True, slots=True)
class EvaluatedSource:
    """An evaluation of a source, with each image's reading, or the reason why it has none.

    `without`: the evaluation of those images that are no references.
    """

    source: str
    outcome: Evaluation
    readings: Sequence[tuple[LabeledImage, Reading]]
    unreadable: Sequence[tuple[LabeledImage, str]]
    without: Evaluation


def evaluation_report(
    source: EvaluatedSource, references: ReferenceStore, settings: RecognitionSettings, version: int
) -> str:
    """The page of an evaluation with these settings and this version of the references."""
    shown, more = misread((image.digit, reading, image) for image, reading in source.readings)
    mistakes = [
        Recognition(image.name, image.image, Recognized(None, reading), label)
        for label, reading, image in shown
    ]
    evaluated = Evaluated(
        source=source.source,
        outcome=source.outcome,
        without=source.without,
        review_below=settings.review_below,
        answers=[(reading.certainty, reading.digit == image.digit) for image, reading in source.readings],
        misread=explanations_of(mistakes, references, settings),
        more=more,
        unreadable=[(image.name, why) for image, why in source.unreadable[:MOST_UNREADABLE]],
    )
    return evaluation_page(evaluated, provenance(settings, references.counts(), version))
