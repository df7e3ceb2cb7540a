"""Recognizes a batch of files with a classifier saved in a folder."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition.classifier import ImageClassifier
from watcher.recognition.images.decode import read_page
from watcher.recognition.reading import Reading


@dataclass(frozen=True, slots=True)
class Recognized:
    """What a worker found in a file: a reading, or the reason why there is none.

    `failure`: the worker failed on this file. That may not be the file's fault. `seconds`: how long the
    worker was busy with it, with an equal share of the time in which its batch was compared.
    """

    sha256: str | None
    reading: Reading | None
    reason: str | None = None
    failure: bool = False
    seconds: float = field(default=0.0, compare=False)

    @classmethod
    def by_worker_failure(cls, file: bytes, reason: str) -> "Recognized":
        """The answer for a file that a worker failed on."""
        return cls(sha256(file).hexdigest(), None, reason, failure=True)


Recognizing = Future[list[Recognized]]
"""A batch that is being recognized."""


def recognize(model: Path, files: Sequence[bytes]) -> list[Recognized]:
    """Recognize a batch in this thread, unguarded, with the classifier saved in a folder.

    Raises UnfitReferencesError.
    """
    classifier = loaded(model)
    pages = []
    unread: dict[int, Recognized] = {}
    read: list[float] = []
    for index, file in enumerate(files):
        began = time.monotonic()
        try:
            pages.append(read_page(file))
        except LacksMemory as error:
            unread[index] = Recognized.by_worker_failure(file, str(error))
        except Unreadable as error:
            unread[index] = Recognized(sha256(file).hexdigest(), None, str(error))
        read.append(time.monotonic() - began)
    began = time.monotonic()
    found = classifier.classify(np.stack([page.picture for page in pages])) if pages else []
    compared = (time.monotonic() - began) / max(len(pages), 1)
    readings = iter(
        [
            reading.of_several() if page.several else reading
            for page, reading in zip(pages, found, strict=True)
        ]
    )
    return [
        replace(unread[index], seconds=read[index])
        if index in unread
        else Recognized(sha256(file).hexdigest(), next(readings), seconds=read[index] + compared)
        for index, file in enumerate(files)
    ]


@lru_cache(maxsize=1)
def loaded(model: Path) -> ImageClassifier:
    """The classifier saved in a folder, kept for the next batch. Raises UnfitReferencesError."""
    return ImageClassifier.load(model)
