"""A sheet of digits as somebody writes it for the tutorial: ten rows, one a digit, twelve in each."""

from pathlib import Path

from PIL import Image

from watcher.pen.drawing import draw

COLUMNS = 12
SEED = 5


def written_sheet(path: Path) -> None:
    """Draw it."""
    sheet = Image.new("RGB", (64 * COLUMNS, 64 * 10), "white")
    for digit in range(10):
        for column in range(COLUMNS):
            sheet.paste(Image.fromarray(draw(SEED, digit, column)), (64 * column, 64 * digit))
    sheet.save(path)
