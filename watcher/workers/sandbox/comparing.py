"""The comparer's work: pictures on a buffer → what they show. No file ever gets here."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from watcher.recognition.reading import Reading
from watcher.workers.recognize import loaded
from watcher.workers.sandbox.shared_buffer import SharedBuffer

Pictures = tuple[int, Sequence[int]]
"""The number of a buffer, and the indices of pictures on it."""


def prepare(model: Path) -> None:
    """Load the classifier once for all that are forked. Raises UnfitReferencesError."""
    cv2.setNumThreads(1)
    loaded(model).warm_up()


def work(model: Path, buffers: Sequence[SharedBuffer]) -> Callable[[Pictures], list[Reading]]:
    """What a comparer does with the indices that it is sent."""
    classifier = loaded(model)
    classifier.warm_up()

    def compare(asked: Pictures) -> list[Reading]:
        number, indices = asked
        return classifier.classify(buffers[number].pictures(indices))

    return compare
