"""Databases as older programs left them: made by the migrations up to then, and full of rows."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from watcher.resources import shipped

OLDER = ("0001", "0002", "0004")
STAMP = "2026-01-0{}T10:00:00.000000Z"


def make_older(file: Path, revision: str, rows: int = 300) -> None:
    """Make a database of this revision, with so many results and a reference for every ten of them."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        config = Config()
        config.set_main_option("script_location", str(shipped("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    with closing(sqlite3.connect(file)) as database, database:
        results = [_result(number) for number in range(1, rows + 1)]
        marks = ", ".join("?" * len(results[0]))
        database.executemany(f"INSERT INTO results VALUES ({marks})", results)
        if revision >= "0002":
            retried = [(*_result(number), STAMP.format(8), STAMP.format(9)) for number in range(rows + 1, 20)]
            database.executemany(f"INSERT INTO retried_results VALUES ({marks}, ?, ?)", retried)
        database.execute("INSERT INTO reference_versions VALUES (1, ?, 'the first')", [STAMP.format(1)])
        database.executemany(
            "INSERT INTO reference_images VALUES (?, ?, ?, ?, 'images', ?, ?, 1, NULL, NULL)",
            [
                (n, b"bytes %d" % n, n % 10, f"{n:064x}", f"{n}.png", STAMP.format(1))
                for n in range(rows // 10)
            ],
        )


def _result(number: int) -> tuple[Any, ...]:
    day = STAMP.format(1 + number % 7)
    status = ("filed", "review", "failed")[number % 3]
    read = status != "failed"
    return (
        number,
        f"scan {number}.png",
        f"{number:064x}",
        number % 10 if read else None,
        number % 100 / 100 if read else None,
        (number + 1) % 10 if read else None,
        str([0.0] * 10) if read else None,
        status,
        None if status == "filed" else "because",
        f"{number % 10 if status == 'filed' else status}/scan {number}.png",
        day,
        day,
        day,
        f"batch/scan%20{number}.png",
        1,
    )


def content(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for (name,) in tables
        }
