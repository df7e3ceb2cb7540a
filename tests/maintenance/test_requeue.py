"""Requeue: a file is put back whole or not at all, wherever it is stopped, and never has two rows."""

import pytest
from helpers.filing_scenario import Crash, FilingScenario, Fuse, recognized
from helpers.support import make_files, read_files

from watcher.errors import WatcherError
from watcher.folders.locks import locked
from watcher.folders.outbox import Outbox
from watcher.maintenance.requeue import Requeue
from watcher.store.requeued import RequeuedResults

NOVELS = {"novel.txt": b"once", "s\udcffn.txt": b"upon", "x" * 255: b"a time"}


def requeue_in(scenario: FilingScenario, fuse: Fuse | None = None) -> Requeue:
    fuse = fuse or Fuse(10**9)
    return Requeue(
        fuse.guard(RequeuedResults(scenario.log._database), "begin", "end", "undo"),  # noqa: SLF001 - another face of the same database
        fuse.guard(Outbox(scenario.workspace.outbox), "move_out", "remove_reason"),
        scenario.workspace.inbox,
        scenario.flusher,
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.maintenance.requeue.PATIENCE", 0.05)


def fail(scenario: FilingScenario, files: dict[str, bytes]) -> list[int]:
    """File these as failed. Returns the ids of their rows."""
    before = {row["id"] for row in scenario.workspace.rows()}
    scenario.filing().finish([recognized(claim) for claim in scenario.claim(files)])
    return [row["id"] for row in scenario.workspace.rows() if row["id"] not in before]


def refuse(why: str) -> None:
    pytest.fail(why)


def is_true(scenario: FilingScenario, files: dict[str, bytes]) -> None:
    """Each file lies in failed/ with its row and its reason, or in the inbox and has none."""
    waiting = {name: files[name] for name in read_files(scenario.workspace.inbox)}
    assert waiting == read_files(scenario.workspace.inbox)
    for name in waiting:
        (scenario.workspace.inbox / name).unlink()
    scenario.workspace.audit((name, content) for name, content in files.items() if name not in waiting)
    make_files(scenario.workspace.inbox, dict(waiting))


def test_failed_files_lie_in_the_inbox_again_under_the_names_they_came_with(scenario: FilingScenario) -> None:
    fail(scenario, {"seven.png": b"7"})
    make_files(scenario.workspace.outbox, {"failed/novel.txt": b"a stranger's"})
    ids = fail(scenario, NOVELS)
    assert requeue_in(scenario).put_back(ids, refuse) == 3
    assert read_files(scenario.workspace.inbox) == NOVELS
    assert read_files(scenario.workspace.outbox) == {"7/seven.png": b"7", "failed/novel.txt": b"a stranger's"}
    assert [row["name"] for row in scenario.workspace.rows()] == ["seven.png"]


def test_a_file_recognized_again_has_one_row_and_its_old_one_is_history(scenario: FilingScenario) -> None:
    ids = fail(scenario, {"novel.txt": b"once"})
    [old] = scenario.workspace.rows()
    requeue_in(scenario).put_back(ids, refuse)
    (scenario.workspace.inbox / "novel.txt").write_bytes(b"7")
    scenario.filing().finish([recognized(claim) for claim in scenario.claim({"novel.txt": b"7"})])
    scenario.workspace.audit([("novel.txt", b"7")])
    with scenario.log._database.transaction() as connection:  # noqa: SLF001 - what other programs read
        [history] = connection.exec_driver_sql("SELECT * FROM retried_results").mappings().all()
    assert {key: history[key] for key in old} == old
    assert old["filed_at"] <= history["retried_at"] <= history["put_back_at"]
    assert scenario.workspace.rows()[0]["id"] > old["id"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", range(6))
def test_wherever_it_is_killed_the_next_one_recovers(
    scenario: FilingScenario, steps: int, *, after: bool
) -> None:
    files = {"novel.txt": b"once", "sequel.txt": b"twice"}
    ids = fail(scenario, files)
    with pytest.raises(Crash):  # to begin, to move two, to remove two reasons, to end
        requeue_in(scenario, Fuse(steps, after=after)).put_back(ids, refuse)
    requeue_in(scenario).recover()
    is_true(scenario, files)
    requeue_in(scenario).put_back([row["id"] for row in scenario.workspace.rows()], refuse)
    assert read_files(scenario.workspace.inbox) == files
    assert read_files(scenario.workspace.outbox) == {}
    assert scenario.workspace.rows() == []


@pytest.mark.parametrize("steps", range(1, 3))
def test_killed_while_it_recovers_the_next_one_recovers(scenario: FilingScenario, steps: int) -> None:
    files = {"novel.txt": b"once", "sequel.txt": b"twice"}
    ids = fail(scenario, files)
    with pytest.raises(Crash):
        requeue_in(scenario, Fuse(2)).put_back(ids, refuse)
    with pytest.raises(Crash):
        requeue_in(scenario, Fuse(steps)).recover()
    requeue_in(scenario).recover()
    is_true(scenario, files)


def test_a_file_of_that_name_in_the_inbox_is_not_replaced(scenario: FilingScenario) -> None:
    ids = fail(scenario, {"novel.txt": b"once"})
    make_files(scenario.workspace.inbox, {"novel.txt": b"another"})
    told: list[str] = []
    assert requeue_in(scenario).put_back(ids, told.append) == 0
    assert told == [f"result {ids[0]}: a file named novel.txt waits in the inbox; try again later"]
    assert read_files(scenario.workspace.inbox) == {"novel.txt": b"another"}
    (scenario.workspace.inbox / "novel.txt").unlink()
    scenario.workspace.audit([("novel.txt", b"once")])


def test_refusals_are_reported_and_the_others_are_put_back(scenario: FilingScenario) -> None:
    [filed] = fail(scenario, {"seven.png": b"7"})
    gone, again, fine = fail(scenario, {"gone.txt": b"a", "again.txt": b"b", "fine.txt": b"c"})
    (scenario.workspace.outbox / "failed" / "gone.txt").unlink()
    requeue_in(scenario).put_back([again], refuse)
    told: list[str] = []
    assert requeue_in(scenario).put_back([filed, gone, again, 99, fine, fine], told.append) == 1
    assert [line.partition(" at ")[0] for line in told] == [
        f"result {filed} (seven.png) is neither failed nor in review: it lies",
        f"result {gone}: failed/gone.txt is no longer in the outbox",
        f"result {again} was put back",
        "there is no result 99",
    ]
    assert read_files(scenario.workspace.inbox) == {"again.txt": b"b", "fine.txt": b"c"}


def test_a_reason_that_was_edited_is_left(scenario: FilingScenario) -> None:
    ids = fail(scenario, {"novel.txt": b"once"})
    make_files(scenario.workspace.outbox, {"failed/novel.txt.reason.txt": b"to be scanned again"})
    requeue_in(scenario).put_back(ids, refuse)
    assert read_files(scenario.workspace.outbox) == {"failed/novel.txt.reason.txt": b"to be scanned again"}


def test_only_one_process_puts_files_back(scenario: FilingScenario) -> None:
    ids = fail(scenario, {"novel.txt": b"once"})
    with locked(scenario.workspace.outbox / "failed") as is_ours:  # as another process does
        assert is_ours
        with pytest.raises(WatcherError, match="another `watcher retry` is running"):
            requeue_in(scenario).put_back(ids, refuse)
        RequeuedResults(scenario.log._database).begin(ids)  # noqa: SLF001
        requeue_in(scenario).recover()
        assert scenario.workspace.rows() == []
    requeue_in(scenario).recover()
    scenario.workspace.audit([("novel.txt", b"once")])
