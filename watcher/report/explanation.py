"""Fetch what explains a reading: the picture, its normalized digit, the nearest references."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.config.settings import RecognitionSettings
from watcher.errors import Unreadable
from watcher.pipeline.decision import decide
from watcher.recognition import ImageClassifier, read_picture
from watcher.report.render.values import Explanation, Neighbor, Provenance
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.store.timestamps import stamp
from watcher.workers import Recognized


@dataclass(frozen=True, slots=True)
class Recognition:
    """A file's name and bytes, the result of recognizing it, and its label if it has one."""

    name: str
    image: bytes
    recognized: Recognized
    label: int | None = None


def explanations_of(
    recognitions: Sequence[Recognition], references: ReferenceStore, settings: RecognitionSettings
) -> list[Explanation]:
    """Each recognition with its picture and references; references that cannot be read are left out."""
    readings = [each.recognized.reading for each in recognitions]
    ids = {reference for reading in readings if reading for reference in reading.nearest}
    classifier = ImageClassifier(settings.normalizer, settings.rule)
    known = references.with_ids(ids)
    neighbors = {number: _neighbor(number, known[number], classifier) for number in known}
    return [_explained(each, neighbors, classifier, settings.review_below) for each in recognitions]


def provenance(settings: RecognitionSettings, counts: tuple[int, ...], version: int) -> Provenance:
    """The provenance of what is recognized now, with these settings and references."""
    named = tuple((name, str(value)) for name, value in settings.model_dump().items())
    return Provenance(stamp(time.time()), named, counts, version)


def _explained(
    recognition: Recognition,
    neighbors: dict[int, Neighbor | None],
    classifier: ImageClassifier,
    review_below: float,
) -> Explanation:
    reading = recognition.recognized.reading
    verdict = decide(reading, recognition.recognized.reason, review_below)
    status, reason = verdict.status, verdict.reason
    if reading is None:
        return Explanation(recognition.name, status, reason, label=recognition.label)
    picture = read_picture(recognition.image)
    near = (neighbors.get(number) for number in reading.nearest)
    return Explanation(
        recognition.name,
        status,
        reason,
        reading,
        picture,
        classifier.normalize(picture)[0],
        tuple(neighbor for neighbor in near if neighbor),
        recognition.label,
    )


def _neighbor(number: int, reference: LabeledImage, classifier: ImageClassifier) -> Neighbor | None:
    try:
        picture = read_picture(reference.image)
    except Unreadable:  # another version of the decoders could read it
        return None
    normalized = classifier.normalize(picture)[0]
    return Neighbor(number, reference.digit, reference.source, reference.name, picture, normalized)
