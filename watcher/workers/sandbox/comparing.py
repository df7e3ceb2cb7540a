"""The comparer's work: from pictures in a buffer to readings. It never sees a file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from watcher.recognition.reading import Reading
from watcher.workers.recognize import loaded
from watcher.workers.sandbox.shared_buffer import SharedBuffer

Pictures = tuple[int, Sequence[int]]
"""The number of a buffer, and the indices of pictures in it."""


def prepare(model: Path) -> None:
    """Load the classifier before forking; all children share it. Raises UnfitReferencesError."""
    cv2.setNumThreads(1)
    loaded(model).warm_up()


def work(model: Path, buffers: Sequence[SharedBuffer]) -> Callable[[Pictures], list[Reading]]:
    """The function that a comparer calls with each request."""
    classifier = loaded(model)
    classifier.warm_up()

    def compare(asked: Pictures) -> list[Reading]:
        number, indices = asked
        return classifier.classify(buffers[number].pictures(indices))

    return compare
