"""Filing under faults that pass: the same call goes on from there. And files that change meanwhile."""

import errno
import itertools
import os
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.filing_scenario import NO_PICTURE, OTHERS, PICTURES, Crash, FilingScenario, Fuse, recognized
from helpers.support import make_files, read_files

from watcher.folders.claims import Claim
from watcher.folders.contents import State, examine
from watcher.pipeline.filing import Filing
from watcher.pipeline.outcome import Outcome

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def drained(filing: Filing, outcomes: list[Outcome], tries: int = 2) -> list[Claim]:
    """Finish, and again after a fault. Returns the claims whose files changed."""
    for attempt in range(tries):
        try:
            return list(filing.finish(outcomes, again=attempt > 0).changed)
        except OSError:
            continue
    pytest.fail("it never ends")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", range(10))
def test_wherever_a_fault_falls_the_same_call_goes_on_from_there(
    scenario: FilingScenario, steps: int, *, after: bool
) -> None:
    dropped = PICTURES | OTHERS
    outcomes = [recognized(claim) for claim in scenario.claim(dropped)]
    filing = scenario.filing(Fuse(steps, after=after, fault=FULL))
    with pytest.raises(OSError, match=FULL.strerror):
        filing.finish(outcomes)
    finished = filing.finish(outcomes, again=True)
    assert finished.changed == []
    assert [claim.name for claim, _ in finished.filed] == list(dropped)
    assert [decision.destination.split("/")[0] for _, decision in finished.filed] == [*"0123", "5", "failed"]
    scenario.workspace.audit(dropped.items())
    assert len(read_files(scenario.workspace.outbox)) == len(dropped) + 1


def test_a_name_taken_meanwhile_and_then_a_fault_lose_nothing(scenario: FilingScenario) -> None:
    outcomes = [recognized(claim) for claim in scenario.claim({"seven.png": b"7"})]
    filing = scenario.filing(Fuse(1, fault=FULL))  # before the file is linked
    with pytest.raises(OSError, match=FULL.strerror):
        filing.finish(outcomes)
    make_files(scenario.workspace.outbox, {"7/seven.png": b"a stranger's"})
    [(_, decision)] = filing.finish(outcomes, again=True).filed
    assert decision.destination == "7/seven-1.png" == scenario.workspace.rows()[0]["destination"]
    assert read_files(scenario.workspace.outbox) == {"7/seven.png": b"a stranger's", "7/seven-1.png": b"7"}


def test_a_half_written_reason_is_completed(scenario: FilingScenario) -> None:
    outcomes = [recognized(claim) for claim in scenario.claim({"novel.txt": b"chapter"})]
    filing = scenario.filing(Fuse(2, fault=FULL))  # before it is explained
    with pytest.raises(OSError, match=FULL.strerror):
        filing.finish(outcomes)
    make_files(scenario.workspace.outbox, {"failed/novel.txt.reason.txt": NO_PICTURE.encode()[:4]})
    filing.finish(outcomes, again=True)
    scenario.workspace.audit([("novel.txt", b"chapter")])
    assert read_files(scenario.workspace.outbox)["failed/novel.txt.reason.txt"] == f"{NO_PICTURE}\n".encode()


def test_a_file_that_changed_since_it_was_read_is_not_filed_as_what_it_was(scenario: FilingScenario) -> None:
    claims = scenario.claim({"seven.png": b"7", "three.png": b"3"})
    outcomes = [recognized(claim) for claim in claims]
    Path(claims[0].path).write_bytes(b"1")
    finished = scenario.filing().finish(outcomes)
    assert [claim.name for claim, _ in finished.filed] == ["three.png"]
    assert finished.changed == claims[:1]
    assert [row["name"] for row in scenario.workspace.rows()] == ["three.png"]
    assert read_files(scenario.workspace.outbox) == {"3/three.png": b"3"}
    scenario.filing().finish([recognized(claim) for claim in finished.changed])
    scenario.workspace.audit([("seven.png", b"1"), ("three.png", b"3")])


def test_a_file_that_is_open_for_writing_waits_until_it_is_closed(scenario: FilingScenario) -> None:
    [claim] = scenario.claim({"seven.png": b"7"})
    with Path(claim.path).open("r+b"):
        assert scenario.filing().finish([recognized(claim)]).changed == [claim]
        assert scenario.workspace.rows() == []
    scenario.filing().finish([recognized(claim)])
    scenario.workspace.audit([("seven.png", b"7")])


def test_a_file_that_is_gone_gets_no_row(scenario: FilingScenario) -> None:
    [claim] = scenario.claim({"seven.png": b"7"})
    outcome = recognized(claim)
    Path(claim.path).unlink()
    assert scenario.filing().finish([outcome]).changed == [claim]
    assert scenario.workspace.rows() == []
    assert read_files(scenario.workspace.outbox) == {}


CHANGED = {"seven.png": b"1", "novel.txt": b"twice", "three.png": b"3"}


