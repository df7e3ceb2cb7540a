"""The pen's command line: `python -m watcher.pen`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from watcher.pen.drawing import draw
from watcher.pen.ink import jpeg, png
from watcher.pen.sheet import contact_sheet

_EXAMPLE = """\b
Example: draw twenty more of each digit after the first forty, and a contact sheet of them:
  python -m watcher.pen images --first 40 --per-digit 20 --sheet look.png
"""


@click.command(epilog=_EXAMPLE)
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--per-digit", type=click.IntRange(1, 1000), default=40, show_default=True, help="Pictures of each digit."
)
@click.option(
    "--first",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Index of each digit's first picture.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed gives other writers."
)
@click.option(
    "--size",
    type=click.IntRange(16, 1024),
    default=64,
    show_default=True,
    help="Side of a picture in pixels.",
)
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a contact sheet, a PNG with a row for each digit.",
)
@click.option("--force", is_flag=True, help="Replace existing files.")
def main(  # noqa: PLR0913 - click hands over each option as an argument
    *, out: Path, per_digit: int, first: int, seed: int, size: int, sheet: Path | None, force: bool
) -> None:
    """Draw handwritten digits into the folder OUT, as DIGIT_INDEX.jpg.

    A picture depends only on the seed, its digit and its index. Drawing more does not change the others.
    """
    indices = range(first, first + per_digit)
    names = [[out / f"{digit}_{index}.jpg" for index in indices] for digit in range(10)]
    wanted = [name for row in names for name in row] + ([sheet] if sheet else [])
    if sheet and not sheet.parent.is_dir():
        raise click.ClickException(f"{sheet.parent}: there is no such folder for the contact sheet")
    if not force:
        _refuse_taken(wanted)
    with _errors_in_one_line(out):
        out.mkdir(parents=True, exist_ok=True)
        for digit, row in enumerate(names):
            for index, name in zip(indices, row, strict=True):
                _save(name, jpeg(draw(seed, digit, index, size)), force=force)
        if sheet:
            rows = [[draw(seed, digit, index) for index in indices] for digit in range(10)]
            _save(sheet, png(contact_sheet(rows)), force=force)
    click.echo(f"{10 * per_digit} pictures in {out}")


def _refuse_taken(files: Sequence[Path]) -> None:
    with _errors_in_one_line(files[0].parent):
        taken = [str(file) for file in files if file.exists()]
    if taken:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise click.ClickException(
            f"{taken[0]}{more} already exist; nothing was drawn. "
            "Give another folder or --first, or replace them with --force."
        )


def _save(file: Path, content: bytes, *, force: bool) -> None:
    with file.open("wb" if force else "xb") as stream:
        stream.write(content)


@contextmanager
def _errors_in_one_line(out: Path) -> Iterator[None]:
    """Report an error of the operating system in one line."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.filename or out}: {error.strerror}") from error


if __name__ == "__main__":
    main(prog_name="python -m watcher.pen")
