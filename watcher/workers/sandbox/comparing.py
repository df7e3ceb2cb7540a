"""The comparer's work: pictures on a slate → what they show. No file ever gets here."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from watcher.recognition.reading import Reading
from watcher.workers.recognize import loaded
from watcher.workers.sandbox.shared_buffer import Slate

Pictures = tuple[int, Sequence[int]]
"""The number of a slate, and the indices of pictures on it."""


def prepare(fitted: Path) -> None:
    """Load the classifier once for all that are forked. Raises UnfitReferencesError."""
    cv2.setNumThreads(1)
    loaded(fitted).warm_up()


def work(fitted: Path, slates: Sequence[Slate]) -> Callable[[Pictures], list[Reading]]:
    """What a comparer does with the indices that it is sent."""
    classifier = loaded(fitted)
    classifier.warm_up()

    def compare(asked: Pictures) -> list[Reading]:
        number, indices = asked
        return classifier.classify(slates[number].pictures(indices))

    return compare
