"""The database file: made, opened while others use it, and refused by name if it is unusable."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from helpers.daemon import environment
from helpers.support import read_files
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from watcher.errors import passes
from watcher.store.database import (
    LOG_BYTES,
    Database,
    DatabaseError,
    open_database,
    open_log,
    translated_errors,
)
from watcher.store.schema import HEAD, reference_versions

A_VERSION = insert(reference_versions).values(made_at="now", reason="why")


def versions(database: Database) -> int:
    with database.transaction() as connection:
        return len(connection.execute(select(reference_versions)).all())


def open_files(file: Path) -> list[str]:
    """What this process has open of a database."""
    links = Path("/proc/self/fd").iterdir()
    return [target for target in map(os.path.realpath, links) if target.startswith(str(file))]


def set_revision(file: Path, revision: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])


def test_it_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    file = tmp_path / "var" / "lib" / "50% #1?.db"
    with closing(open_database(file)) as database:
        assert versions(database) == 0
        with closing(open_log(file)) as log:
            assert versions(log) == 0
    assert "var/lib/50% #1?.db" in read_files(tmp_path)


def test_a_transaction_is_kept_whole_or_not_at_all(file: Path) -> None:
    def break_off(database: Database) -> None:
        with database.transaction() as connection:
            connection.execute(A_VERSION)
            raise KeyboardInterrupt

    with closing(open_database(file)) as database:
        with database.transaction() as connection:
            connection.execute(A_VERSION)
        with pytest.raises(KeyboardInterrupt):
            break_off(database)
        assert versions(database) == 1
    with closing(open_database(file)) as database:
        assert versions(database) == 1


def test_a_commit_survives_a_power_cut(database: Database) -> None:
    with database.transaction() as connection:
        full = 2
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_readers_and_the_writer_do_not_wait_for_each_other(file: Path, database: Database) -> None:
    with closing(open_log(file)) as log:
        with log.transaction() as reading:
            assert reading.execute(select(reference_versions)).all() == []
            with database.transaction() as writing:
                writing.execute(A_VERSION)
            assert reading.execute(select(reference_versions)).all() == []
        with database.transaction() as writing:
            writing.execute(A_VERSION)
            assert versions(log) == 1
        assert versions(log) == 2


def test_a_second_writer_waits_for_the_first(file: Path, database: Database) -> None:
    with closing(open_database(file)) as other:
        began, done = threading.Event(), threading.Event()

        def write() -> None:
            began.set()
            with other.transaction() as connection:
                count = len(connection.execute(select(reference_versions)).all())
                connection.execute(A_VERSION)
            assert count == 1
            done.set()

        with database.transaction() as connection:
            thread = threading.Thread(target=write)
            thread.start()
            assert began.wait(10)
            assert not done.wait(0.05)
            connection.execute(A_VERSION)
        thread.join(10)
        assert done.is_set()
        assert versions(database) == 2


def test_opened_to_read_it_cannot_be_written(file: Path, database: Database) -> None:
    with (
        closing(open_log(file)) as log,
        pytest.raises(DatabaseError, match="readonly"),
        log.transaction() as connection,
    ):
        connection.execute(A_VERSION)
    assert versions(database) == 0


def test_opened_to_read_after_a_crash_neither_the_database_nor_its_log_is_written(file: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from watcher.store.database import open_database\n"
        "database = open_database(Path(sys.argv[1]))\n"
        "with database.transaction() as connection:\n"
        "    connection.exec_driver_sql('INSERT INTO reference_versions VALUES (1, 1, 1)')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(file)], env=environment({}), check=True)
    log = Path(f"{file}-wal")
    before = file.read_bytes(), log.read_bytes()
    assert before[1]
    Path(f"{file}-shm").unlink()
    with closing(open_log(file)) as reader:
        assert versions(reader) == 1
    assert (file.read_bytes(), log.read_bytes()) == before


def test_its_log_is_cut_once_nobody_reads_in_it(file: Path, database: Database) -> None:
    with closing(open_log(file)) as log:
        with log.transaction() as reading:
            reading.execute(select(reference_versions)).all()
            for _ in range(20):
                with database.transaction() as connection:
                    connection.execute(A_VERSION)
            grown = database.log_bytes()
            assert grown > 20 * 4096
            database.cut_log()
            assert database.log_bytes() == grown
        database.cut_log()
        assert database.log_bytes() == 0
        assert versions(log) == 20


def test_its_log_is_not_left_long_where_a_reader_lingered(file: Path, database: Database) -> None:
    with closing(open_log(file)) as log, log.transaction() as reading:
        reading.execute(select(reference_versions)).all()
        with database.transaction() as connection:
            connection.execute(A_VERSION.values(reason="x" * 2 * LOG_BYTES))
        with database.transaction() as connection:
            connection.execute(A_VERSION)
        assert database.log_bytes() > 2 * LOG_BYTES
    for _ in range(2):
        with database.transaction() as connection:
            connection.execute(A_VERSION)
    assert database.log_bytes() <= LOG_BYTES


@pytest.mark.parametrize(
    ("code", "passing"),
    [
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_IOERR_FSYNC, True),
        (sqlite3.SQLITE_READONLY, True),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_CORRUPT, False),
        (sqlite3.SQLITE_NOTADB, False),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, False),
    ],
)
def test_faults_of_the_disk_are_distinguished_from_those_of_the_database(
    file: Path, code: int, *, passing: bool
) -> None:
    fault = sqlite3.OperationalError("so it is")
    fault.sqlite_errorcode = code
    with pytest.raises(DatabaseError) as raised, translated_errors(file):
        raise OperationalError("", None, fault)
    assert (passes(raised.value), str(raised.value)) == (passing, f"{file}: so it is")


def test_opened_to_read_it_is_left_as_it_is(file: Path) -> None:
    with closing(open_database(file)) as database, database.transaction() as connection:
        connection.execute(A_VERSION)
    before, changed = file.read_bytes(), file.stat().st_mtime_ns
    with closing(open_log(file)) as log:
        assert versions(log) == 1
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (before, changed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_user_who_may_make_no_files_in_its_folder_gets_advice(file: Path) -> None:
    open_database(file).close()
    script = (
        "import os, sys; from pathlib import Path; from watcher.errors import WatcherError\n"
        "from watcher.store.database import open_log\n"
        "os.setuid(65534)\n"
        "try:\n    open_log(Path(sys.argv[1]))\nexcept WatcherError as error:\n    sys.exit(str(error))"
    )
    with tempfile.TemporaryDirectory() as folder:  # those above pytest's own are for root alone
        Path(folder).chmod(0o755)
        file = file.rename(Path(folder) / "watcher.db")
        command = [sys.executable, "-c", script, str(file)]
        alone = subprocess.run(command, env=environment({}), check=False, capture_output=True, text=True)
        with closing(open_database(file)):
            subprocess.run(command, env=environment({}), check=True)
    assert alone.stderr == (
        f"{file}: without a running daemon, only a user who may make files in its folder can read it; "
        f"run this as the user that owns {folder}\n"
    )


def test_there_is_nothing_to_read_before_the_first_run(file: Path) -> None:
    with pytest.raises(DatabaseError) as raised:
        open_log(file)
    assert str(raised.value) == f"{file}: there is no database yet; `watcher run` makes it"
    assert not file.exists()


@pytest.mark.parametrize("open_it", [open_database, open_log])
def test_the_database_of_a_newer_program_is_refused_by_name(
    file: Path, open_it: Callable[[Path], Database]
) -> None:
    open_database(file).close()
    set_revision(file, "9999")
    before = file.read_bytes()
    with pytest.raises(DatabaseError) as raised:
        open_it(file)
    assert str(raised.value) == (
        f"{file}: a newer watcher made it (its schema is 9999, this program knows {HEAD}); "
        "install the newer program"
    )
    assert file.read_bytes() == before


@pytest.mark.parametrize("open_it", [open_database, open_log])
def test_a_file_of_another_kind_is_refused_by_name(file: Path, open_it: Callable[[Path], Database]) -> None:
    file.write_bytes(b"dear diary, " * 100)
    with pytest.raises(DatabaseError) as raised:
        open_it(file)
    assert str(raised.value) == f"{file}: file is not a database"
    assert file.read_bytes() == b"dear diary, " * 100


@pytest.mark.parametrize("open_it", [open_database, open_log])
def test_a_folder_is_refused_by_name(file: Path, open_it: Callable[[Path], Database]) -> None:
    file.mkdir()
    with pytest.raises(DatabaseError) as raised:
        open_it(file)
    assert str(raised.value).startswith(f"{file}: ")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match=r"Not a directory$"):
        open_database(tmp_path / "file" / "below" / "watcher.db")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which files are open")
@pytest.mark.parametrize("open_it", [open_database, open_log])
@pytest.mark.parametrize("newer", [True, False])
def test_a_refused_database_is_closed(
    file: Path, open_it: Callable[[Path], Database], *, newer: bool
) -> None:
    if newer:
        open_database(file).close()
        set_revision(file, "9999")
    else:
        file.write_bytes(b"dear diary, " * 100)
    with pytest.raises(DatabaseError) as raised:
        open_it(file)
    assert open_files(file) == []
    del raised


def test_names_are_reported_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as raised:
        open_log(tmp_path / "a\nb\x1b.db")
    assert str(raised.value).isprintable()


def test_an_empty_file_becomes_a_database(file: Path) -> None:
    file.touch()
    with closing(open_log(file)) as log:
        assert versions(log) == 0
