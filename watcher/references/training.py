"""Training: labeled images become references, once each image has been seen to be readable."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watcher.errors import Unreadable
from watcher.recognition import read_picture
from watcher.store.references import Conflict, LabeledImage, ReferenceStore


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of a source's images: how many were added and how many were known, and what was refused."""

    added: int
    known: int
    conflicts: tuple[Conflict, ...]
    unreadable: tuple[tuple[LabeledImage, str], ...]


def train(
    references: ReferenceStore,
    images: Iterable[LabeledImage],
    reason: str,
    progress: Callable[[int], object] = lambda _done: None,
) -> Trained:
    """Add labeled images to the references as one version; `progress` is told how many were read so far."""
    readable: list[LabeledImage] = []
    unreadable: list[tuple[LabeledImage, str]] = []
    for image in images:
        try:
            read_picture(image.image)
            readable.append(image)
        except Unreadable as error:
            unreadable.append((image, str(error)))
        progress(len(readable) + len(unreadable))
    added = references.add(readable, reason)
    return Trained(added.added, added.known, tuple(added.conflicts), tuple(unreadable))
