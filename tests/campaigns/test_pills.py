"""Pictures that crash, end, hang or starve the process that reads them, among many good ones.

The ordinary suite has a short form of it; `pytest -m campaign` the long one.
"""

import random
import signal
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from campaigns.figures import tell
from helpers.daemon import Daemon, Workspace, furnished, is_alive, reference_picture
from helpers.harmful_pictures import FaultyDecoder, pill
from helpers.support import make_files, wait_until

REASONS = {
    "crash": "it brings down the process that reads it (SIGSEGV)",
    "exit": "it ends the process that reads it (exit code 3)",
    "spin": "recognizing it takes longer than 0.5 s",
    "sleep": "recognizing it takes longer than 0.5 s",
    "memory": "reading it takes more memory than there is for it",
}
LIMITS = {"workers__deadline_seconds": 0.5, "workers__memory_megabytes": 256, "workers__count": 2}
LEAST_THROUGHPUT = 0.8


def good(count: int) -> dict[str, bytes]:
    return {f"good-{n}.jpg": reference_picture(n % 10, n // 10 % 40) for n in range(count)}


def pills(numbers: Mapping[str, Iterable[int]]) -> dict[str, bytes]:
    return {f"{kind}-{n}.png": pill(kind, n) for kind, some in numbers.items() for n in some}


def sort(workspace: Workspace, files: Mapping[str, bytes]) -> float:
    """Sort what lies in the inbox. The seconds it takes until the last good picture is filed."""
    order = list(files.items())
    random.Random(4).shuffle(order)  # noqa: S311 - keeps no secret
    make_files(workspace.inbox, dict(order))
    with Daemon(workspace, **LIMITS):
        started = time.time()
        wait_until(lambda: workspace.filed() == len(files), 300)
    workspace.audit(files.items())
    filed = [row["filed_at"] for row in workspace.rows() if row["name"].startswith("good")]
    return datetime.fromisoformat(max(filed)).timestamp() - started


def check_pills(workspace: Workspace, decoder: FaultyDecoder) -> None:
    """All good pictures are filed, each pill failed with its reason after two tries at most."""
    for row in workspace.rows():
        kind = row["name"].split("-")[0]
        if kind == "good":
            assert row["status"] == "filed", row
        else:
            assert (row["status"], row["reason"]) == ("failed", REASONS[kind]), row
    assert set(decoder.tries().values()) == {2}


def test_each_pill_fails_with_its_reason_and_harms_no_other(
    workspace: Workspace, faulty_decoder: FaultyDecoder
) -> None:
    sort(workspace, good(100) | pills(dict.fromkeys(REASONS, (1,))))
    check_pills(workspace, faulty_decoder)


def test_a_picture_that_hangs_is_tried_twice_over_restarts_too_and_leaves_no_process_behind(
    workspace: Workspace, faulty_decoder: FaultyDecoder
) -> None:
    files = good(20) | pills({"sleep": [1]})
    make_files(workspace.inbox, dict(files))
    patient = LIMITS | {"workers__deadline_seconds": 600}
    with Daemon(workspace, **patient) as daemon:
        wait_until(lambda: faulty_decoder.tries()["sleep", 1] == 2 and workspace.filed() == 20)
        workers = daemon.workers()
        assert len(workers) == 2 + 2 * 3  # for two workers and the one apart
        daemon.kill()
    wait_until(lambda: not any(map(is_alive, workers)))
    with Daemon(workspace, **patient):
        wait_until(lambda: workspace.filed() == len(files))
    assert faulty_decoder.tries() == {("sleep", 1): 2}
    assert {row["name"]: row["status"] for row in workspace.rows() if row["status"] != "filed"} == {
        "sleep-1.png": "failed"
    }
    workspace.audit(files.items())


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_in_threads_a_crash_ends_the_daemon_once_and_no_more(
    workspace: Workspace, faulty_decoder: FaultyDecoder
) -> None:
    files = good(100) | pills({"crash": [1]})
    make_files(workspace.inbox, dict(files))
    with Daemon(workspace, **LIMITS, workers__executor="threads") as daemon:
        assert daemon.process.wait(30) == -signal.SIGSEGV
    with Daemon(workspace, **LIMITS, workers__executor="threads"):
        wait_until(lambda: workspace.filed() == len(files), 60)
    check_pills(workspace, faulty_decoder)
    workspace.audit(files.items())


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_twenty_of_each_kind_among_two_thousand_take_little_of_the_throughput(
    tmp_path: Path, trained: Path, faulty_decoder: FaultyDecoder
) -> None:
    """Twenty hang: ten of them at work, ten asleep. Three times each, in turn, as the computer may have
    other things to do.
    """
    twenty = range(1, 21)
    some = {"crash": twenty, "exit": twenty, "memory": twenty, "spin": twenty[:10], "sleep": twenty[10:]}
    without, among = [], []
    for turn in range(3):
        without.append(sort(furnished(tmp_path / f"without-{turn}", trained), good(2000)))
        workspace = furnished(tmp_path / f"among-{turn}", trained)
        among.append(sort(workspace, good(2000) | pills(some)))
        tries = faulty_decoder.tries()
        check_pills(workspace, faulty_decoder)
        faulty_decoder.forget()
    throughput = min(without) / min(among)
    tell(
        "pills",
        files=2000,
        pills=80,
        most_tries=max(tries.values()),
        seconds_without=[round(seconds, 2) for seconds in without],
        seconds_among=[round(seconds, 2) for seconds in among],
        throughput=round(throughput, 3),
    )
    assert throughput >= LEAST_THROUGHPUT
