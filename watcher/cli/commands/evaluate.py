"""`watcher evaluate`."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, nullcontext
from itertools import islice
from pathlib import Path
from typing import TypeVar

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.layout import Column
from watcher.cli.output import print_json, print_table, print_warning, progress_bar, wide_option
from watcher.cli.pages import page_writer
from watcher.config.settings import Config
from watcher.recognition import Reading
from watcher.recognition.calibration.evaluation import Evaluation, evaluate
from watcher.references.model import StoredModel, stored_model
from watcher.references.sources import labeled_images
from watcher.report.evaluation import EvaluatedSource, evaluation_report
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.text import counted, exact_percent, name_as_text, share_percent
from watcher.workers import Pool, Recognized

BATCH = 64
WITHOUT_REFERENCES = ("images", "errors", "error_rate", "review", "wrong_filed", "ece", "coverage")
"""The figures that are also given for the images that are no references."""
Item = TypeVar("Item")


@click.command(
    "evaluate",
    short_help=COMMANDS["evaluate"],
    epilog="""\b
Examples:
  watcher evaluate my-test-digits/
  watcher evaluate my-test-digits/ --html report.html
  watcher evaluate t10k-images-idx3-ubyte.gz --json | jq .error_rate""",
)
@click.argument("source", type=click.Path(path_type=Path, readable=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, readable=False),
    metavar="PAGE",
    help="Also write a page with charts and the misread pictures.",
)
@wide_option
@configured
def command(config: Config, source: Path, *, as_json: bool, html: Path | None, wide: bool) -> None:
    """Measure how often it is right on labeled images. Move and record nothing.

    SOURCE is the same as for `watcher train`. Its images should not be references: an image that is a
    reference is always recognized. If some are, it says how many, and how good it is without them.
    """
    with page_writer(html) if html else nullcontext() as write_page:
        images = list(labeled_images(source))
        with to_read(config) as database:
            references = ReferenceStore(database)
            model = stored_model(references, config.recognition, config.cache)
            start = time.perf_counter()
            judged, unreadable = _recognize_all(config, model, images)
            seconds = time.perf_counter() - start
            outcome = _evaluated(judged, config, len(unreadable), seconds)
            known = references.known()
            others = [(image, reading) for image, reading in judged if image.sha256 not in known]
            without = _evaluated(others, config)
            if write_page:
                page = EvaluatedSource(name_as_text(str(source)), outcome, judged, unreadable, without)
                write_page(evaluation_report(page, references, config.recognition, model.version))
    if as_json:
        print_json(
            {
                **outcome.to_dict(),
                "references": outcome.images - without.images,
                "without_references": {name: getattr(without, name) for name in WITHOUT_REFERENCES},
            }
        )
    else:
        _show(outcome, config.recognition.review_below, wide=wide)
        if without.images < outcome.images:
            _show_without(outcome, without)


def _evaluated(
    judged: Sequence[tuple[LabeledImage, Reading]], config: Config, unreadable: int = 0, seconds: float = 0.0
) -> Evaluation:
    return evaluate(
        [image.digit for image, _ in judged],
        [reading for _, reading in judged],
        review_below=config.recognition.review_below,
        unreadable=unreadable,
        seconds=seconds,
    )


def _recognize_all(
    config: Config, model: StoredModel, images: Sequence[LabeledImage]
) -> tuple[list[tuple[LabeledImage, Reading]], list[tuple[LabeledImage, str]]]:
    """The images with their readings, and the images that could not be read with the reasons."""
    judged: list[tuple[LabeledImage, Reading]] = []
    unreadable: list[tuple[LabeledImage, str]] = []
    with closing(Pool(config.workers)) as pool, progress_bar() as bar:
        task = bar.add_task("evaluating", total=len(images))
        for image, recognized in _recognized(pool, model, images):
            if recognized.reading is None:
                unreadable.append((image, recognized.reason or ""))
                print_warning(f"{image.source}/{image.name}: left out: {recognized.reason}")
            else:
                judged.append((image, recognized.reading))
            bar.advance(task)
    return judged, unreadable


def _recognized(
    pool: Pool, model: StoredModel, images: Sequence[LabeledImage]
) -> Iterator[tuple[LabeledImage, Recognized]]:
    """Each image with its result, in order. At most two batches a worker are in the pool."""
    waiting: deque[tuple[list[LabeledImage], Future[list[Recognized]]]] = deque()
    batches = _batches(iter(images))
    while True:
        for batch in islice(batches, 2 * pool.count - len(waiting)):
            waiting.append((batch, pool.submit_again(model.folder, [image.image for image in batch])))
        if not waiting:
            return
        batch, future = waiting.popleft()
        yield from zip(batch, future.result(), strict=True)


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _show(outcome: Evaluation, review_below: float, *, wide: bool) -> None:
    filed, threshold = outcome.images - outcome.review, exact_percent(review_below)
    coverage, wrong = outcome.coverage, share_percent(outcome.error_rate, 2)
    rows = [
        ("images", f"{outcome.images:,}", f"{outcome.unreadable:,} more could not be read"),
        (
            "errors",
            f"{outcome.errors:,}",
            f"{wrong} of the best guesses are wrong",
        ),
        ("to review", f"{outcome.review:,}", f"certainty below {threshold}, or no digit seen"),
        ("filed", f"{filed:,}", f"{outcome.wrong_filed:,} of them under a wrong digit"),
        ("calibration", f"{outcome.ece:.4f}", "how far certainty is from the truth (0 is perfect)"),
        ("coverage", share_percent(coverage["0.01"]), "can be filed with at most 1 % errors"),
        ("", share_percent(coverage["0.001"]), "with at most 0.1 %"),
        ("seconds", f"{outcome.seconds:.2f}", f"{outcome.images / outcome.seconds:,.0f} images a second"),
    ]
    print_table(["", Column("", right=True), Column("", least=20)], rows, wide=wide)
    click.echo("What was taken for what: each row is a label, each column a best guess")
    confusion = ([digit, *(count or "·" for count in row)] for digit, row in enumerate(outcome.confusion))
    print_table(["", *map(str, range(10))], confusion, right=range(1, 11), wide=wide)


def _show_without(outcome: Evaluation, without: Evaluation) -> None:
    known = outcome.images - without.images
    click.echo(f"References among these images: {known:,}. They are always recognized,")
    click.echo("so the figures are too good.")
    if without.images:
        filed = without.images - without.review
        click.echo(
            f"Without them: {counted(without.images, 'image')}, {counted(without.errors, 'error')} "
            f"({without.error_rate:.2%}), {without.review:,} to review,"
        )
        click.echo(f"{filed:,} filed, {without.wrong_filed:,} of them under a wrong digit.")
    else:
        click.echo("No other image is left. Evaluate images that you have not trained on.")
