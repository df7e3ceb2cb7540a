"""Putting failed files back: whole or not at all, however it is cut short, and never two rows for a file."""

import pytest
from helpers.filing_site import Crash, Fuse, Workshop, recognized
from helpers.support import make_files, read_files

from watcher.errors import WatcherError
from watcher.folders.outbox import Outbox
from watcher.maintenance.requeue import Requeue
from watcher.store.retries import Retries

NOVELS = {"novel.txt": b"once", "s\udcffn.txt": b"upon", "x" * 255: b"a time"}


def retrying_in(workshop: Workshop, fuse: Fuse | None = None) -> Requeue:
    fuse = fuse or Fuse(10**9)
    return Requeue(
        fuse.guard(Retries(workshop.log._database), "begin", "end", "undo"),  # noqa: SLF001 - another face of the same database
        fuse.guard(Outbox(workshop.place.outbox), "give_back", "remove_reason"),
        workshop.place.inbox,
        workshop.flusher,
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.maintenance.requeue.PATIENCE", 0.05)


def fail(workshop: Workshop, files: dict[str, bytes]) -> list[int]:
    """Have files filed as failed; the ids of their rows."""
    before = {row["id"] for row in workshop.place.rows()}
    workshop.filing().finish([recognized(claim) for claim in workshop.claim(files)])
    return [row["id"] for row in workshop.place.rows() if row["id"] not in before]


def refuse(why: str) -> None:
    pytest.fail(why)


def is_true(workshop: Workshop, files: dict[str, bytes]) -> None:
    """Each file lies in failed/ with its row and its reason, or in the inbox and has none."""
    waiting = {name: files[name] for name in read_files(workshop.place.inbox)}
    assert waiting == read_files(workshop.place.inbox)
    for name in waiting:
        (workshop.place.inbox / name).unlink()
    workshop.place.audit((name, content) for name, content in files.items() if name not in waiting)
    make_files(workshop.place.inbox, dict(waiting))


def test_failed_files_lie_in_the_inbox_again_under_the_names_they_came_with(workshop: Workshop) -> None:
    fail(workshop, {"seven.png": b"7"})
    make_files(workshop.place.outbox, {"failed/novel.txt": b"a stranger's"})
    ids = fail(workshop, NOVELS)
    assert retrying_in(workshop).put_back(ids, refuse) == 3
    assert read_files(workshop.place.inbox) == NOVELS
    assert read_files(workshop.place.outbox) == {"7/seven.png": b"7", "failed/novel.txt": b"a stranger's"}
    assert [row["name"] for row in workshop.place.rows()] == ["seven.png"]


def test_what_is_put_through_again_has_one_row_and_the_old_one_is_history(workshop: Workshop) -> None:
    ids = fail(workshop, {"novel.txt": b"once"})
    [old] = workshop.place.rows()
    retrying_in(workshop).put_back(ids, refuse)
    (workshop.place.inbox / "novel.txt").write_bytes(b"7")
    workshop.filing().finish([recognized(claim) for claim in workshop.claim({"novel.txt": b"7"})])
    workshop.place.audit([("novel.txt", b"7")])
    with workshop.log._database.transaction() as connection:  # noqa: SLF001 - what other programs read
        [history] = connection.exec_driver_sql("SELECT * FROM retried_results").mappings().all()
    assert {key: history[key] for key in old} == old
    assert old["filed_at"] <= history["retried_at"] <= history["put_back_at"]
    assert workshop.place.rows()[0]["id"] > old["id"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", range(6))
def test_wherever_it_is_killed_the_next_puts_it_right(workshop: Workshop, steps: int, *, after: bool) -> None:
    files = {"novel.txt": b"once", "sequel.txt": b"twice"}
    ids = fail(workshop, files)
    with pytest.raises(Crash):  # to begin, to move two, to remove two reasons, to end
        retrying_in(workshop, Fuse(steps, after=after)).put_back(ids, refuse)
    retrying_in(workshop).mend()
    is_true(workshop, files)
    retrying_in(workshop).put_back([row["id"] for row in workshop.place.rows()], refuse)
    assert read_files(workshop.place.inbox) == files
    assert read_files(workshop.place.outbox) == {}
    assert workshop.place.rows() == []


@pytest.mark.parametrize("steps", range(1, 3))
def test_killed_while_it_is_put_right_it_is_put_right_by_the_next(workshop: Workshop, steps: int) -> None:
    files = {"novel.txt": b"once", "sequel.txt": b"twice"}
    ids = fail(workshop, files)
    with pytest.raises(Crash):
        retrying_in(workshop, Fuse(2)).put_back(ids, refuse)
    with pytest.raises(Crash):
        retrying_in(workshop, Fuse(steps)).mend()
    retrying_in(workshop).mend()
    is_true(workshop, files)


def test_a_name_that_waits_in_the_inbox_is_not_taken_from_it(workshop: Workshop) -> None:
    ids = fail(workshop, {"novel.txt": b"once"})
    make_files(workshop.place.inbox, {"novel.txt": b"another"})
    told: list[str] = []
    assert retrying_in(workshop).put_back(ids, told.append) == 0
    assert told == [f"result {ids[0]}: a file named novel.txt waits in the inbox; try again later"]
    assert read_files(workshop.place.inbox) == {"novel.txt": b"another"}
    (workshop.place.inbox / "novel.txt").unlink()
    workshop.place.audit([("novel.txt", b"once")])


def test_what_cannot_be_put_back_is_told_and_the_others_are(workshop: Workshop) -> None:
    [filed] = fail(workshop, {"seven.png": b"7"})
    gone, again, fine = fail(workshop, {"gone.txt": b"a", "again.txt": b"b", "fine.txt": b"c"})
    (workshop.place.outbox / "failed" / "gone.txt").unlink()
    retrying_in(workshop).put_back([again], refuse)
    told: list[str] = []
    assert retrying_in(workshop).put_back([filed, gone, again, 99, fine, fine], told.append) == 1
    assert [line.partition(" at ")[0] for line in told] == [
        f"result {filed} (seven.png) has not failed: it lies",
        f"result {gone}: failed/gone.txt is not in the outbox any more",
        f"result {again} was put back",
        "there is no result 99",
    ]
    assert read_files(workshop.place.inbox) == {"again.txt": b"b", "fine.txt": b"c"}


def test_a_reason_that_somebody_wrote_is_left(workshop: Workshop) -> None:
    ids = fail(workshop, {"novel.txt": b"once"})
    make_files(workshop.place.outbox, {"failed/novel.txt.reason.txt": b"to be scanned again"})
    retrying_in(workshop).put_back(ids, refuse)
    assert read_files(workshop.place.outbox) == {"failed/novel.txt.reason.txt": b"to be scanned again"}


def test_only_one_is_at_it(workshop: Workshop) -> None:
    ids = fail(workshop, {"novel.txt": b"once"})
    with retrying_in(workshop)._alone() as is_alone:  # noqa: SLF001 - another process, held in the middle
        assert is_alone
        with pytest.raises(WatcherError, match="another `watcher retry` is at work"):
            retrying_in(workshop).put_back(ids, refuse)
        Retries(workshop.log._database).begin(ids)  # noqa: SLF001
        retrying_in(workshop).mend()
        assert workshop.place.rows() == []
    retrying_in(workshop).mend()
    workshop.place.audit([("novel.txt", b"once")])
