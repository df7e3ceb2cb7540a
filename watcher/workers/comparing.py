"""The comparer's work: pictures on the slate → what they show. No file ever gets here."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from watcher.recognition.reading import Reading
from watcher.workers.recognizing import loaded
from watcher.workers.slate import Slate


def prepare(fitted: Path) -> None:
    """Load the classifier once for all that are forked. Raises UnfitReferencesError."""
    cv2.setNumThreads(1)
    loaded(fitted)


def work(fitted: Path, slate: Slate) -> Callable[[Sequence[int]], list[Reading]]:
    """What a comparer does with the indices that it is sent."""
    classifier = loaded(fitted)
    return lambda indices: classifier.classify(slate.pictures(indices))
