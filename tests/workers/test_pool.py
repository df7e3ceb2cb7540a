"""The pool: the same answers from processes as from threads, and workers that come and go as they should."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from helpers.daemon import is_alive, reference_picture
from helpers.harmful_pictures import KINDS, FaultyDecoder, pill
from helpers.support import wait_until
from PIL import Image

from watcher.config.settings import WorkersSettings
from watcher.errors import UnfitReferencesError
from watcher.workers import Pool
from watcher.workers.recognize import recognize

HARMFUL = [kind for kind in KINDS if kind != "harmless"]

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
def model(trained: Path) -> Path:
    """The folder of the classifier for the shipped references."""
    return fitted_in(trained)


def fitted_in(trained: Path) -> Path:
    (folder,) = (trained / "watcher.db.cache").iterdir()
    return folder


class Started(NamedTuple):
    """A warm pool, and its two fork servers: the one that forks readers, then the one for comparers."""

    pool: Pool
    servers: list[int]


def started(pool: Pool, model: Path) -> Started:
    others = fork_servers()
    pool.warm(model)
    return Started(pool, [server for server in fork_servers() if server not in others])


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FaultyDecoder, pytest.MonkeyPatch]]:
    """The faults of the decoder in `weak`; they reach the processes that are started in the patch."""
    with pytest.MonkeyPatch.context() as patch:
        yield FaultyDecoder(tmp_path_factory.mktemp("faults"), patch), patch


@pytest.fixture(scope="module")
def weak(trained: Path, faults: tuple[FaultyDecoder, pytest.MonkeyPatch]) -> Iterator[Started]:
    """One process, with little memory and patience, whose decoder has faults."""
    with closing(Pool(settled(1, deadline=0.5, megabytes=256))) as pool:
        made = started(pool, fitted_in(trained))
        faults[1].undo()
        yield made


@pytest.fixture
def guarded(weak: Started) -> Pool:
    """The weak pool."""
    return weak.pool


@pytest.fixture
def tried(faults: tuple[FaultyDecoder, pytest.MonkeyPatch]) -> FaultyDecoder:
    """What the weak pool's decoder was given in this test."""
    faults[0].forget()
    return faults[0]


class TestPills:
    def test_each_harms_only_itself_and_gets_its_own_reason(
        self, weak: Started, guarded: Pool, model: Path, tried: FaultyDecoder
    ) -> None:
        picture = reference_picture(8)
        files = [file for kind in HARMFUL for file in (picture, pill(kind))]
        answers = guarded.submit_again(model, files).result()
        assert set(weak.servers) <= set(fork_servers())
        digits = [answer.reading.digit if answer.reading else None for answer in answers]
        assert digits == [8, None] * len(HARMFUL)
        reasons = {kind: answer.reason for kind, answer in zip(HARMFUL, answers[1::2], strict=True)}
        assert reasons == {
            "crash": "it brings down the process that reads it (SIGSEGV)",
            "abort": "it brings down the process that reads it (SIGABRT)",
            "exit": "it ends the process that reads it (exit code 3)",
            "spin": "recognizing it takes longer than 0.5 s",
            "sleep": "recognizing it takes longer than 0.5 s",
            "memory": "reading it takes more memory than there is for it",
            "error": "it is damaged: its content makes no picture",
        }
        assert [answer.failure for answer in answers[1::2]] == [True] * 6 + [False]
        assert set(tried.tries().values()) == {1}
        assert [answer.sha256 for answer in answers] == [sha256(file).hexdigest() for file in files]

    def test_on_the_first_try_others_of_the_batch_wait_only_a_moment(
        self, guarded: Pool, model: Path
    ) -> None:
        answer, other = guarded.submit(model, [pill("sleep"), reference_picture(8)]).result()
        assert answer.reason == "recognizing it takes longer than 0.01 s"
        assert other.sha256 == sha256(reference_picture(8)).hexdigest()
        assert other.reading or other.failure  # on a busy machine it may take longer than a moment too

    def test_no_file_is_read_twice(self, guarded: Pool, model: Path, tried: FaultyDecoder) -> None:
        kinds = ["harmless", "memory", "crash", "harmless", "error", "exit", "harmless", "crash"] * 9
        kinds[30:30] = ["spin", "harmless"]
        files = [pill(kind, number) for number, kind in enumerate(kinds)]
        answers = guarded.submit_again(model, files).result()
        assert [answer.reading is not None for answer in answers] == [kind == "harmless" for kind in kinds]
        assert [answer.sha256 for answer in answers] == [sha256(file).hexdigest() for file in files]
        assert set(tried.tries().values()) == {1}
        assert tried.tries().total() == len(files)

    def test_if_the_comparer_dies_pictures_are_compared_alone_and_not_read_again(
        self, weak: Started, guarded: Pool, model: Path, tried: FaultyDecoder
    ) -> None:
        files = [*FILES, pill("harmless"), pill("crash")]
        [comparer] = children_of(weak.servers[1])
        os.kill(comparer, signal.SIGSTOP)
        answers = guarded.submit_again(model, files)
        wait_until(lambda: tried.tries()["crash", 1] == 1)
        os.kill(comparer, signal.SIGKILL)
        assert answers.result()[:-2] == recognize(model, FILES)
        assert answers.result()[-2].reading
        assert set(tried.tries().values()) == {1}

    def test_a_comparer_that_hangs_is_ended(self, weak: Started, guarded: Pool, model: Path) -> None:
        [comparer] = children_of(weak.servers[1])
        os.kill(comparer, signal.SIGSTOP)
        (answer,) = guarded.submit_again(model, FILES[:1]).result()
        assert (answer.reason, answer.failure) == ("recognizing it takes longer than 0.75 s", True)
        assert not is_alive(comparer)
        assert guarded.submit_again(model, FILES).result() == recognize(model, FILES)


