"""The stored model: a classifier for the references in the database, in a folder that all workers map."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.config.settings import RecognitionSettings
from watcher.errors import UnfitReferencesError, Unreadable, WatcherError
from watcher.recognition import ImageClassifier, read_picture
from watcher.recognition.classifier import FORMAT, kept_as
from watcher.store.references import ReferenceStore

BATCH = 64  # references normalized at once
UNUSED_SECONDS = 3600.0
NOTHING_TO_COMPARE = (
    "there are no references to compare with yet; add labeled images with `watcher train SOURCE`"
)


class NoReferencesError(WatcherError):
    """There are no references to compare a picture with."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A classifier in a folder, and the version of the references it was made from."""

    folder: Path
    version: int


def stored_model(
    references: ReferenceStore,
    recognition: RecognitionSettings,
    cache: Path,
    progress: Callable[[int], object] = lambda _done: None,
) -> StoredModel:
    """The model for the current references. It is made only if the cache has no sound one for them.

    `progress` is called with the number of references normalized so far. Raises NoReferencesError.
    """
    while True:
        version = references.version()
        if version is None:
            raise NoReferencesError(NOTHING_TO_COMPARE)
        folder = model_folder(references, recognition, cache)
        made = None if is_sound(folder) else _fit(references, recognition, progress)
        if references.version() == version:  # otherwise they changed meanwhile
            if made is not None:
                made.save(folder)
            os.utime(folder)  # it is in use
            return StoredModel(folder, version)


def model_folder(references: ReferenceStore, recognition: RecognitionSettings, cache: Path) -> Path:
    """The folder for the model of the current references; it need not exist yet."""
    how = [kept_as(recognition.normalizer), recognition.rule, "augmented" if recognition.augment else "plain"]
    return cache / "-".join([references.fingerprint(), *how, str(FORMAT)])


def is_sound(folder: Path) -> bool:
    """Whether a folder holds a whole classifier; a power cut can leave one with empty files."""
    try:
        ImageClassifier.load(folder)
    except UnfitReferencesError:
        return False
    return True


def forget_others(cache: Path, kept: StoredModel) -> None:
    """Remove the models of earlier references that were not used for UNUSED_SECONDS.

    A process that maps one keeps it until it unmaps it. The delay protects those that another process is
    about to map, or still writes.
    """
    unused = time.time() - UNUSED_SECONDS
    for folder in cache.iterdir():
        with suppress(FileNotFoundError):
            if folder != kept.folder and folder.stat().st_mtime < unused:
                shutil.rmtree(folder, ignore_errors=True)


def _fit(
    references: ReferenceStore, recognition: RecognitionSettings, progress: Callable[[int], object]
) -> ImageClassifier:
    classifier = ImageClassifier(recognition.normalizer, recognition.rule, augment=recognition.augment)
    normalized: list[NDArray[Any]] = []
    pictures, digits, ids = [], [], []
    for reference in references.load():
        try:
            pictures.append(read_picture(reference.image))
        except Unreadable as error:
            raise WatcherError(f"reference {reference.id} can no longer be read: {error}") from error
        digits.append(reference.digit)
        ids.append(reference.id)
        if len(pictures) == BATCH:
            normalized.extend(classifier.normalize(pictures))
            pictures.clear()
        progress(len(ids))
    if pictures:
        normalized.extend(classifier.normalize(pictures))
    if not ids:
        raise NoReferencesError(NOTHING_TO_COMPARE)
    order = np.argsort(digits, kind="stable")  # in the classifier's own order, so that it needs no copy
    in_order = np.stack([normalized[at] for at in order])
    normalized.clear()  # 60,000 of them take 190 MB
    return classifier.fit_normalized(in_order, np.array(digits)[order], np.array(ids)[order])
