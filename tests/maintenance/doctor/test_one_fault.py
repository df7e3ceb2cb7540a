"""One fault at a time, and what its check says."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.daemon import Workspace
from helpers.support import make_files, read_files, traces

from watcher.config.settings import Config
from watcher.folders.events import CANARY
from watcher.maintenance.doctor import database, events, folders, machine
from watcher.maintenance.doctor.examination import Check, examine
from watcher.maintenance.doctor.findings import Level
from watcher.maintenance.doctor.workers import workers
from watcher.store.timestamps import stamp

Configured = Callable[..., Config]
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk of its own on Linux


def alter(workspace: Workspace, statement: str, *values: object) -> None:
    """Change the database in a way that is not allowed."""
    with sqlite3.connect(workspace.database) as connection:
        connection.execute(statement, values)
    connection.close()


def a_file_for_the_inbox(workspace: Workspace) -> None:
    shutil.rmtree(workspace.inbox)
    workspace.inbox.write_bytes(b"")


def a_file_for_a_folder_of_the_outbox(workspace: Workspace) -> None:
    (workspace.outbox / "7").rmdir()
    (workspace.outbox / "7").write_bytes(b"")


def no_right_to_write(workspace: Workspace) -> None:
    workspace.inbox.chmod(0o500)


def the_outbox_on_another_disk(workspace: Workspace) -> None:
    shutil.rmtree(workspace.outbox)
    workspace.outbox.symlink_to(MEMORY)


def pictures_in_a_subfolder(workspace: Workspace) -> None:
    make_files(workspace.inbox, {"job-17/a.png": b"1", "job-17/b.png": b"1"})


def a_link_in_the_inbox(workspace: Workspace) -> None:
    (workspace.inbox / "link.png").symlink_to(workspace.database)


def claims_of_a_daemon_that_died(workspace: Workspace) -> None:
    make_files(workspace.claimed, {"0000000000000001/a.png": b"1", "0000000000000002/b.png": b"2"})


def no_database_but_text(workspace: Workspace) -> None:
    workspace.database.write_bytes(b"once upon a time " * 100)


def a_stranger_s_database(workspace: Workspace) -> None:
    workspace.database.unlink()
    alter(workspace, "CREATE TABLE recipes (name)")


def a_newer_program_s_database(workspace: Workspace) -> None:
    alter(workspace, "UPDATE alembic_version SET version_num = '9999'")


def a_damaged_database(workspace: Workspace) -> None:
    content = bytearray(workspace.database.read_bytes())
    size = 4096
    for page in range(10, len(content) // size, 7):
        content[page * size : page * size + 100] = b"\xa5" * 100
    workspace.database.write_bytes(content)


def an_older_program_s_database(workspace: Workspace) -> None:
    alter(workspace, "UPDATE alembic_version SET version_num = '0000'")


def no_sevens(workspace: Workspace) -> None:
    alter(workspace, "UPDATE reference_images SET retired_at = 'now' WHERE digit = 7")


def no_references_any_more(workspace: Workspace) -> None:
    alter(workspace, "UPDATE reference_images SET retired_at = 'now'")


def a_reference_that_cannot_be_read(workspace: Workspace) -> None:
    alter(workspace, "UPDATE reference_images SET image = X'00' WHERE id = 17")


def no_classifier(workspace: Workspace) -> None:
    shutil.rmtree(workspace.database.with_name("watcher.db.cache"))


def a_label_that_is_wrong(workspace: Workspace) -> None:
    alter(
        workspace, "UPDATE reference_images SET image = (SELECT image FROM reference_images WHERE digit = 9)"
    )


def a_row_of_tomorrow(workspace: Workspace) -> None:
    add_row(workspace, "a", time.time() + 86400)


def a_row_of_tomorrow_before_one_of_today(workspace: Workspace) -> None:
    a_row_of_tomorrow(workspace)
    add_row(workspace, "b", time.time() - 1)


def add_row(workspace: Workspace, name: str, decided_at: float) -> None:
    row = (
        "INSERT INTO results (name, status, destination, claim, arrived_at, decided_at) VALUES (?,?,?,?,?,?)"
    )
    at = stamp(decided_at)
    alter(workspace, row, name, "failed", f"failed/{name}", f"1/{name}", at, at)


@pytest.mark.parametrize(
    ("spoil", "check", "level", "words"),
    [
        (a_file_for_the_inbox, folders.inbox, "wrong", "inbox is not a folder"),
        (a_file_for_the_inbox, folders.one_disk, "warn", "not tried"),
        (a_file_for_the_inbox, events.delivery, "warn", "not tried"),
        (a_file_for_a_folder_of_the_outbox, folders.outbox, "wrong", "outbox/7 is not a folder"),
        (
            pictures_in_a_subfolder,
            folders.inbox,
            "warn",
            "2 files in subfolders that are not watched",
        ),
        (a_link_in_the_inbox, folders.inbox, "warn", "inbox/link.png: it is a link; links are not followed"),
        (no_right_to_write, folders.inbox, "wrong", "inbox cannot be written"),
        (the_outbox_on_another_disk, folders.one_disk, "wrong", "different disks or mounts"),
        (claims_of_a_daemon_that_died, folders.lock, "warn", "interrupted and left 2 claimed files"),
        (no_database_but_text, database.database, "wrong", "file is not a database"),
        (no_database_but_text, database.references, "wrong", "file is not a database"),
        (a_stranger_s_database, database.database, "wrong", "is not a database of the watcher"),
        (a_newer_program_s_database, database.database, "wrong", "its schema is 9999"),
        (an_older_program_s_database, database.database, "warn", "its schema is 0000"),
        (a_damaged_database, database.database, "wrong", "watcher.db"),
        (no_sevens, database.references, "warn", "360, but none of 7"),
        (no_sevens, database.model, "warn", "none for these references"),
        (no_references_any_more, database.references, "wrong", "all are retired"),
        (a_reference_that_cannot_be_read, database.references, "wrong", "reference 17 cannot be read"),
        (no_classifier, database.model, "warn", "none for these references"),
        (no_classifier, workers, "warn", "not tried"),
        (a_label_that_is_wrong, workers, "warn", "labeled 0, was taken for 9"),
        (a_row_of_tomorrow, machine.clock, "warn", "1 row of the log is ahead of it, up to 20"),
        (a_row_of_tomorrow_before_one_of_today, machine.clock, "warn", "1 row of the log is ahead of it"),
    ],
)
def test_what_is_not_right_is_reported_with_what_to_do(
    workspace: Workspace,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    *,
    spoil: Callable[[Workspace], None],
    check: Check,
    level: str,
    words: str,
) -> None:
    spoil(workspace)
    monkeypatch.setattr(os, "access", as_owner)
    before = traces(workspace.path)
    bad = [finding for finding in examine(config, {"it": check}) if finding.level is not Level.OK]
    assert traces(workspace.path) == before
    assert bad
    assert {finding.level for finding in bad} == {level}
    assert words in bad[0].figure
    assert all(finding.advice for finding in bad)


@pytest.mark.usefixtures("workspace")
def test_of_pictures_in_a_subfolder_the_setting_to_change_is_named(
    workspace: Workspace, configured: Configured
) -> None:
    pictures_in_a_subfolder(workspace)
    (_, finding) = folders.inbox(configured())
    assert finding.advice is not None
    assert "`recursive = true` under [inbox]" in finding.advice
    assert [one.level for one in folders.inbox(configured(inbox__recursive="true"))] == [Level.OK]


@pytest.mark.parametrize("refuses", ["outbox", "claimed"])
def test_a_link_that_is_refused_is_reported_with_the_folder_that_refuses(
    workspace: Workspace, config: Config, monkeypatch: pytest.MonkeyPatch, refuses: str
) -> None:
    def link(source: str, goal: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", source, None, str(goal))

    folder = workspace.outbox if refuses == "outbox" else workspace.claimed
    monkeypatch.setattr(os, "access", lambda path, _right: Path(path) != folder)
    if refuses == "outbox":
        monkeypatch.setattr(os, "link", link)
    else:
        monkeypatch.setattr("tempfile.NamedTemporaryFile", lambda **_: link("probe", folder / "probe"))
    (finding,) = folders.one_disk(config)
    assert finding.level is Level.WRONG
    assert finding.figure == f"no link could be made: {folder}: Permission denied"
    assert finding.advice == f"let the watcher's user write in {folder}"


def as_owner(path: Path, right: int) -> bool:
    """What the owner may do; root may do anything."""
    return Path(path).stat().st_mode >> 6 & right == right


def test_a_probe_that_was_left_by_a_doctor_that_was_killed_is_gone_after_the_next(
    workspace: Workspace, config: Config
) -> None:
    make_files(workspace.inbox, {CANARY: b"", ".mine": b""})
    assert [finding.level for finding in events.delivery(config)] == [Level.OK]
    assert read_files(workspace.inbox) == {".mine": b""}
