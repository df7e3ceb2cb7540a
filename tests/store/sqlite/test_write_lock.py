"""The write lock: one connection of any process holds it, and it is released when its holder dies."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from helpers.daemon import environment
from helpers.support import wait_until
from helpers.write_turns import noting, turns
from sqlalchemy import insert, select

from watcher.errors import passes
from watcher.store.database import Database, DatabaseError, open_database, open_log
from watcher.store.schema import reference_versions
from watcher.store.sqlite.write_lock import WriteLock

TESTS = Path(__file__).parents[2]
A_VERSION = insert(reference_versions).values(made_at="now", reason="why")
HOLDER = """\
import sys
from pathlib import Path
from watcher.store.sqlite.write_lock import WriteLock
with WriteLock(Path(sys.argv[1]), 1).held():
    print("held", flush=True)
    sys.stdin.read()
"""
WRITER = """\
import sys
from contextlib import closing
from pathlib import Path
from sqlalchemy import insert
from watcher.store.database import open_database
from watcher.store.schema import reference_versions
from watcher.store.sqlite.write_lock import WriteLock
sys.path.append(sys.argv[4])
from helpers.write_turns import noting
WriteLock.held = noting(Path(sys.argv[3]))
for _ in range(int(sys.argv[2])):
    with closing(open_database(Path(sys.argv[1]))) as database:
        for _ in range(3):
            with database.transaction() as connection:
                connection.execute(insert(reference_versions).values(made_at="now", reason="x" * 9000))
"""


@contextmanager
def another_holds(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """While in the context, another process holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment({})
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield holder
        assert holder.stdin
        holder.stdin.close()


def test_a_writer_waits_for_the_lock_and_then_gives_up(file: Path, database: Database) -> None:
    with (
        another_holds(file),
        closing(Database(database._engine, file, WriteLock(file, 0.05))) as impatient,  # noqa: SLF001 - the same one, less patient
        pytest.raises(DatabaseError) as raised,
        impatient.transaction(),
    ):
        pytest.fail("another holds it")
    assert str(raised.value) == f"{file}: another program has been writing it for 0.05 s; try again later"
    assert passes(raised.value)
    with database.transaction() as connection:
        connection.execute(A_VERSION)


def test_a_killed_process_releases_the_lock(file: Path, database: Database) -> None:
    lock = WriteLock(file, 0)
    with another_holds(file) as holder:
        with pytest.raises(TimeoutError), lock.held():
            pytest.fail("another holds it")
        holder.kill()
        holder.wait()
        with lock.held():
            pass
    lock.close()
    with database.transaction() as connection:
        connection.execute(A_VERSION)
    with database.transaction() as connection:
        assert len(connection.execute(select(reference_versions)).all()) == 1


def test_a_reader_does_not_wait(file: Path) -> None:
    open_database(file).close()
    with another_holds(file), closing(open_log(file)) as log, log.transaction() as connection:
        assert connection.execute(select(reference_versions)).all() == []


def test_the_lock_is_held_while_the_database_is_opened_and_closed_too(file: Path) -> None:
    done = threading.Event()

    def open_and_close() -> None:
        open_database(file).close()
        done.set()

    thread = threading.Thread(target=open_and_close)
    with another_holds(file):
        thread.start()
        assert not done.wait(0.1)
        assert not file.exists()
    thread.join(10)
    assert done.is_set()


def test_several_processes_that_write_checkpoint_open_and_close_at_once_lose_nothing(
    file: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = file.with_name("turns.txt")
    notes.touch()
    monkeypatch.setattr(WriteLock, "held", noting(notes))
    commands = [[sys.executable, "-c", WRITER, str(file), "5", str(notes), str(TESTS)]] * 2
    writers = [subprocess.Popen(command, env=environment({})) for command in commands]
    wait_until(lambda: len(set(turns(notes))) == 2, 60)  # both are at work
    for _ in range(30):
        with database.transaction() as connection:
            connection.execute(A_VERSION)
        database.cut_log()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with database.transaction() as connection:
        assert len(connection.execute(select(reference_versions)).all()) == 30 + 2 * 5 * 3
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert set(turns(notes)) >= {str(process.pid) for process in writers} | {str(os.getpid())}
