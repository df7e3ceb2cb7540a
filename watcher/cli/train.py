"""`watcher train`."""

import sys
from contextlib import closing
from pathlib import Path

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.show import complain, progress_bar
from watcher.fitting import fitted_classifier
from watcher.labelled import labelled_images
from watcher.settings import Config
from watcher.store.database import open_database
from watcher.store.references import LabelledImage, ReferenceStore
from watcher.training import Trained, train


@click.command(
    "train",
    short_help=COMMANDS["train"],
    epilog="""\b
Examples:
  watcher train my-digits/
  watcher train outbox/                          what was sorted, after you have put it right
  watcher train train-images-idx3-ubyte.gz      its labels lie beside it""",
)
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="SOURCE..."
)
@configured
def command(config: Config, sources: tuple[Path, ...]) -> None:
    """Add labelled images to the references.

    A SOURCE is a folder of files named DIGIT_INDEX.ext (7_0.png, 7_1.jpg, …), a folder of folders named 0
    to 9, or an IDX file of images with its labels beside it, as MNIST has them. The same image twice is one
    reference. An image that is known under another digit is refused, and so is one that cannot be read. A
    running daemon takes the new references up by itself.
    """
    images = [image for source in sources for image in labelled_images(source)]
    with closing(open_database(config.database.file)) as database, progress_bar() as bar:
        references = ReferenceStore(database)
        reading = bar.add_task("reading", total=len(images))
        reason = " ".join(["train", *(str(source) for source in sources)])
        trained = train(references, images, reason, lambda done: bar.update(reading, completed=done))
        fitting = bar.add_task("fitting", total=sum(references.counts()))
        if references.version() is not None:
            fitted_classifier(
                references, config.recognition, config.cache, lambda done: bar.update(fitting, completed=done)
            )
        counts = references.counts()
    _report(trained, counts)
    if trained.conflicts or trained.unreadable:
        sys.exit(1)


def _report(trained: Trained, counts: tuple[int, ...]) -> None:
    for conflict in trained.conflicts:
        known = conflict.known
        complain(
            f"{_where(conflict.refused)} is refused: it is labelled {conflict.refused.digit}, "
            f"but the same image is a reference for {known.digit} already ({known.source}/{known.name})"
        )
    for image, why in trained.unreadable:
        complain(f"{_where(image)} is refused: {why}")
    refused = len(trained.conflicts) + len(trained.unreadable)
    parts = [f"added {trained.added:,} references", f"{trained.known:,} were known"]
    parts += [f"{refused:,} were refused"] if refused else []
    click.echo(", ".join(parts) + f". There are {sum(counts):,} now.")
    missing = [str(digit) for digit, count in enumerate(counts) if not count]
    if missing:
        click.echo(f"There is none of {', '.join(missing)} yet: no picture can be recognised as one.")


def _where(image: LabelledImage) -> str:
    return f"{image.source}/{image.name}"
