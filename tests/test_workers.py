"""The pool: the same answers from processes as from threads, and workers that come and go as they should."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from multiprocessing import active_children
from pathlib import Path

import pytest
from daemon import is_alive, reference_picture
from support import wait_until

from watcher.settings import WorkersSettings
from watcher.workers import Pool

FILES = [
    reference_picture(3),
    b"no picture",
    reference_picture(8),
    b"",
    reference_picture(8)[:500],
    reference_picture(0),
]


@pytest.fixture
def fitted(trained: Path) -> Path:
    """The folder of the classifier for the shipped references."""
    (folder,) = (trained / "watcher.db.cache").iterdir()
    return folder


@pytest.mark.parametrize("again", [True, False], ids=["with more to do", "with nothing more to do"])
def test_where_a_waiting_worker_is_killed_the_others_go_too_and_new_ones_work(
    fitted: Path, *, again: bool
) -> None:
    with closing(Pool(WorkersSettings(count=2, executor="processes"))) as pool:
        pool.warm(fitted)
        workers = [worker.pid for worker in active_children() if worker.pid]
        # One worker waits for work, and holds the lock that the other waits for.
        wait_until(lambda: any(reads(worker) for worker in workers))
        os.kill(next(filter(reads, workers)), signal.SIGKILL)
        if again:
            wait_until(lambda: answers(pool, fitted))
            assert not any(map(is_alive, workers))
    assert active_children() == []


def reads(pid: int) -> bool:
    return Path(f"/proc/{pid}/syscall").read_text().startswith("0 ")


def answers(pool: Pool, fitted: Path) -> bool:
    return pool.submit(fitted, FILES[:1]).exception() is None


@pytest.fixture(scope="module")
def pool(trained: Path) -> Iterator[Pool]:
    """Two processes, warm."""
    (folder,) = (trained / "watcher.db.cache").iterdir()
    with closing(Pool(WorkersSettings(count=2, executor="processes"))) as pool:
        pool.warm(folder)
        yield pool


def test_each_file_of_a_batch_has_its_own_answer_in_order(pool: Pool, fitted: Path) -> None:
    answers = pool.submit(fitted, FILES).result()
    assert [answer.sha256 for answer in answers] == [sha256(file).hexdigest() for file in FILES]
    assert [answer.reading.digit if answer.reading else None for answer in answers] == [
        3,
        None,
        8,
        None,
        None,
        0,
    ]
    assert [answer.reason is None for answer in answers] == [True, False, True, False, False, True]


def test_threads_and_processes_give_the_same_answers(pool: Pool, fitted: Path) -> None:
    with closing(Pool(WorkersSettings(count=2, executor="threads"))) as threads:
        assert threads.submit(fitted, FILES).result() == pool.submit(fitted, FILES).result()


def test_no_worker_sees_a_signal_meant_for_the_daemon_nor_takes_more_than_one_core(pool: Pool) -> None:
    workers = active_children()
    assert len(workers) == pool.count == 2
    for worker in workers:
        process = Path(f"/proc/{worker.pid}")
        (blocked,) = (line for line in (process / "status").read_text().splitlines() if "SigBlk" in line)
        for number in (signal.SIGINT, signal.SIGTERM):
            assert int(blocked.split()[1], 16) & 1 << number - 1
        assert b"OPENBLAS_NUM_THREADS=1" in (process / "environ").read_bytes().split(b"\0")


def test_what_is_set_for_the_workers_is_set_back(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    pool.submit(Path("nowhere"), []).exception()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & {signal.SIGINT, signal.SIGTERM}


def test_count_0_means_one_worker_a_core() -> None:
    with closing(Pool(WorkersSettings(count=0, executor="threads"))) as pool:
        assert pool.count == len(os.sched_getaffinity(0))
