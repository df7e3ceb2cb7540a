"""Training: labeled images that can be read become references."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watcher.errors import Unreadable
from watcher.recognition import read_picture
from watcher.store.references import Conflict, LabeledImage, ReferenceStore


@dataclass(frozen=True, slots=True)
class Trained:
    """The result for a source's images: how many were added or already known, and those refused."""

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
    """Add labeled images to the references as one version.

    `progress` is called with the number of images read so far.
    """
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
