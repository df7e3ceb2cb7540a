"""A database that an older program made: copied, migrated with all its rows, and a way back that works."""

import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest
from helpers.older_databases import OLDER, content, make_older

from watcher.store.database import open_database, open_log
from watcher.store.schema import HEAD
from watcher.store.sqlite.backup import BackupError, Upgrade


def backups(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir() if "backup" in path.name)


def upgraded(file: Path) -> list[Upgrade]:
    reported: list[Upgrade] = []
    open_database(file, upgraded=reported.append).close()
    return reported


@pytest.mark.parametrize("revision", OLDER)
def test_it_is_copied_before_it_is_migrated_and_keeps_every_row(file: Path, revision: str) -> None:
    make_older(file, revision)
    before = content(file)
    assert len(before["results"]) == 300
    backup = file.with_name(f"watcher.db.backup-{revision}")
    assert upgraded(file) == [Upgrade(revision, HEAD, backup)]
    assert backups(file) == [backup.name]
    after = content(file)
    assert after["alembic_version"] == [(HEAD,)]
    assert {name: after[name] for name in before if name != "alembic_version"} == {
        name: rows for name, rows in before.items() if name != "alembic_version"
    }
    assert content(backup) == before
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("revision", OLDER)
def test_what_was_migrated_is_as_if_it_were_new(file: Path, revision: str) -> None:
    def shape(of: Path) -> set[tuple[str, str]]:
        with closing(sqlite3.connect(of)) as connection:
            return set(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL"))

    make_older(file, revision)
    upgraded(file)
    new = file.with_name("new.db")
    open_database(new).close()
    assert shape(file) == shape(new)


def test_the_copy_leads_back_to_the_older_program(file: Path) -> None:
    make_older(file, "0002")
    before = content(file)
    upgraded(file)
    for suffix in ("", "-wal", "-shm"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
    file.with_name(f"{file.name}.backup-0002").rename(file)
    assert content(file) == before
    assert len(upgraded(file)) == 1


def test_what_was_committed_and_lies_in_sqlite_s_log_is_copied_too(file: Path) -> None:
    make_older(file, "0002")
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("UPDATE results SET name = 'late.png' WHERE id = 7")
        other.commit()
        assert file.with_name(f"{file.name}-wal").stat().st_size > 0
        (upgrade,) = upgraded(file)
    assert "late.png" in {row[1] for row in content(upgrade.backup)["results"]}


def test_an_earlier_copy_is_never_overwritten(file: Path) -> None:
    make_older(file, "0002", rows=10)
    earlier = file.with_name(f"{file.name}.backup-0002")
    earlier.write_bytes(b"precious")
    (upgrade,) = upgraded(file)
    assert upgrade.backup.name == f"{file.name}.backup-0002-1"
    assert earlier.read_bytes() == b"precious"
    assert len(content(upgrade.backup)["results"]) == 10


def test_to_read_an_older_one_upgrades_it_in_the_same_way(file: Path) -> None:
    make_older(file, "0001", rows=10)
    reported: list[Upgrade] = []
    open_log(file, upgraded=reported.append).close()
    assert [upgrade.before for upgrade in reported] == ["0001"]
    assert backups(file) == [f"{file.name}.backup-0001"]


def test_a_new_one_and_one_of_today_are_not_copied(file: Path) -> None:
    assert upgraded(file) == []
    assert upgraded(file) == []
    assert backups(file) == []


def test_without_room_for_the_copy_nothing_is_done(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_older(file, "0002")
    before = content(file)
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10**9, 10**9 - 5000, 5000))
    with pytest.raises(BackupError) as raised:
        open_database(file)
    words = str(raised.value)
    assert words.startswith(f"{file}: it must be copied and upgraded; that needs 0.")
    assert words.endswith(f" MB, but only 0.0 MB are free; free some space in {file.parent} and start again")
    assert content(file) == before
    assert backups(file) == []


def test_where_the_copy_fails_nothing_is_done(file: Path) -> None:
    make_older(file, "0002")
    before = content(file)
    obstacle = file.with_name(f"{file.name}.backup-0002.tmp")
    obstacle.mkdir()
    with pytest.raises(BackupError) as raised:
        open_database(file)
    assert str(raised.value) == (
        f"{file}: it was not upgraded, because it could not be copied first: {obstacle}: Is a directory"
    )
    assert content(file) == before
    obstacle.rmdir()
    assert len(upgraded(file)) == 1


def test_a_copy_that_was_cut_short_is_not_taken_for_one(file: Path) -> None:
    make_older(file, "0002", rows=10)
    file.with_name(f"{file.name}.backup-0002.tmp").write_bytes(b"SQLite format 3\0 half")
    (upgrade,) = upgraded(file)
    assert backups(file) == [f"{file.name}.backup-0002"]
    assert len(content(upgrade.backup)["results"]) == 10


def test_a_migration_that_stops_midway_leaves_the_older_one_and_its_copy(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    make_older(file, "0002")
    before = content(file)
    monkeypatch.setattr("alembic.op.create_table", fail)
    with pytest.raises(KeyboardInterrupt):
        open_database(file)
    assert content(file) == before
    assert content(file.with_name(f"{file.name}.backup-0002")) == before
