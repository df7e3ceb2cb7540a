"""The dispatcher between a real inbox and a real outbox, with pools that fail in chosen ways."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.daemon import Workspace
from helpers.open_workspace import open_workspace
from helpers.support import make_files, read_files

from watcher.errors import UnfitReferencesError
from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox import Arrival, Inbox
from watcher.folders.outbox import Outbox
from watcher.pipeline.dispatcher import LARGEST_BATCH, Dispatcher
from watcher.pipeline.filing import Filing
from watcher.pipeline.suspects import PAUSE
from watcher.pipeline.wakeup import WakeUp
from watcher.recognition import Reading
from watcher.references.model import StoredModel
from watcher.store.results import Decision, ResultsLog
from watcher.workers import Recognized

POISON = b"poison"
FIRST = StoredModel(Path("first"), 1)
SECOND = StoredModel(Path("second"), 2)


class Pool:
    """A pool that the test controls: a batch waits until it is answered."""

    count = 2
    is_guarded = False

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[list[Recognized]], Path, Sequence[bytes]]] = []
        self.batches: list[Sequence[bytes]] = []

    def time_limit(self, files: Sequence[bytes], *, first_try: bool) -> float:
        return len(files) + 10.0 * (not first_try)

    def submit(self, model: Path, files: Sequence[bytes]) -> Future[list[Recognized]]:
        future: Future[list[Recognized]] = Future()
        self.waiting.append((future, model, files))
        self.batches.append(files)
        return future

    submit_again = submit_isolated = submit

    def answer(self, fault: Callable[[Sequence[bytes]], BaseException | None] = lambda _files: None) -> None:
        """Answer all waiting batches, some with a fault."""
        waiting, self.waiting = self.waiting, []
        for future, _, files in waiting:
            error = fault(files)
            if error:
                future.set_exception(error)
            else:
                future.set_result([recognized(file) for file in files])

    def answer_with_worker_failure(self, over: bytes) -> None:
        """Answer all waiting batches; one picture makes its worker fail."""
        waiting, self.waiting = self.waiting, []
        for future, _, files in waiting:
            future.set_result(
                [
                    Recognized.by_worker_failure(file, "it is poison") if file == over else recognized(file)
                    for file in files
                ]
            )


def recognized(file: bytes) -> Recognized:
    reading = Reading(7, 1.0, 1, (0.0,) * 10, (1,))
    return Recognized(sha256(file).hexdigest(), reading)


class DispatcherScenario:
    """A dispatcher with its surroundings."""

    def __init__(self, workspace: Workspace, log: ResultsLog, flusher: Flusher) -> None:
        self.workspace = workspace
        self.log = log
        self.flusher = flusher
        self.pool = Pool()
        self.filed: list[Decision] = []
        claims, outbox = Claims(workspace.inbox), Outbox(workspace.outbox)
        self.arrivals = Arrivals(Inbox(workspace.inbox, recursive=False, quiet_seconds=0))
        self.dispatcher = Dispatcher(
            self.arrivals,
            claims,
            self.pool,  # type: ignore[arg-type]  # stands in for the real one
            Filing(log, claims, outbox, flusher, 0.9),
            FIRST,
            WakeUp(),
            lambda decision, _seconds: self.filed.append(decision),
        )

    def step(self, model: StoredModel = FIRST, *, taking: bool = True) -> None:
        self.dispatcher.model = model
        self.dispatcher.step(taking=taking)

    def sort(self, fault: Callable[[Sequence[bytes]], BaseException | None]) -> None:
        """Step and answer until nothing is left to do; that must happen soon."""
        self.arrivals.sweep()
        for _ in range(1000):
            self.step()
            if self.dispatcher.is_idle and not self.arrivals.is_open:
                return
            self.pool.answer(fault)
        pytest.fail("it goes on for ever")


@pytest.fixture
def scenario(empty_folder: Path) -> Iterator[DispatcherScenario]:
    with open_workspace(empty_folder) as (workspace, database, flusher):
        yield DispatcherScenario(workspace, ResultsLog(database), flusher)


def pictures(count: int) -> dict[str, bytes]:
    return {f"scan-{number:04}.png": b"%d" % number for number in range(count)}


def dies_of_poison(files: Sequence[bytes]) -> BaseException | None:
    return BrokenProcessPool("a process died") if POISON in files else None


def test_it_claims_no_more_than_the_pool_can_take_and_leaves_the_rest_in_the_inbox(
    scenario: DispatcherScenario,
) -> None:
    make_files(scenario.workspace.inbox, dict(pictures(1000)))
    scenario.arrivals.sweep()
    for _ in range(5):
        scenario.step()
    assert len(scenario.pool.waiting) == 2 * scenario.pool.count
    in_hand = [len(files) for _, _, files in scenario.pool.waiting]
    assert in_hand == [LARGEST_BATCH] * 4
    claimed = [name for name in scenario.workspace.waiting() if name.startswith(".claimed")]
    assert len(claimed) == sum(in_hand)
    assert not scenario.dispatcher.has_room
    scenario.sort(lambda _files: None)
    scenario.workspace.audit(pictures(1000).items())


def test_few_pictures_are_shared_out_among_the_workers(scenario: DispatcherScenario) -> None:
    make_files(scenario.workspace.inbox, dict(pictures(6)))
    scenario.arrivals.sweep()
    scenario.step()
    assert sorted(len(files) for files in scenario.pool.batches) == [3, 3]


@pytest.mark.parametrize("count", [1, 2, 63, 130])
def test_a_picture_that_kills_its_workers_fails_after_two_tries_and_its_neighbors_are_filed(
    scenario: DispatcherScenario, count: int
) -> None:
    dropped = {**pictures(count), "middle.png": POISON}
    make_files(scenario.workspace.inbox, dict(dropped))
    scenario.sort(dies_of_poison)
    scenario.workspace.audit(dropped.items())
    assert sum(POISON in files for files in scenario.pool.batches) == 2
    rows = {row["name"]: row for row in scenario.workspace.rows()}
    assert {name for name, row in rows.items() if row["status"] != "filed"} == {"middle.png"}
    assert rows["middle.png"]["destination"] == "failed/middle.png"
    assert rows["middle.png"]["reason"] == "the worker that read it died, twice"
    explanation = read_files(scenario.workspace.outbox)["failed/middle.png.reason.txt"]
    assert explanation == b"the worker that read it died, twice\n"


def test_several_that_kill_their_workers_fail_and_all_others_are_filed(scenario: DispatcherScenario) -> None:
    dropped = {**pictures(100), **{f"scan-{number:04}-bad.png": POISON for number in range(0, 100, 17)}}
    make_files(scenario.workspace.inbox, dict(dropped))
    scenario.sort(dies_of_poison)
    failed = {row["name"] for row in scenario.workspace.rows() if row["status"] == "failed"}
    assert failed == {name for name, content in dropped.items() if content == POISON}
    scenario.workspace.audit(dropped.items())


def test_an_error_in_recognizing_fails_only_its_picture(
    scenario: DispatcherScenario,
) -> None:
    dropped = {**pictures(5), "odd.png": POISON}
    make_files(scenario.workspace.inbox, dict(dropped))
    scenario.sort(lambda files: ZeroDivisionError("of all things") if POISON in files else None)
    reasons = {row["name"]: row["reason"] for row in scenario.workspace.rows() if row["reason"]}
    assert reasons == {"odd.png": "recognizing it failed, twice: ZeroDivisionError: of all things"}
    scenario.workspace.audit(dropped.items())


def test_where_the_classifier_is_gone_no_picture_is_blamed_and_all_stay_claimed(
    scenario: DispatcherScenario,
) -> None:
    make_files(scenario.workspace.inbox, dict(pictures(5)))
    with pytest.raises(UnfitReferencesError):
        scenario.sort(lambda _files: UnfitReferencesError("the folder is gone"))
    assert scenario.workspace.rows() == []
    assert len(scenario.workspace.waiting()) == 5


def test_workers_that_die_once_fail_no_picture(scenario: DispatcherScenario) -> None:
    make_files(scenario.workspace.inbox, dict(pictures(150)))
    deaths = iter([BrokenExecutor("killed by hand")] * 2)
    scenario.sort(lambda _files: next(deaths, None))
    assert {row["status"] for row in scenario.workspace.rows()} == {"filed"}
    scenario.workspace.audit(pictures(150).items())


def test_a_guarded_worker_that_dies_makes_no_picture_suspect(scenario: DispatcherScenario) -> None:
    scenario.pool.is_guarded = True
    make_files(scenario.workspace.inbox, dict(pictures(150)))
    deaths = iter([BrokenExecutor("killed by hand")] * 2)
    scenario.sort(lambda _files: next(deaths, None))
    assert sorted(map(len, scenario.pool.batches)) == [22, 64, 64, 64, 64]
    assert {row["status"] for row in scenario.workspace.rows()} == {"filed"}
    scenario.workspace.audit(pictures(150).items())


def test_a_picture_that_made_a_worker_fail_is_retried_apart_while_others_are_filed(
    scenario: DispatcherScenario,
) -> None:
    make_files(scenario.workspace.inbox, {"a.png": POISON, "b.png": b"1"})
    scenario.arrivals.sweep()
    scenario.step()
    scenario.pool.answer_with_worker_failure(POISON)
    scenario.step()
    scenario.pool.answer()  # a process for what is suspect is ready
    make_files(scenario.workspace.inbox, {"c.png": b"2"})
    scenario.arrivals.sweep()
    scenario.step()
    assert [files for _, _, files in scenario.pool.waiting] == [[b"2"], [POISON]]
    (apart,) = [name for name in scenario.workspace.waiting() if name.endswith("a.png")]
    assert "-2/" in apart, "that it is tried for the second time is not kept"
    scenario.pool.answer_with_worker_failure(POISON)
    scenario.step()
    assert {row["name"]: row["status"] for row in scenario.workspace.rows()} == {
        "a.png": "failed",
        "b.png": "filed",
        "c.png": "filed",
    }
    scenario.workspace.audit([("a.png", POISON), ("b.png", b"1"), ("c.png", b"2")])


def test_while_all_workers_are_busy_suspects_are_retried_after_pauses(
    scenario: DispatcherScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("watcher.pipeline.suspects.time.monotonic", lambda: now)
    make_files(scenario.workspace.inbox, {"a.png": POISON, "b.png": POISON})
    scenario.arrivals.sweep()
    scenario.step()
    scenario.pool.answer_with_worker_failure(POISON)
    make_files(scenario.workspace.inbox, dict(pictures(1000)))
    scenario.arrivals.sweep()
    apart = []
    for _ in range(4):
        scenario.step()
        apart.append([files for _, _, files in scenario.pool.waiting if len(files) <= 1])
        scenario.pool.answer()
        now += PAUSE / 2
    assert apart == [[()], [], [], [[POISON]]]  # the first has the process for it made ready


def left(scenario: DispatcherScenario, tries: int) -> None:
    """A picture that kills its worker, and was begun `tries` times by runs that then ended."""
    claims = Claims(scenario.workspace.inbox)
    make_files(scenario.workspace.inbox, {"a.png": POISON})
    (claim,) = claims.take([Arrival(str(scenario.workspace.inbox / "a.png"), "a.png", 0)])
    for keep in (claims.set_aside, claims.begin_again)[:tries]:
        claim = keep(claim)


@pytest.mark.parametrize(("tries", "more"), [(0, 1), (1, 1), (2, 0)])
def test_a_picture_is_tried_twice_and_no_more_over_restarts_too(
    scenario: DispatcherScenario, tries: int, more: int
) -> None:
    left(scenario, tries)
    scenario.dispatcher.resume(list(Claims(scenario.workspace.inbox).left()))
    for _ in range(5):
        scenario.pool.answer_with_worker_failure(POISON)
        scenario.step()
    assert scenario.dispatcher.is_idle
    assert sum(POISON in files for files in scenario.pool.batches) == more
    assert [row["status"] for row in scenario.workspace.rows()] == ["failed"]
    scenario.workspace.audit([("a.png", POISON)])


def test_a_picture_that_was_only_interrupted_is_filed_however_often_that_happened(
    scenario: DispatcherScenario,
) -> None:
    make_files(scenario.workspace.inbox, {"a.png": b"1"})
    claims = Claims(scenario.workspace.inbox)
    claims.take([Arrival(str(scenario.workspace.inbox / "a.png"), "a.png", 0)])
    for _ in range(5):
        scenario.dispatcher.resume(list(claims.left()))
        scenario.step()
        scenario.pool.waiting.clear()  # the daemon is killed
        scenario = DispatcherScenario(scenario.workspace, scenario.log, scenario.flusher)
    scenario.dispatcher.resume(list(claims.left()))
    scenario.step()
    scenario.pool.answer()
    scenario.step()
    assert [row["status"] for row in scenario.workspace.rows()] == ["filed"]


def test_without_retrying_it_leaves_suspects_to_the_next_start(
    scenario: DispatcherScenario,
) -> None:
    make_files(scenario.workspace.inbox, {"a.png": POISON})
    scenario.arrivals.sweep()
    scenario.step()
    scenario.pool.answer_with_worker_failure(POISON)
    scenario.dispatcher.step(taking=False, retrying=False)
    assert not scenario.dispatcher.is_working
    assert not scenario.dispatcher.is_idle
    assert [claim.tries for claim in Claims(scenario.workspace.inbox).left()] == [1]


def test_a_picture_that_takes_a_thread_too_long_is_reported_once(scenario: DispatcherScenario) -> None:
    make_files(scenario.workspace.inbox, {"a.png": POISON})
    scenario.arrivals.sweep()
    scenario.step()
    assert scenario.dispatcher.overdue(60) == []
    assert [claim.name for claim in scenario.dispatcher.overdue(0)] == ["a.png"]
    assert scenario.dispatcher.overdue(0) == []
    scenario.pool.is_guarded = True
    assert scenario.dispatcher.overdue(0) == []


def test_a_row_names_the_references_it_was_decided_under_even_where_they_changed_meanwhile(
    scenario: DispatcherScenario,
) -> None:
    make_files(scenario.workspace.inbox, {"a.png": b"1"})
    scenario.arrivals.sweep()
    scenario.step(FIRST)
    make_files(scenario.workspace.inbox, {"b.png": b"2"})
    scenario.arrivals.sweep()
    scenario.step(SECOND)
    assert [model for _, model, _ in scenario.pool.waiting] == [FIRST.folder, SECOND.folder]
    scenario.pool.answer()
    scenario.step(SECOND)
    assert {row["name"]: row["reference_version"] for row in scenario.workspace.rows()} == {
        "a.png": 1,
        "b.png": 2,
    }


def test_without_taking_it_finishes_what_it_has(scenario: DispatcherScenario) -> None:
    make_files(scenario.workspace.inbox, {"a.png": b"1"})
    scenario.arrivals.sweep()
    scenario.step()
    make_files(scenario.workspace.inbox, {"b.png": b"2"})
    scenario.arrivals.sweep()
    scenario.pool.answer()
    scenario.step(taking=False)
    assert scenario.dispatcher.is_idle
    assert scenario.workspace.waiting() == {"b.png"}
    assert [decision.name for decision in scenario.filed] == ["a.png"]


def test_a_file_that_is_gone_before_it_is_claimed_is_no_fault(scenario: DispatcherScenario) -> None:
    make_files(scenario.workspace.inbox, {"a.png": b"1", "b.png": b"2"})
    scenario.arrivals.sweep()
    arrivals = scenario.arrivals.take(10)
    (scenario.workspace.inbox / "a.png").unlink()
    assert [claim.name for claim in Claims(scenario.workspace.inbox).take(arrivals)] == ["b.png"]


def test_each_picture_has_its_own_time_and_its_share_of_filing(scenario: DispatcherScenario) -> None:
    seconds: dict[str, float] = {}
    scenario.dispatcher._filed = lambda decision, spent: seconds.update({decision.name: spent})  # noqa: SLF001
    make_files(scenario.workspace.inbox, {f"{number}.png": b"%d" % number for number in range(4)})
    scenario.arrivals.sweep()
    scenario.step()
    for future, _, files in scenario.pool.waiting:
        future.set_result([replace(recognized(file), seconds=float(file)) for file in files])
    scenario.pool.waiting.clear()
    began = time.monotonic()
    scenario.step()
    took = time.monotonic() - began
    shares = {name: spent - float(name.removesuffix(".png")) for name, spent in seconds.items()}
    assert len(shares) == 4
    assert all(share > 0 for share in shares.values())
    assert sum(shares.values()) <= took
