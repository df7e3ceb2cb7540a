"""`watcher classify`."""

import os
import stat
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.explain import Explainer
from watcher.cli.output import print_json, print_table
from watcher.cli.pages import page_writer
from watcher.config.settings import Config
from watcher.errors import Unreadable
from watcher.folders.contents import LARGEST_FILE
from watcher.pipeline.decision import decide
from watcher.references.model import stored_model
from watcher.report.explanation import Recognition, explanations_of, provenance
from watcher.report.render.misread import MOST_SHOWN
from watcher.report.render.values import Explanation
from watcher.store.references import ReferenceStore
from watcher.text import name_as_text, percent, refusal
from watcher.workers.recognize import Recognized, recognize


@click.command(
    "classify",
    short_help=COMMANDS["classify"],
    epilog="""\b
Examples:
  watcher classify scan.png
  watcher classify --explain scan.png
  watcher classify --json outbox/review/* | jq .digit""",
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
@configured
def command(
    config: Config, files: tuple[Path, ...], *, as_json: bool, explain: bool, html: Path | None
) -> None:
    """Recognize files. Move and record nothing.

    The exit code is 1 if a file could not be read.
    """
    if as_json and explain:
        raise click.UsageError("--explain is for people, --json is for programs; give one of them")
    with (
        page_writer(html) if html else nullcontext() as write_page,
        to_read(config) as database,
    ):
        references = ReferenceStore(database)
        model = stored_model(references, config.recognition, config.cache)
        made_with = provenance(config.recognition, references.counts(), model.version)
        explainer = Explainer() if explain else None
        rows: list[dict[str, Any]] = []
        explanations: list[Explanation] = []
        for file in files:
            answer = _recognition(file, model.folder)
            rows.append(_row(answer, config.recognition.review_below))
            if as_json:
                print_json(rows[-1])
            if explainer or (html and len(explanations) < MOST_SHOWN):
                (explanation,) = explanations_of([answer], references, config.recognition)
                if explainer:
                    explainer.show(explanation)
                if html and len(explanations) < MOST_SHOWN:
                    explanations.append(explanation)
        if explainer:
            explainer.show_provenance(made_with)
        elif not as_json:
            _show_table(rows)
        if write_page:
            from watcher.report.render.evaluation import explanations_page  # noqa: PLC0415 - seldom needed

            write_page(explanations_page(explanations, max(len(files) - MOST_SHOWN, 0), made_with))
    sys.exit(1 if any(row["status"] == "failed" for row in rows) else 0)


def _recognition(file: Path, model: Path) -> Recognition:
    name = name_as_text(str(file))
    try:
        image = _contents(file)
    except OSError as error:
        return Recognition(name, b"", Recognized(None, None, f"it cannot be read: {refusal(error, file)}"))
    except Unreadable as error:
        return Recognition(name, b"", Recognized(None, None, str(error)))
    return Recognition(name, image, recognize(model, [image])[0])


def _contents(file: Path) -> bytes:
    with open(file, "rb", opener=_without_waiting) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise Unreadable("it is not a regular file")
        data = opened.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"it is longer than {LARGEST_FILE:,} bytes")
    return data


def _without_waiting(path: str, flags: int) -> int:
    """Open a file without waiting, as a named pipe would for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)


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


def _show_table(rows: list[dict[str, Any]]) -> None:
    headings = ("file", "digit", "certainty", "runner_up", "status", "reason")
    print_table(headings, ([_cell(row[heading]) for heading in headings] for row in rows), right=(1, 2, 3))


def _cell(value: object) -> object:
    return percent(value) if isinstance(value, float) else value  # the only float is the certainty
