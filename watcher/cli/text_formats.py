"""Rows of the log as text for other programs."""

import csv
import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from watcher.store.results import COLUMNS

Rows = Iterable[Sequence[Any]]


def write_csv(rows: Rows, stream: TextIO) -> None:
    """A line with the columns' names, then one for each row."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)


def write_json_lines(rows: Rows, stream: TextIO) -> None:
    """An object a line; the scores are a list in it."""
    encode, scores = json.JSONEncoder().encode, COLUMNS.index("scores")
    before, after = COLUMNS[:scores], COLUMNS[scores + 1 :]
    for row in rows:
        left = encode(dict(zip(before, row, strict=False)))
        right = encode(dict(zip(after, row[scores + 1 :], strict=True)))
        # They are JSON already; to read and write them again would take most of the time.
        stream.write(f'{left[:-1]}, "scores": {row[scores] or "null"}, {right[1:]}\n')
