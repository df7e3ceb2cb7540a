"""Write rows of the log as a Parquet file, with typed columns. Needs `watcher[parquet]`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from watcher.errors import WatcherError
from watcher.store.results import COLUMNS
from watcher.store.schema import results

GROUP_ROWS = 16_384
"""Rows that are written together and held in memory at a time."""
_TIMES = ("arrived_at", "decided_at", "filed_at")


class ParquetError(WatcherError):
    """The rows cannot be written as Parquet."""


def pyarrow() -> Any:
    """The library. Raises ParquetError if it is not installed."""
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:
        raise ParquetError(
            "Parquet needs pyarrow, which is not installed; run `pip install 'watcher[parquet]'`, "
            "or give a name that ends in .csv or .jsonl"
        ) from error


def write_parquet(rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write rows of COLUMNS, in groups of GROUP_ROWS. Raises ParquetError, OSError."""
    library = pyarrow()
    schema = _schema(library)
    try:
        with library.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for group in _groups(iter(rows)):
                columns = zip(*group, strict=True)
                arrays = [
                    _array(library, field, list(values))
                    for field, values in zip(schema, columns, strict=True)
                ]
                writer.write_table(library.Table.from_arrays(arrays, schema=schema))
    except library.ArrowInvalid as error:
        raise ParquetError(f"a row of the log does not fit its column's type: {error}") from error


def _schema(library: Any) -> Any:
    """The schema: each column's type and meaning."""
    kinds = {
        "id": library.int64(),
        "digit": library.int8(),
        "certainty": library.float64(),
        "runner_up": library.int8(),
        "scores": library.list_(library.float64()),
        "reference_version": library.int64(),
        **dict.fromkeys(_TIMES, library.timestamp("us", tz="UTC")),
    }
    return library.schema(
        [
            library.field(
                name, kinds.get(name, library.string()), metadata={"description": results.c[name].comment}
            )
            for name in COLUMNS
        ]
    )


def _array(library: Any, field: Any, values: list[Any]) -> Any:
    if field.name in _TIMES:
        return library.array(values, library.string()).cast(field.type)
    if field.name == "scores":
        values = [None if value is None else json.loads(value) for value in values]
    return library.array(values, field.type)


def _groups(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    while group := list(islice(rows, GROUP_ROWS)):
        yield group
