"""The tables are what the contract says, what the migrations make and what the program thinks they are."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect

from watcher.resources import shipped
from watcher.store.database import Database, open_database
from watcher.store.schema import HEAD, metadata

CONTRACT = [
    ("id", "INTEGER", True),
    ("name", "TEXT", True),
    ("sha256", "TEXT", False),
    ("digit", "INTEGER", False),
    ("certainty", "REAL", False),
    ("runner_up", "INTEGER", False),
    ("scores", "TEXT", False),
    ("status", "TEXT", True),
    ("reason", "TEXT", False),
    ("destination", "TEXT", True),
    ("arrived_at", "TEXT", True),
    ("decided_at", "TEXT", True),
    ("filed_at", "TEXT", False),
]
"""The columns of `results` that other programs rely on: name, type, and whether it always has a value."""


@pytest.fixture
def migrate(database: Database) -> Callable[[str, str], None]:
    def migrate(direction: str, revision: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
        with database.transaction() as connection:
            config.attributes["connection"] = connection
            getattr(command, direction)(config, revision)

    return migrate


def shape(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        rows: list[tuple[str, str]] = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        ).fetchall()
    return rows


def test_results_has_the_columns_that_other_programs_rely_on(file: Path, database: Database) -> None:
    with database.transaction() as connection:
        columns = connection.exec_driver_sql("PRAGMA table_info(results)").all()
    assert [(row.name, row.type, bool(row.notnull)) for row in columns][: len(CONTRACT)] == CONTRACT
    assert [row.name for row in columns if row.pk] == ["id"]
    [sql] = [sql for name, sql in shape(file) if name == "results"]
    assert "AUTOINCREMENT" in sql
    assert sql.rstrip().endswith("STRICT")


def test_an_id_is_never_given_twice(file: Path, database: Database) -> None:
    database.close()
    columns = "name, status, destination, arrived_at, decided_at, claim"
    add = f"INSERT INTO results ({columns}) VALUES ('n', 'review', 'd', 'a', 'd', ?) RETURNING id"
    with closing(sqlite3.connect(file)) as connection:
        first = connection.execute(add, ["c1"]).fetchall()
        connection.execute("DELETE FROM results")
        assert connection.execute(add, ["c2"]).fetchall() > first


def test_the_newest_migration_is_the_one_the_program_knows() -> None:
    assert ScriptDirectory(str(shipped("migrations"))).get_heads() == [HEAD]


def test_the_migrated_tables_are_those_the_program_uses(database: Database) -> None:
    with database.transaction() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrated_tables_have_every_check_by_its_name(database: Database) -> None:
    wanted = {
        (table.name, constraint.name, str(constraint.sqltext))
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    with database.transaction() as connection:
        inspector = inspect(connection)
        found = {
            (table, check["name"], check["sqltext"])
            for table in metadata.tables
            for check in inspector.get_check_constraints(table)
        }
    assert found == wanted
    assert len(found) == 5


def test_the_migrations_go_down_and_up_again(
    file: Path, database: Database, migrate: Callable[[str, str], None]
) -> None:
    before = shape(file)
    migrate("downgrade", "base")
    assert [name for name, _ in shape(file) if name not in {"alembic_version", "sqlite_sequence"}] == []
    migrate("upgrade", "head")
    assert shape(file) == before
    assert database.file == file


def test_a_migration_that_stops_midway_leaves_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alembic.op.create_index", fail)
    with pytest.raises(KeyboardInterrupt):
        open_database(file)
    assert shape(file) == []
    monkeypatch.undo()
    open_database(file).close()
    assert [name for name, _ in shape(file) if name == "results"] == ["results"]


def test_migrations_are_found_where_the_path_has_a_percent_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "100%(here)s" / "migrations"
    place.parent.mkdir()
    place.symlink_to(shipped("migrations"))
    monkeypatch.setattr("watcher.store.database.shipped", lambda _name: place)
    open_database(tmp_path / "watcher.db").close()
    assert "results" in dict(shape(tmp_path / "watcher.db"))
