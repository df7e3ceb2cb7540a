"""`watcher classify`."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.explain import Explainer
from watcher.cli.first_references import references_to_compare
from watcher.cli.inputs import Input, inputs
from watcher.cli.layout import Column
from watcher.cli.output import print_json, print_table, print_warning, progress_bar, wide_option
from watcher.cli.pages import page_writer
from watcher.config.settings import Config
from watcher.errors import Unreadable
from watcher.pipeline.decision import decide
from watcher.references.model import StoredModel, stored_model
from watcher.report.explanation import Recognition, explanations_of, provenance
from watcher.report.render.misread import MOST_SHOWN
from watcher.report.render.values import Explanation
from watcher.store.references import ReferenceStore
from watcher.text import name_as_text, percent, refusal
from watcher.workers.recognize import Recognized, recognize

SHOWN = (
    Column("file", least=24, middle=True),
    Column("digit", right=True),
    Column("certainty", right=True),
    Column("runner_up", right=True, rank=2, spare=True),
    Column("status"),
    Column("reason", least=20, rank=1),
)


@click.command(
    "classify",
    short_help=COMMANDS["classify"],
    epilog="""\b
Examples:
  watcher classify scan.png
  watcher classify --explain scan.png
  watcher classify outbox/review
  curl -s http://scanner/last.png | watcher classify -
  watcher classify --json outbox/review | jq .digit""",
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="FILE..."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@click.option("--explain", is_flag=True, help="Draw the normalized picture, scores and nearest references.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, readable=False),
    metavar="PAGE",
    help="Also write a page that explains each file.",
)
@wide_option
@configured
def command(  # noqa: PLR0913 - an argument for each option
    config: Config, files: tuple[Path, ...], *, as_json: bool, explain: bool, html: Path | None, wide: bool
) -> None:
    """Recognize files. Move and record nothing.

    A FILE may be a folder: then all files below it are read. - is standard input. In a folder without a
    database, files are compared with the references that come with the program, and nothing is made there.
    The exit code is 1 if a file could not be read.
    """
    if as_json and explain:
        raise click.UsageError("--explain is for people, --json is for programs; give one of them")
    with (
        page_writer(html) if html else nullcontext() as write_page,
        references_to_compare(config, os.environ) as (database, cache),
    ):
        references = ReferenceStore(database)
        model = _fitted(references, config, cache)
        made_with = provenance(config.recognition, references.counts(), model.version)
        explainer = Explainer() if explain else None
        rows: list[dict[str, Any]] = []
        explanations: list[Explanation] = []
        for given in inputs(files, _warn_of_empty):
            answer = _recognition(given, model.folder)
            rows.append(_row(answer, config.recognition.review_below))
            if as_json:
                print_json(rows[-1])
            if explainer or (html and len(explanations) < MOST_SHOWN):
                (explanation,) = explanations_of([answer], references, config.recognition)
                explanations.append(explanation)
                if explainer:
                    explainer.show(explanation)
        if explainer:
            explainer.show_provenance(made_with)
        elif rows and not as_json:
            _show_table(rows, wide=wide)
        if write_page:
            from watcher.report.render.evaluation import explanations_page  # noqa: PLC0415 - seldom needed

            write_page(
                explanations_page(explanations[:MOST_SHOWN], max(len(rows) - MOST_SHOWN, 0), made_with)
            )
    sys.exit(1 if any(row["status"] == "failed" for row in rows) else 0)


def _fitted(references: ReferenceStore, config: Config, cache: Path) -> StoredModel:
    with progress_bar() as bar:
        task = bar.add_task("fitting", total=sum(references.counts()), visible=False)

        def advance(done: int) -> None:  # called only if the model has to be made
            bar.update(task, completed=done, visible=True)

        return stored_model(references, config.recognition, cache, advance)


def _warn_of_empty(folder: Path) -> None:
    print_warning(f"{name_as_text(str(folder))}: there are no files in it")


def _recognition(given: Input, model: Path) -> Recognition:
    try:
        image = given.read()
    except OSError as error:
        why = refusal(error, Path(given.name))
        return Recognition(given.name, b"", Recognized(None, None, f"it cannot be read: {why}"))
    except Unreadable as error:
        return Recognition(given.name, b"", Recognized(None, None, str(error)))
    return Recognition(given.name, image, recognize(model, [image])[0])


def _row(answer: Recognition, review_below: float) -> dict[str, Any]:
    reading = answer.recognized.reading
    verdict = decide(reading, answer.recognized.reason, review_below)
    return {
        "file": answer.name,
        "digit": reading.digit if reading else None,
        "certainty": reading.certainty if reading else None,
        "runner_up": reading.runner_up if reading else None,
        "scores": reading.scores if reading else None,
        "status": verdict.status,
        "reason": verdict.reason,
        "nearest": reading.nearest if reading else None,
    }


def _show_table(rows: list[dict[str, Any]], *, wide: bool) -> None:
    cells = ([_cell(row[column.heading]) for column in SHOWN] for row in rows)
    print_table(SHOWN, cells, wide=wide)


def _cell(value: object) -> object:
    return percent(value) if isinstance(value, float) else value  # the only float is the certainty
