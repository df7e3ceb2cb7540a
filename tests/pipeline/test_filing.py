"""Filing: wherever a crash falls, going on from there loses no file and files none twice."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from helpers.filing_scenario import (
    NO_PICTURE,
    OTHERS,
    PICTURES,
    Crash,
    FilingScenario,
    Fuse,
    recognized,
)
from helpers.support import make_files, read_files


def expected_outbox() -> dict[str, bytes]:
    filed = {f"{content.decode()}/{name}": content for name, content in {**PICTURES, **OTHERS}.items()}
    del filed["once upon a time/novel.txt"]
    failed = {
        "failed/novel.txt": OTHERS["novel.txt"],
        "failed/novel.txt.reason.txt": f"{NO_PICTURE}\n".encode(),
    }
    return filed | failed


@pytest.fixture(params=[True, False], ids=["linked", "moved"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system allows links to the files; it may refuse them for files of other users."""

    def refuse(source: str, goal: str, **_: object) -> None:
        if os.path.lexists(goal):
            raise FileExistsError(errno.EEXIST, "", source, None, goal)
        raise PermissionError(errno.EPERM, "", source, None, goal)

    if not request.param:
        monkeypatch.setattr(os, "link", refuse)
    return bool(request.param)


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", range(11))
def test_wherever_a_crash_falls_every_file_is_filed_once_under_one_row(
    scenario: FilingScenario, steps: int, *, after: bool
) -> None:
    dropped = PICTURES | OTHERS
    claims = scenario.claim(dropped)
    filing = scenario.filing(Fuse(steps, after=after))
    try:
        filing.finish([recognized(claim) for claim in claims])
        crashed = False
    except Crash:
        crashed = True
    assert crashed == (steps < 10), (
        "one step: to record; six to file, one to explain, one to mark, one to drop"
    )
    scenario.resume()
    scenario.workspace.audit(dropped.items())
    assert read_files(scenario.workspace.outbox) == expected_outbox()


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("steps", range(9))
def test_a_crash_while_going_on_after_a_crash_is_no_worse(scenario: FilingScenario, steps: int) -> None:
    dropped = PICTURES | OTHERS
    with pytest.raises(Crash):
        scenario.filing(Fuse(1)).finish([recognized(claim) for claim in scenario.claim(dropped)])
    with pytest.raises(Crash):
        scenario.filing(Fuse(steps)).resume()
    assert scenario.resume() == 0
    scenario.workspace.audit(dropped.items())


def test_a_claim_without_a_row_is_put_through_again(scenario: FilingScenario) -> None:
    scenario.claim(PICTURES)
    again, filed = scenario.filing().resume()
    assert ({claim.name for claim in again}, filed) == (set(PICTURES), 0)


def test_a_decided_row_is_filed_as_it_was_decided_and_not_recognized_again(scenario: FilingScenario) -> None:
    with pytest.raises(Crash):
        scenario.filing(Fuse(1)).finish([recognized(claim) for claim in scenario.claim(PICTURES)])
    before = scenario.workspace.rows()
    assert [row["filed_at"] for row in before] == [None] * len(PICTURES)
    again, filed = scenario.filing().resume()
    assert (again, filed) == ([], len(PICTURES))
    assert [{**row, "filed_at": None} for row in scenario.workspace.rows()] == before
    scenario.workspace.audit(PICTURES.items())


def test_a_linked_file_is_known_as_the_same_and_gets_no_second_name(scenario: FilingScenario) -> None:
    claims = scenario.claim({"seven.png": b"7"})
    with pytest.raises(Crash):
        scenario.filing(Fuse(2)).finish([recognized(claim) for claim in claims])
    assert Path(claims[0].path).samefile(scenario.workspace.outbox / "7" / "seven.png")
    scenario.resume()
    assert read_files(scenario.workspace.outbox) == {"7/seven.png": b"7"}
    scenario.workspace.audit([("seven.png", b"7")])


def test_the_claim_of_a_filed_picture_is_dropped(scenario: FilingScenario) -> None:
    with pytest.raises(Crash):
        scenario.filing(Fuse(3)).finish([recognized(claim) for claim in scenario.claim({"a.png": b"7"})])
    assert scenario.workspace.rows()[0]["filed_at"]
    assert scenario.workspace.waiting()
    assert scenario.filing().resume() == ([], 0)
    scenario.workspace.audit([("a.png", b"7")])


@pytest.mark.parametrize("name", ["seven.png", "s\udcffn.png", "7" * 255])
def test_a_file_that_took_the_destination_meanwhile_is_left(scenario: FilingScenario, name: str) -> None:
    with pytest.raises(Crash):
        scenario.filing(Fuse(1)).finish([recognized(claim) for claim in scenario.claim({name: b"7"})])
    make_files(scenario.workspace.outbox, {f"7/{name}": b"a stranger's"})
    scenario.resume()
    files = read_files(scenario.workspace.outbox)
    assert files.pop(f"7/{name}") == b"a stranger's"
    assert list(files.values()) == [b"7"]
    assert scenario.workspace.rows()[0]["destination"] == os.fsencode(*files).decode(
        errors="backslashreplace"
    )
    assert scenario.workspace.waiting() == set()


def test_a_reason_that_took_the_name_meanwhile_is_left(scenario: FilingScenario) -> None:
    make_files(scenario.workspace.outbox, {"failed/novel.txt.reason.txt": b"mine"})
    scenario.filing().finish([recognized(claim) for claim in scenario.claim({"novel.txt": b"chapter"})])
    assert read_files(scenario.workspace.outbox) == {
        "failed/novel.txt.reason.txt": b"mine",
        "failed/novel-1.txt": b"chapter",
        "failed/novel-1.txt.reason.txt": f"{NO_PICTURE}\n".encode(),
    }


def test_files_of_one_name_from_different_batches_are_numbered_in_the_order_they_came(
    scenario: FilingScenario,
) -> None:
    filing = scenario.filing()
    for _ in range(3):
        filing.finish([recognized(claim) for claim in scenario.claim({"scan.png": b"7"})])
    assert [row["destination"] for row in scenario.workspace.rows()] == [
        "7/scan.png",
        "7/scan-1.png",
        "7/scan-2.png",
    ]
    scenario.workspace.audit([("scan.png", b"7")] * 3)


@pytest.mark.parametrize("is_ours", [True, False], ids=["a later one", "a stranger's"])
def test_a_lost_claim_does_not_count_as_filed_if_another_file_has_its_destination(
    scenario: FilingScenario, *, is_ours: bool
) -> None:
    with pytest.raises(Crash):
        scenario.filing(Fuse(1)).finish([recognized(lost) for lost in scenario.claim({"seven.png": b"7"})])
    shutil.rmtree(scenario.workspace.claimed)
    scenario.workspace.claimed.mkdir()
    if is_ours:
        scenario.filing().finish([recognized(later) for later in scenario.claim({"seven.png": b"7"})])
    else:
        make_files(scenario.workspace.outbox, {"7/seven.png": b"of another"})
    assert scenario.filing().resume() == ([], 0)
    assert [row["filed_at"] is None for row in scenario.workspace.rows()] == [True, False][: 1 + is_ours]
    assert read_files(scenario.workspace.outbox) == {"7/seven.png": b"7" if is_ours else b"of another"}