def fork_servers() -> list[int]:
    """For each pool, the server that forks readers, then the one that forks comparers."""
    return children_of(os.getpid())


def newest_servers() -> list[int]:
    """The fork servers of the newest pool."""
    return fork_servers()[-2:]


def workers(servers: list[int] | None = None) -> list[int]:
    """All that read and compare, and the fork servers: of every pool, or of these fork servers."""
    servers = fork_servers() if servers is None else servers
    return [process for server in servers for process in (server, *children_of(server))]


def children_of(pid: int) -> list[int]:
    """The oldest first. Their ids need not ascend: the kernel starts again after the highest."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if b"fork_server" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.usefixtures("faulty_decoder")
def test_suspect_files_delay_nothing_and_their_processes_end_with_the_fork_server(model: Path) -> None:
    with closing(Pool(settled(1, deadline=600))) as pool:
        pool.submit_isolated(model, ()).result()
        suspect = pool.submit_isolated(model, [pill("spin")])
        assert pool.submit_again(model, [reference_picture(8)]).result()[0].reading
        assert not suspect.done()
        server = newest_servers()[0]
        readers = children_of(server)
        assert len(readers) == 2
        os.kill(server, signal.SIGKILL)
        assert isinstance(suspect.exception(), BrokenExecutor)
        wait_until(lambda: not any(map(is_alive, readers)))


@pytest.mark.skipif("COVERAGE_PROCESS_CONFIG" in os.environ, reason="coverage changes how processes end")
def test_any_killed_process_is_replaced(model: Path) -> None:
    others = set(workers())  # of pools that other tests share
    with closing(Pool(settled(1))) as pool:
        pool.warm(model)
        for role in ("reading", "comparing"):
            for which in ("fork server", "child"):
                waiting = [process for process in workers() if process not in others]
                assert len(waiting) == 4
                [server] = (
                    process for process in waiting if process in fork_servers() and does(process, role)
                )
                killed = server if which == "fork server" else children_of(server)[0]
                os.kill(killed, signal.SIGKILL)
                wait_until(lambda killed=killed: not is_alive(killed))  # type: ignore[misc]
                wait_until(lambda: answers(pool, model))
                assert len([one for one in workers() if is_alive(one) and one not in others]) == 4
    assert set(workers()) <= others


def does(server: int, role: str) -> bool:
    """Whether the children of a fork server do this."""
    return role.encode() in Path(f"/proc/{server}/cmdline").read_bytes().split(b"\0")


def answers(pool: Pool, model: Path) -> bool:
    return pool.submit_again(model, FILES[:1]).exception() is None


def test_a_lack_of_descriptors_is_an_oserror_and_passes(model: Path) -> None:
    with closing(Pool(settled(1))) as pool:
        pool.start()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, most[1]))
        try:
            fault = pool.submit_again(model, FILES).exception()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)
        assert isinstance(fault, OSError)
        assert fault.errno == errno.EMFILE
        assert pool.submit_again(model, FILES).result() == recognize(model, FILES)


def test_a_missing_classifier_is_reported(guarded: Pool, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UnfitReferencesError, match="holds no sound classifier"):
        guarded.submit_again(tmp_path, FILES).result()
    assert guarded.submit_again(model, FILES).result() == recognize(model, FILES)


def test_without_a_classifier_no_file_is_started(guarded: Pool, tmp_path: Path, tried: FaultyDecoder) -> None:
    with pytest.raises(UnfitReferencesError):
        guarded.submit_again(tmp_path / "gone", [pill("harmless")]).result()
    assert not tried.tries()


@pytest.mark.parametrize("executor", ["processes", "threads"])
def test_without_linux_batches_are_recognized_unguarded(
    model: Path, monkeypatch: pytest.MonkeyPatch, executor: Literal["processes", "threads"]
) -> None:
    monkeypatch.setattr(sys, "platform", "elsewhere")
    pool = Pool(settled(1, executor))
    monkeypatch.undo()
    with closing(pool):
        assert not pool.is_guarded
        pool.warm(model)
        for submit in (pool.submit, pool.submit_again, pool.submit_isolated):
            assert submit(model, FILES).result() == recognize(model, FILES)


@pytest.fixture(scope="module")
def two(trained: Path) -> Iterator[Started]:
    """Two processes, warm."""
    with closing(Pool(settled(2))) as pool:
        yield started(pool, fitted_in(trained))


@pytest.fixture
def pool(two: Started) -> Pool:
    return two.pool


def test_each_file_of_a_batch_has_its_own_answer_in_order(pool: Pool, model: Path) -> None:
    answers = pool.submit_again(model, FILES).result()
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


def test_threads_and_processes_give_the_same_answers(pool: Pool, model: Path) -> None:
    with closing(Pool(settled(2, "threads"))) as threads:
        assert threads.submit_again(model, FILES).result() == pool.submit_again(model, FILES).result()


def test_what_decoders_print_is_discarded(pool: Pool, model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = BytesIO()
    Image.new("L", (64, 64), 200).save(file, "TIFF", compression="tiff_lzw")
    damaged = bytearray(file.getvalue())
    damaged[8:200] = bytes(192)
    (answer,) = pool.submit_again(model, [bytes(damaged)]).result()
    assert answer.reading is None
    assert capfd.readouterr().err == ""


def test_workers_block_the_daemon_s_signals_and_use_one_thread(two: Started) -> None:
    assert len(workers(two.servers)) == 2 + 2 * two.pool.count
    for worker in workers(two.servers):
        process = Path(f"/proc/{worker}")
        (blocked,) = (line for line in (process / "status").read_text().splitlines() if "SigBlk" in line)
        for number in (signal.SIGINT, signal.SIGTERM):
            assert int(blocked.split()[1], 16) & 1 << number - 1
        assert b"OPENBLAS_NUM_THREADS=1" in (process / "environ").read_bytes().split(b"\0")
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & {signal.SIGINT, signal.SIGTERM}


def test_the_readers_fork_server_loads_only_what_they_need() -> None:
    tell = "reading.prepare(None); print(*sys.modules)"
    code = f"import sys; from watcher.workers.sandbox import fork_server, reading; {tell}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    told = subprocess.run(
        [sys.executable, "-c", code], env=plain, check=True, capture_output=True, text=True
    ).stdout
    loaded = {name.partition(".")[0] for name in told.split()}
    assert loaded >= {"PIL", "socket", "watcher"}
    assert not loaded & {"multiprocessing", "hashlib", "tempfile", "random", "sqlalchemy", "structlog"}


def test_count_0_means_one_worker_a_core() -> None:
    with closing(Pool(settled(0, "threads"))) as pool:
        assert pool.count == len(os.sched_getaffinity(0))
