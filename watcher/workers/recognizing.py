"""A batch of files → what is on each, by a classifier saved in a folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition import ImageClassifier, Reading, read_picture

Begin = Callable[[int | None], object]


@dataclass(frozen=True, slots=True)
class Recognized:
    """What a worker found in a file: a reading, or the reason why there is none.

    `grief`: the worker came to grief over this file, which need not be the file's fault.
    """

    sha256: str | None
    reading: Reading | None
    reason: str | None = None
    grief: bool = False

    @classmethod
    def by_grief(cls, file: bytes, reason: str) -> "Recognized":
        """The file that a worker came to grief over."""
        return cls(sha256(file).hexdigest(), None, reason, grief=True)


def recognize(fitted: Path, files: Sequence[bytes], begin: Begin = lambda _index: None) -> list[Recognized]:
    """Recognise a batch with the classifier saved in a folder.

    `begin` is told the index of each file that is about to be read, and None before all are compared.
    Raises UnfitReferencesError.
    """
    classifier = loaded(fitted)
    pictures = []
    unread: dict[int, Recognized] = {}
    for index, file in enumerate(files):
        begin(index)
        try:
            pictures.append(read_picture(file))
        except LacksMemory as error:
            unread[index] = Recognized.by_grief(file, str(error))
        except Unreadable as error:
            unread[index] = Recognized(sha256(file).hexdigest(), None, str(error))
    begin(None)
    readings = iter(classifier.classify(np.stack(pictures)) if pictures else ())
    return [
        unread[index] if index in unread else Recognized(sha256(file).hexdigest(), next(readings))
        for index, file in enumerate(files)
    ]


@lru_cache(maxsize=1)
def loaded(fitted: Path) -> ImageClassifier:
    """The classifier saved in a folder, kept for the next batch. Raises UnfitReferencesError."""
    return ImageClassifier.load(fitted)
