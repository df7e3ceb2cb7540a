"""A sheet of digits as a reader of the tutorial writes it: a row for each digit, twelve in each row."""

from pathlib import Path

from PIL import Image

from watcher.pen.drawing import draw

COLUMNS = 12
SEED = 5


def written_sheet(path: Path) -> None:
    """Draw the sheet."""
    sheet = Image.new("RGB", (64 * COLUMNS, 64 * 10), "white")
    for digit in range(10):
        for column in range(COLUMNS):
            sheet.paste(Image.fromarray(draw(SEED, digit, column)), (64 * column, 64 * digit))
    sheet.save(path)
