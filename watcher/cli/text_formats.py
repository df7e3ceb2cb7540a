"""Write rows of the log as CSV and JSON lines."""

import csv
import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from watcher.store.results import COLUMNS

Rows = Iterable[Sequence[Any]]


def write_csv(rows: Rows, stream: TextIO) -> None:
    """Write a line with the column names, then a line for each row."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)


def write_json_lines(rows: Rows, stream: TextIO) -> None:
    """Write a JSON object for each row, one a line; the scores are a list."""
    encode, scores = json.JSONEncoder().encode, COLUMNS.index("scores")
    before, after = COLUMNS[:scores], COLUMNS[scores + 1 :]
    for row in rows:
        left = encode(dict(zip(before, row, strict=False)))
        right = encode(dict(zip(after, row[scores + 1 :], strict=True)))
        # The scores are JSON already. Decoding and encoding them again would take most of the time.
        stream.write(f'{left[:-1]}, "scores": {row[scores] or "null"}, {right[1:]}\n')
