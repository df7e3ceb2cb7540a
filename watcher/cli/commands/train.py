"""`watcher train`."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_write
from watcher.cli.layout import Column
from watcher.cli.output import print_table, print_warning, progress_bar
from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.recognition import ImageClassifier
from watcher.recognition.calibration.leave_one_out import Expectation, expectation, too_few
from watcher.recognition.reading import LeftOut
from watcher.references.model import stored_model
from watcher.references.sources import first_references, labeled_images
from watcher.references.training import Trained, Unchecked, train, without_unchecked
from watcher.store.references import KnownImage, LabeledImage, ReferenceStore
from watcher.text import exact_percent, percent, printable, share_percent


class NothingCheckedError(WatcherError):
    """All images that were given are answers that no person is known to have checked."""


@click.command(
    "train",
    short_help=COMMANDS["train"],
    epilog="""\b
Examples:
  watcher train my-digits/
  watcher train outbox/                          only what you moved there yourself
  watcher train outbox/ --checked                all of it: you have looked at every picture
  watcher train train-images-idx3-ubyte.gz      its labels lie beside it""",
)
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="SOURCE..."
)
@click.option(
    "--checked",
    "all_checked",
    is_flag=True,
    help="You have looked at every picture: also take those that the watcher filed under this digit itself.",
)
@configured
def command(config: Config, sources: tuple[Path, ...], *, all_checked: bool) -> None:
    """Add labeled images to the references.

    A SOURCE is a folder of files named DIGIT_INDEX.ext (7_0.png, 7_1.jpg, …), a folder of folders named 0
    to 9, or an IDX file of images in the same folder as its labels, as in MNIST. The same image given twice
    is one reference. An image is refused if it is already a reference for another digit, or cannot be read. A
    running daemon uses the new references without a restart.

    An answer that nobody has checked is no label. So a picture is left out if the log says that the watcher
    filed it under this digit itself, wherever the file is now. A picture that you moved to another digit, or
    out of review, is taken.
    """
    images = [image for source in sources for image in labeled_images(source)]
    with to_write(config) as database, progress_bar() as bar:
        references = ReferenceStore(database)
        unchecked = Unchecked()
        if not all_checked:
            images, unchecked = without_unchecked(database, images)
        if unchecked.count and not images:
            raise NothingCheckedError(_nothing_checked(unchecked, sources))
        are_first = references.version() is None
        reading = bar.add_task("reading", total=len(images))
        reason = " ".join(["train", *(str(source) for source in sources)])
        trained = train(references, images, reason, lambda done: bar.update(reading, completed=done))
        fitting = bar.add_task("fitting", total=sum(references.counts()))
        counts = references.counts()
        left_out: tuple[LeftOut, ...] = ()
        if references.version() is not None:
            model = stored_model(
                references, config.recognition, config.cache, lambda done: bar.update(fitting, completed=done)
            )
            left_out = ImageClassifier.load(model.folder).leave_one_out()
        expected = expectation(left_out, counts, config.recognition.review_below)
        suspects = references.with_ids([one.id for one in expected.suspects])
        known = references.known() if are_first else {}
    _print_added(trained, unchecked, counts)
    _print_expectation(expected, counts, config.recognition.review_below)
    _print_suspects(expected, suspects)
    if known:
        _print_others(config, known)
    if trained.conflicts or trained.unreadable:
        sys.exit(1)


def _nothing_checked(unchecked: Unchecked, sources: Sequence[Path]) -> str:
    again = printable(shlex.join(["watcher", "train", "--checked", *map(str, sources)]))
    return (
        f"nothing was added, because no person is known to have checked the pictures: {_why(unchecked)}. "
        "Move the wrong ones to their digits' folders, and train again: these are then taken. "
        f"If you have looked at every picture, and each is in the right folder, run `{again}`"
    )


def _why(unchecked: Unchecked) -> str:
    filed, pruned = len(unchecked.answers), len(unchecked.pruned)
    reasons = [f"{filed:,} filed under this digit by the watcher itself"] if filed else []
    reasons += [f"{pruned:,} whose rows in the log were pruned"] if pruned else []
    return ", ".join(reasons)


def _print_added(trained: Trained, unchecked: Unchecked, counts: tuple[int, ...]) -> None:
    for conflict in trained.conflicts:
        known = conflict.known
        print_warning(
            f"{_where(conflict.refused)}: refused: it is labeled {conflict.refused.digit}, "
            f"but the same image is already a reference for {known.digit} ({known.source}/{known.name})"
        )
    for image, why in trained.unreadable:
        print_warning(f"{_where(image)}: refused: {why}")
    refused = len(trained.conflicts) + len(trained.unreadable)
    parts = [f"added {trained.added:,} references", f"{trained.known:,} were known"]
    parts += [f"{refused:,} were refused"] if refused else []
    parts += [f"{unchecked.count:,} were left out"] if unchecked.count else []
    click.echo(", ".join(parts) + f". There are {sum(counts):,} now.")
    if unchecked.count:
        click.echo(f"Left out, because no person is known to have checked them: {_why(unchecked)}.")
        click.echo("If you have looked at every picture, and each label is right, add `--checked`.")


def _print_expectation(expected: Expectation, counts: tuple[int, ...], review_below: float) -> None:
    if expected.checked:
        click.echo(f"Each of {expected.checked:,} was compared with all the others, as if it were new:")
        click.echo(f"  {share_percent(expected.error_rate)} were taken for another digit")
        threshold, mean = exact_percent(review_below), percent(expected.certainty)
        click.echo(
            f"  {share_percent(expected.filed)} would be filed: their certainty is {threshold} or more"
        )
        click.echo(
            f"  {share_percent(expected.wrong_filed, 2)} of those wrongly; the mean certainty is {mean}"
        )
        click.echo("Handwriting of other people is harder.")
    few = too_few(counts)
    missing = [str(digit) for digit, count in few.items() if not count]
    if missing:
        click.echo(f"There is no reference for {', '.join(missing)}: no picture can be recognized as one.")
    scarce = [f"{digit} ({count})" for digit, count in few.items() if count]
    if scarce:
        click.echo(f"There are few references for {', '.join(scarce)}: more of them help most.")


def _print_suspects(expected: Expectation, known: Mapping[int, LabeledImage]) -> None:
    if not expected.suspects:
        return
    click.echo(
        "These look mislabeled; nothing was changed. To stop using one, run `watcher references --retire ID`:"
    )
    rows = [
        (one.id, _where(known[one.id]), one.label, one.digit, percent(one.certainty))
        for one in expected.suspects
    ]
    image = Column("image", least=16, middle=True)
    print_table(["id", image, "label", "looks like", "certainty"], rows, right=(0, 2, 3, 4))


def _print_others(config: Config, known: Mapping[str, KnownImage]) -> None:
    """Say that `run` will not add its first references any more, unless all of them were just added."""
    folder, images = first_references(config.references.path)
    missing = sum(image.sha256 not in known for image in images)
    if missing:
        click.echo(
            f"The database had no references. `watcher run` would have begun with the {missing:,} in "
            f"{printable(str(folder))}; now it uses yours alone. To have both, run:"
        )
        click.echo(f"  watcher train {printable(shlex.quote(str(folder)))}")


def _where(image: LabeledImage) -> str:
    return f"{image.source}/{image.name}"
