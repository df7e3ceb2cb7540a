"""One difference between log and folders at a time: what fsck finds, repairs and leaves."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from helpers.fsck_scenario import FILED, NO_PICTURE, Found, FsckScenario
from helpers.support import make_files, read_files, traces

from watcher.maintenance.fsck.discrepancies import Kind
from watcher.store.pruning import prunable, prune

LATER = "2099-01-01T00:00:00.000000Z"
FIRST = {
    "7/seven.png": b"7",
    "3/three.png": b"3",
    "5/caf\udce9.png": b"5",
    "review/doubt.png": b"9?",
    "failed/novel.txt": b"once upon a time",
    "failed/novel.txt.reason.txt": f"{NO_PICTURE}\n".encode(),
}
"""The files in the outbox at the beginning."""


def move(scenario: FsckScenario, source: str, goal: str) -> None:
    (scenario.workspace.outbox / source).rename(scenario.workspace.outbox / goal)


def take_away(scenario: FsckScenario, path: str) -> None:
    (scenario.workspace.outbox / path).unlink()


def put(scenario: FsckScenario, path: str, content: bytes = b"5") -> None:
    make_files(scenario.workspace.outbox, {path: content})


def put_keeping_its_time(scenario: FsckScenario, path: str, content: bytes) -> None:
    before = (scenario.workspace.outbox / path).stat()
    put(scenario, path, content)
    os.utime(scenario.workspace.outbox / path, ns=(before.st_atime_ns, before.st_mtime_ns))


def change(scenario: FsckScenario, statement: str, *values: object) -> None:
    """Change the log in a way that is not allowed."""
    connection = sqlite3.connect(scenario.workspace.database)
    with connection:
        connection.execute(statement, values)
    connection.close()


def a_later_one_by_its_name(scenario: FsckScenario) -> None:
    take_away(scenario, "7/seven.png")
    scenario.file({"seven.png": b"7 again"})


def two_at_the_same_time(scenario: FsckScenario) -> None:
    a_later_one_by_its_name(scenario)
    change(scenario, "UPDATE results SET filed_at = ? WHERE id = 1", LATER)


def a_copy_moved_where_one_is_taken_away(scenario: FsckScenario) -> None:
    scenario.file({"twin.png": b"7"})
    move(scenario, "7/twin.png", "1/twin.png")
    take_away(scenario, "7/seven.png")


def two_that_change_places(scenario: FsckScenario) -> None:
    scenario.file({"same.png": b"1"})
    scenario.file({"same.png": b"2"})
    move(scenario, "1/same.png", "3/same.png")
    move(scenario, "2/same.png", "1/same.png")
    move(scenario, "3/same.png", "2/same.png")


def a_crash_and_the_file_moved_away(scenario: FsckScenario) -> None:
    scenario.file({"six.png": b"6"}, until="mark_filed")
    move(scenario, "6/six.png", "1/six.png")
    for claim in list(scenario.scope.claims.tokens()):
        Path(scenario.scope.claims.path_of(claim)).unlink()


def a_crash_and_the_file_lost(scenario: FsckScenario) -> None:
    a_crash_and_the_file_moved_away(scenario)
    take_away(scenario, "1/six.png")


def a_crash_and_a_stranger_in_its_place(scenario: FsckScenario) -> None:
    scenario.file({"six.png": b"6"}, until="file")
    put(scenario, "6/six.png", b"a stranger's")


def a_reason_that_a_person_wrote_into(scenario: FsckScenario) -> None:
    take_away(scenario, "failed/novel.txt")
    put(scenario, "failed/novel.txt.reason.txt", b"I have read it")


def a_stranger_where_one_was_moved_away(scenario: FsckScenario) -> None:
    move(scenario, "3/three.png", "7/three.png")
    put(scenario, "3/three.png", b"a stranger's")


def links_and_pipes(scenario: FsckScenario) -> None:
    (scenario.workspace.outbox / "5/link").symlink_to("caf\udce9.png")
    os.mkfifo(scenario.workspace.outbox / "5/pipe")


def names_that_read_alike(scenario: FsckScenario) -> None:
    scenario.file({"\udcff.png": b"5", "\\xff.png": b"5"})


def what_is_none_of_ours(scenario: FsckScenario) -> None:
    make_files(
        scenario.workspace.outbox,
        {"7/.DS_Store": b"", "7/done/old.png": b"7", "mine.txt": b"", "8/x.part": b""},
    )


def two_rows_pruned(scenario: FsckScenario) -> None:
    change(scenario, "UPDATE results SET filed_at = '2001' WHERE id IN (1, 5)")
    assert sum(prune(scenario.scope.database, prunable(scenario.scope.database, "2002"))) == 2
    move(scenario, "7/seven.png", "1/seven.png")


BATCH = "{batch}"
Case = tuple[Callable[[FsckScenario], object], Sequence[tuple[str, str, int | None, str | None]]]

PEOPLE: list[Case] = [
    (lambda _house: None, []),
    (lambda h: move(h, "7/seven.png", "1/seven.png"), [("moved", "1/seven.png", 1, None)]),
    (lambda h: move(h, "5/caf\udce9.png", "6/caf\udce9.png"), [("moved", "6/caf\udce9.png", 3, None)]),
    (lambda h: move(h, "review/doubt.png", "9/renamed.png"), [("moved", "9/renamed.png", 4, None)]),
    (lambda h: take_away(h, "7/seven.png"), [("gone", "7/seven.png", 1, None)]),
    (a_later_one_by_its_name, [("gone", "7/seven.png", 1, None)]),
    (
        a_copy_moved_where_one_is_taken_away,
        [("moved", "1/twin.png", 6, None), ("gone", "7/seven.png", 1, None)],
    ),
    (two_rows_pruned, [("pruned", "1/seven.png", None, None), ("pruned", "failed/novel.txt", None, None)]),
    (names_that_read_alike, []),
    (what_is_none_of_ours, []),
]
"""What people do with their files, and what is no fault."""

FAULTS: list[Case] = [
    (lambda h: put(h, "7/seven.png", b"8"), [("altered", "7/seven.png", 1, None)]),
    (lambda h: put_keeping_its_time(h, "7/seven.png", b""), [("altered", "7/seven.png", 1, None)]),
    (lambda h: put(h, "5/mine.png"), [("unrecorded", "5/mine.png", None, "put into the inbox")]),
    (lambda h: put(h, "5/m\udcff.png"), [("unrecorded", "5/m\udcff.png", None, "put into the inbox")]),
    (
        a_stranger_where_one_was_moved_away,
        [("moved", "7/three.png", 2, None), ("unrecorded", "3/three.png", None, "put into the inbox")],
    ),
    (links_and_pipes, [("unrecorded", "5/link", None, None), ("unrecorded", "5/pipe", None, None)]),
    (
        lambda h: take_away(h, "failed/novel.txt.reason.txt"),
        [("unexplained", "failed/novel.txt", 5, "written")],
    ),
    (
        lambda h: take_away(h, "failed/novel.txt"),
        [("orphaned", "failed/novel.txt.reason.txt", 5, "removed"), ("gone", "failed/novel.txt", 5, None)],
    ),
    (
        a_reason_that_a_person_wrote_into,
        [("orphaned", "failed/novel.txt.reason.txt", 5, None), ("gone", "failed/novel.txt", 5, None)],
    ),
    (lambda h: put(h, "failed/a.reason.txt"), [("orphaned", "failed/a.reason.txt", None, None)]),
    (two_at_the_same_time, [("shared", "7/seven.png", 1, None)]),
    (
        lambda h: h.file({"six.png": b"6"}, until="record"),
        [("claimed", f"{BATCH}/six.png", None, "put into the inbox")],
    ),
    (lambda h: h.file({"six.png": b"6"}, until="file"), [("half filed", "6/six.png", 6, "finished")]),
    (lambda h: h.file({"six.png": b"6"}, until="mark_filed"), [("half filed", "6/six.png", 6, "finished")]),
    (lambda h: h.file({"six.png": b"6"}, until="drop"), [("left over", f"{BATCH}/six.png", 6, "finished")]),
    (
        a_crash_and_a_stranger_in_its_place,
        [("half filed", "6/six.png", 6, "finished"), ("unrecorded", "6/six.png", None, "put into the inbox")],
    ),
    (a_crash_and_the_file_lost, [("lost", "6/six.png", 6, None)]),
]


def inodes(scenario: FsckScenario) -> set[int]:
    """All files, whatever their names, except reasons."""
    files = [*scenario.workspace.inbox.rglob("*"), *scenario.workspace.outbox.rglob("*")]
    return {path.lstat().st_ino for path in files if path.is_file() and not path.name.endswith(".reason.txt")}


def decided(scenario: FsckScenario) -> list[dict[str, object]]:
    """The rows without times and destinations."""
    return [{**row, "filed_at": None, "destination": None} for row in scenario.workspace.rows()]


def traces_of(scenario: FsckScenario) -> tuple[object, ...]:
    return traces(scenario.workspace.inbox), traces(scenario.workspace.outbox), scenario.workspace.rows()


def test_the_house_is_as_it_is_said_to_be(scenario: FsckScenario) -> None:
    assert read_files(scenario.workspace.outbox) == FIRST
    scenario.workspace.audit(FILED.items())


@pytest.mark.parametrize(("befall", "case"), PEOPLE + FAULTS)
def test_each_discrepancy_is_found_and_repaired_where_that_can_be(
    scenario: FsckScenario,
    befall: Callable[[FsckScenario], object],
    case: Sequence[tuple[str, str, int | None, str | None]],
) -> None:
    befall(scenario)
    batch = "".join(token.split("/")[0] for token in scenario.scope.claims.tokens())
    findings = [Found(kind, workspace.replace(BATCH, batch), row) for kind, workspace, row, _ in case]
    before = traces_of(scenario)
    assert scenario.found() == findings
    assert traces_of(scenario) == before, "looking changes nothing"

    files, rows = inodes(scenario), decided(scenario)
    assert scenario.repair() == [repaired for *_, repaired in case]
    assert scenario.found() == [
        found for found, (*_, repaired) in zip(findings, case, strict=True) if not repaired
    ]
    assert (inodes(scenario), decided(scenario)) == (files, rows), "nothing is lost, nothing is made up"


def test_what_people_do_is_no_fault() -> None:
    kinds = {kind.word: kind.is_fault for kind in Kind}
    assert {kinds[kind] for _, case in PEOPLE for kind, *_ in case} == {False}
    assert {kind for _, case in PEOPLE + FAULTS for kind, *_ in case} == kinds.keys(), "all are tried"


def test_what_was_moved_before_it_was_marked_filed_is_marked_so(scenario: FsckScenario) -> None:
    a_crash_and_the_file_moved_away(scenario)
    assert scenario.found() == [("half filed", "1/six.png", 6)]
    assert scenario.repair() == ["marked filed"]
    assert scenario.found() == [("moved", "1/six.png", 6)]


def test_a_file_that_is_put_into_the_inbox_replaces_none_there(scenario: FsckScenario) -> None:
    put(scenario, "5/mine.png", b"5")
    make_files(scenario.workspace.inbox, {"mine.png": b"another"})
    assert scenario.repair() == [None]
    assert read_files(scenario.workspace.inbox) == {"mine.png": b"another"}
    assert (scenario.workspace.outbox / "5/mine.png").read_bytes() == b"5"


def test_what_was_put_into_the_inbox_ends_with_a_row_of_its_own(scenario: FsckScenario) -> None:
    put(scenario, "5/mine.png", b"6")
    scenario.file({"claimed.png": b"7"}, until="record")
    assert scenario.repair() == ["put into the inbox"] * 2
    scenario.file(read_files(scenario.workspace.inbox))
    assert scenario.found() == []
    scenario.workspace.audit([*FILED.items(), ("mine.png", b"6"), ("claimed.png", b"7")])


def test_what_was_altered_and_given_its_old_time_is_found_by_reading_every_file(
    scenario: FsckScenario,
) -> None:
    put_keeping_its_time(scenario, "7/seven.png", b"1")
    assert scenario.found() == []
    assert scenario.found(deep=True) == [("altered", "7/seven.png", 1)]


def test_two_files_of_one_name_that_changed_places_are_distinguished_by_reading_them(
    scenario: FsckScenario,
) -> None:
    two_that_change_places(scenario)
    assert scenario.found(deep=True) == [("moved", "1/same.png", 7), ("moved", "2/same.png", 6)]


def test_what_a_daemon_has_in_hand_is_no_discrepancy(scenario: FsckScenario) -> None:
    for number, until in enumerate(["record", "file", "mark_filed", "drop"]):
        scenario.file({f"{number}.png": b"6"}, until=until)
    assert {found.kind for found in scenario.found()} == {"claimed", "half filed", "left over"}
    assert scenario.found(is_running=True) == []


def test_what_is_lost_is_reported_while_a_daemon_runs_too(scenario: FsckScenario) -> None:
    a_crash_and_the_file_lost(scenario)
    assert scenario.found(is_running=True) == [("lost", "6/six.png", 6)]


def test_more_than_is_read_at_once_is_looked_at_in_steps(scenario: FsckScenario) -> None:
    many = {f"{number}.png": b"%d" % (number % 10) for number in range(2500)}
    scenario.file(many)
    assert scenario.found() == []
    for number in range(0, 2500, 500):
        take_away(scenario, f"{number % 10}/{number}.png")
    put(scenario, "0/zero.png", b"0")
    found = scenario.found()
    assert [one.kind for one in found] == ["moved", *["gone"] * 4], "the stranger's is taken for one that was"
