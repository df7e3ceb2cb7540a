"""Training: labeled images that can be read become references."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from watcher.errors import Unreadable
from watcher.recognition import read_picture
from watcher.store.database import Database
from watcher.store.own_answers import own_answers
from watcher.store.references import Conflict, LabeledImage, ReferenceStore


@dataclass(frozen=True, slots=True)
class Trained:
    """The result for a source's images: how many were added or already known, and those refused."""

    added: int
    known: int
    conflicts: tuple[Conflict, ...]
    unreadable: tuple[tuple[LabeledImage, str], ...]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Images whose labels may be nobody's but the program's own.

    `answers`: the program filed them under this digit itself. `pruned`: their rows were pruned, so the log
    cannot say. Neither holds an image that is already a reference.
    """

    answers: tuple[LabeledImage, ...] = ()
    pruned: tuple[LabeledImage, ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.answers) + len(self.pruned)


def without_unchecked(
    database: Database, images: Sequence[LabeledImage]
) -> tuple[list[LabeledImage], Unchecked]:
    """The images that may teach, and those that may not, because no person is known to have checked them.

    An answer that nobody has checked is no label: its error would become permanent. The log knows a file by
    its content, wherever it lies. A person has looked at it if the log says that it went somewhere else.
    """
    checksums = [image.sha256 for image in images]
    known = ReferenceStore(database).known()
    log = own_answers(database, {checksum for checksum in checksums if checksum not in known})
    checked: list[LabeledImage] = []
    answers: list[LabeledImage] = []
    pruned: list[LabeledImage] = []
    for image, checksum in zip(images, checksums, strict=True):
        if (checksum, image.digit) in log.filed:
            answers.append(image)
        elif checksum in log.pruned:
            pruned.append(image)
        else:
            checked.append(image)
    return checked, Unchecked(tuple(answers), tuple(pruned))


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