@pytest.fixture
def changing(scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch) -> list[Claim]:
    """Claims of which two change while they are filed: after the link, before they are marked."""
    claims = scenario.claim({"seven.png": b"7", "novel.txt": b"once", "three.png": b"3"})
    flushes = itertools.count()

    def flush() -> None:
        if next(flushes) == 1:
            for claim in claims[:2]:
                Path(claim.path).write_bytes(CHANGED[claim.name])

    monkeypatch.setattr(scenario.flusher, "flush", flush)
    return claims


def test_a_file_that_changes_while_it_is_filed_is_taken_back(
    scenario: FilingScenario, changing: list[Claim]
) -> None:
    finished = scenario.filing().finish([recognized(claim) for claim in changing])
    assert finished.changed == changing[:2]
    assert [row["name"] for row in scenario.workspace.rows()] == ["three.png"]
    assert read_files(scenario.workspace.outbox) == {"3/three.png": b"3"}
    scenario.filing().finish([recognized(claim) for claim in finished.changed])
    scenario.workspace.audit(CHANGED.items())


# To record; to file three and write one reason; to unfile two and forget them.
STEPS_OF_TAKING_BACK = range(5, 8)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", STEPS_OF_TAKING_BACK)
def test_a_fault_while_a_file_is_taken_back_loses_nothing(
    scenario: FilingScenario, changing: list[Claim], steps: int, *, after: bool
) -> None:
    filing = scenario.filing(Fuse(steps, after=after, fault=FULL))
    changed = drained(filing, [recognized(claim) for claim in changing])
    assert scenario.filing().finish([recognized(claim) for claim in changed]).changed == []
    scenario.workspace.audit(CHANGED.items())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", STEPS_OF_TAKING_BACK)
def test_a_crash_while_a_file_is_taken_back_loses_nothing(
    scenario: FilingScenario, changing: list[Claim], steps: int, *, after: bool
) -> None:
    with pytest.raises(Crash):
        scenario.filing(Fuse(steps, after=after)).finish([recognized(claim) for claim in changing])
    scenario.resume()
    scenario.workspace.audit(CHANGED.items())


def test_a_file_that_changed_between_two_runs_is_recognized_again(scenario: FilingScenario) -> None:
    claims = scenario.claim({"seven.png": b"7", "three.png": b"3"})
    with pytest.raises(Crash):
        scenario.filing(Fuse(2)).finish([recognized(claim) for claim in claims])
    Path(claims[0].path).write_bytes(b"1")  # it is linked already
    again, filed = scenario.filing().resume()
    assert ([claim.name for claim in again], filed) == (["seven.png"], 1)
    scenario.filing().finish([recognized(claim) for claim in again])
    scenario.workspace.audit([("seven.png", b"1"), ("three.png", b"3")])


def test_after_a_failed_flush_files_are_read_from_the_disk_itself(
    scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_disk: list[bool] = []

    def examined(path: str, digest: str | None, **how: bool) -> State | None:
        from_disk.append(how["from_disk"])
        return examine(path, digest, from_disk=how["from_disk"])

    monkeypatch.setattr("watcher.pipeline.filing.examine", examined)
    outcomes = [recognized(claim) for claim in scenario.claim(PICTURES)]
    scenario.filing().finish(outcomes[:1])
    with monkeypatch.context() as patch:
        patch.setattr(scenario.flusher, "_syncfs", lambda _: -1)
        with pytest.raises(OSError):  # noqa: PT011 - it has no number
            scenario.filing().finish(outcomes[1:])
    scenario.filing().finish(outcomes[1:], again=True)
    assert from_disk == [False, True, True, True]
    scenario.workspace.audit(PICTURES.items())


def test_a_flush_begun_after_a_file_was_read_is_enough(
    scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing, flush = scenario.filing(), scenario.flusher.flush
    flushes = 0
    outcomes = [recognized(claim) for claim in scenario.claim(PICTURES)]

    def counted() -> None:
        nonlocal flushes
        flushes += 1
        flush()

    monkeypatch.setattr(scenario.flusher, "flush", counted)
    flushing = filing.begin_flush()
    flushing.result(10)
    filing.finish([replace(outcome, flushing=flushing) for outcome in outcomes])
    assert flushes == 2  # the other one between linking and marking
    scenario.workspace.audit(PICTURES.items())


def test_if_a_flush_failed_nothing_is_recorded_until_another_succeeds(
    scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing = scenario.filing()
    with monkeypatch.context() as patch:
        patch.setattr(scenario.flusher, "_syncfs", lambda _: -1)
        flushing = filing.begin_flush()
        wait([flushing], 10)
    outcomes = [replace(recognized(claim), flushing=flushing) for claim in scenario.claim(PICTURES)]
    with pytest.raises(OSError):  # noqa: PT011 - it has no number
        filing.finish(outcomes)
    assert scenario.workspace.rows() == []
    filing.finish(outcomes, again=True)
    scenario.workspace.audit(PICTURES.items())
