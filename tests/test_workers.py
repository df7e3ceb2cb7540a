"""The pool: the same answers from processes as from threads, and workers that come and go as they should."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from multiprocessing import active_children
from pathlib import Path
from typing import Literal

import pytest
from daemon import is_alive, reference_picture
from PIL import Image
from pills import KINDS, FaultyDecoder, pill
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


def settled(
    count: int,
    executor: Literal["processes", "threads"] = "processes",
    deadline: float = 10,
    megabytes: int = 1024,
) -> WorkersSettings:
    return WorkersSettings(
        count=count, executor=executor, deadline_seconds=deadline, memory_megabytes=megabytes
    )


@pytest.fixture
def fitted(trained: Path) -> Path:
    """The folder of the classifier for the shipped references."""
    return fitted_in(trained)


def fitted_in(trained: Path) -> Path:
    (folder,) = (trained / "watcher.db.cache").iterdir()
    return folder


@pytest.fixture
def guarded(trained: Path, faulty_decoder: FaultyDecoder) -> Iterator[Pool]:
    """One process, with little memory and patience, whose decoder has faults."""
    assert not faulty_decoder.tries()
    with closing(Pool(settled(1, deadline=0.5, megabytes=256))) as pool:
        pool.warm(fitted_in(trained))
        yield pool


@pytest.mark.usefixtures("guarded")
class TestPills:
    def test_each_harms_itself_alone_and_is_answered_with_what_it_did(
        self, guarded: Pool, fitted: Path, faulty_decoder: FaultyDecoder
    ) -> None:
        picture = reference_picture(8)
        files = [file for kind in KINDS for file in (picture, pill(kind))]
        guards = active_children()
        answers = guarded.submit_again(fitted, files).result()
        assert active_children() == guards
        digits = [answer.reading.digit if answer.reading else None for answer in answers]
        assert digits == [8, None] * len(KINDS)
        reasons = {kind: answer.reason for kind, answer in zip(KINDS, answers[1::2], strict=True)}
        assert reasons == {
            "crash": "it brings down the process that reads it (SIGSEGV)",
            "abort": "it brings down the process that reads it (SIGABRT)",
            "exit": "it ends the process that reads it (exit code 3)",
            "spin": "recognising it takes longer than 0.5 s",
            "sleep": "recognising it takes longer than 0.5 s",
            "memory": "reading it takes more memory than there is for it",
            "error": "it is damaged: its content makes no picture",
        }
        assert [answer.grief for answer in answers[1::2]] == [True] * 6 + [False]
        assert set(faulty_decoder.tries().values()) == {1}
        assert [answer.sha256 for answer in answers] == [sha256(file).hexdigest() for file in files]

    def test_at_the_first_time_the_others_of_the_batch_wait_no_longer_than_a_moment(
        self, guarded: Pool, fitted: Path
    ) -> None:
        answer, other = guarded.submit(fitted, [pill("sleep"), reference_picture(8)]).result()
        assert answer.reason == "recognising it takes longer than 0.05 s"
        assert other.reading


@pytest.mark.usefixtures("faulty_decoder")
def test_what_is_suspect_holds_nothing_up_and_its_process_dies_with_the_worker_whatever_it_does(
    fitted: Path,
) -> None:
    with closing(Pool(settled(1, deadline=600))) as pool:
        pool.submit_apart(fitted, ()).result()
        (worker,) = active_children()
        assert worker.pid
        suspect = pool.submit_apart(fitted, [pill("spin")])
        assert pool.submit(fitted, [reference_picture(8)]).result()[0].reading
        assert not suspect.done()
        (child,) = map(int, Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split())
        os.kill(worker.pid, signal.SIGKILL)
        assert isinstance(suspect.exception(), BrokenExecutor)
        wait_until(lambda: not is_alive(child))


@pytest.mark.parametrize("again", [True, False], ids=["with more to do", "with nothing more to do"])
def test_where_a_waiting_worker_is_killed_the_others_go_too_and_new_ones_work(
    fitted: Path, *, again: bool
) -> None:
    with closing(Pool(settled(2))) as pool:
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
    with closing(Pool(settled(2))) as pool:
        pool.warm(fitted_in(trained))
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
    with closing(Pool(settled(2, "threads"))) as threads:
        assert threads.submit(fitted, FILES).result() == pool.submit(fitted, FILES).result()


def test_a_decoder_s_words_go_nowhere(pool: Pool, fitted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = BytesIO()
    Image.new("L", (64, 64), 200).save(file, "TIFF", compression="tiff_lzw")
    damaged = bytearray(file.getvalue())
    damaged[8:200] = bytes(192)
    (answer,) = pool.submit(fitted, [bytes(damaged)]).result()
    assert answer.reading is None
    assert capfd.readouterr().err == ""


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
    with closing(Pool(settled(0, "threads"))) as pool:
        assert pool.count == len(os.sched_getaffinity(0))
