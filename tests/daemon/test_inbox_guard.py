"""An inbox that is lost while the daemon runs: noticed, logged once, and resumed when it is back."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from helpers.daemon import WATCHER, Daemon, Workspace, environment, furnished, reference_picture, run
from helpers.mounts import may_mount, mounted
from helpers.support import make_files, read_files, wait_until

from watcher.folders import locks

SEVEN = reference_picture(7)
# Root may read anything, unless it goes without the privilege to.
WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
needs_mounts = pytest.mark.skipif(not may_mount(), reason="nothing can be mounted here")


@pytest.fixture(scope="module")
def daemon(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose inbox is lost repeatedly."""
    workspace = furnished(tmp_path_factory.mktemp("lost"), trained)
    with Daemon(workspace, workers__count=1, inbox__sweep_seconds=0.05) as daemon:
        yield daemon


@pytest.fixture
def workspace(daemon: Daemon) -> Workspace:
    return daemon.workspace


@contextmanager
def lost_and_found(daemon: Daemon) -> Iterator[Callable[[], dict[str, object]]]:
    """The inbox is lost in the context and back at its end. Yields a function that waits for the event.

    Each event is logged once, and a file dropped afterwards is filed.
    """
    before = len(daemon.events())

    def new(event: str) -> list[dict[str, object]]:
        return [said for said in daemon.events()[before:] if said["event"] == event]

    def loss() -> dict[str, object]:
        wait_until(lambda: new("inbox lost"))
        return new("inbox lost")[0]

    yield loss
    wait_until(lambda: new("inbox back"))
    see_filed(daemon.workspace, f"after-{before}.jpg")
    assert len(new("inbox lost")) == len(new("inbox back")) == 1


def is_held(workspace: Workspace) -> bool:
    """Whether a process holds the lock on the inbox."""
    return locks.is_held(workspace.claimed)


def see_filed(workspace: Workspace, name: str) -> None:
    (workspace.inbox / name).write_bytes(SEVEN)
    wait_until(lambda: workspace.row(name))
    assert (workspace.outbox / "7" / name).read_bytes() == SEVEN


def test_renamed_away_and_back_it_is_found_with_what_came_meanwhile(
    daemon: Daemon, workspace: Workspace
) -> None:
    elsewhere = workspace.path / "elsewhere"
    with lost_and_found(daemon) as loss:
        workspace.inbox.rename(elsewhere)
        make_files(elsewhere, {"meanwhile.jpg": SEVEN})
        assert loss() == loss() | {
            "inbox": str(workspace.inbox),
            "fault": f"{workspace.inbox}: No such file or directory",
            "now_at": str(elsewhere),
            "in_hand": 0,
        }
        elsewhere.rename(workspace.inbox)
    wait_until(lambda: workspace.row("meanwhile.jpg"))
    assert read_files(workspace.inbox) == {}


def test_deleted_and_made_again(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss:
        shutil.rmtree(workspace.inbox)
        loss()
        make_files(workspace.inbox, {"sooner.jpg": SEVEN})
    wait_until(lambda: workspace.row("sooner.jpg"))
    assert is_held(workspace)


def test_replaced_by_another_folder_in_an_instant(daemon: Daemon, workspace: Workspace) -> None:
    make_files(workspace.path / "new", {"in the new one.jpg": SEVEN})
    with lost_and_found(daemon) as loss:
        workspace.inbox.rename(workspace.path / "old")
        (workspace.path / "new").rename(workspace.inbox)
        loss()
    wait_until(lambda: workspace.row("in the new one.jpg"))
    assert [path.name for path in (workspace.path / "old").iterdir()] == [".claimed"]
    (workspace.path / "old" / ".claimed").rmdir()
    (workspace.path / "old").rmdir()


def test_a_file_in_its_place_is_no_inbox(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss:
        workspace.inbox.rename(workspace.path / "elsewhere")
        workspace.inbox.write_bytes(SEVEN)
        assert loss()["fault"] == f"{workspace.inbox}: Not a directory"
        workspace.inbox.unlink()
        (workspace.path / "elsewhere").rename(workspace.inbox)


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read anything")
def test_made_unreadable(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpers.daemon.WATCHER", (*WITHOUT_PRIVILEGE, *WATCHER))
    workspace = furnished(tmp_path, trained)
    with Daemon(workspace, workers__executor="threads", inbox__sweep_seconds=0.05) as daemon:
        for mode in (0o000, 0o300, 0o600):
            with lost_and_found(daemon) as loss:
                workspace.inbox.chmod(mode)
                assert str(loss()["fault"]).endswith(": Permission denied")
                workspace.inbox.chmod(0o755)


def test_its_claims_alone_taken_away(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss:
        workspace.claimed.rename(workspace.path / "claims")
        assert loss()["fault"] in {
            f"{workspace.claimed}: No such file or directory",
            f"{workspace.claimed} was replaced",
        }
    (workspace.path / "claims").rmdir()
    assert is_held(workspace)


@needs_mounts
def test_mounted_over_and_unmounted(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss:
        with mounted(workspace.inbox):
            fault = loss()["fault"]
            make_files(workspace.inbox, {"on another disk.jpg": SEVEN})
            assert read_files(workspace.inbox) == {"on another disk.jpg": SEVEN}
        assert str(fault).startswith(
            f"the inbox ({workspace.inbox}) and the outbox ({workspace.outbox}) are on "
        )
    assert read_files(workspace.inbox) == {}


@needs_mounts
def test_its_disk_unmounted_and_another_mounted(trained: Path, tmp_path: Path) -> None:
    workspace, disk = furnished(tmp_path / "here", trained), tmp_path / "disk"
    workspace.inbox, workspace.outbox = disk / "inbox", disk / "outbox"
    disk.mkdir()
    settings = {
        "inbox__path": workspace.inbox,
        "outbox__path": workspace.outbox,
        "inbox__sweep_seconds": 0.05,
    }
    with (
        mounted(disk),
        Daemon(workspace, workers__executor="threads", **settings) as daemon,
        lost_and_found(daemon) as loss,
    ):
        see_filed(workspace, "before.jpg")
        subprocess.run(["umount", "--lazy", disk], check=True)
        assert loss()["fault"] == f"{workspace.inbox}: No such file or directory"
        assert list(disk.iterdir()) == []
        subprocess.run(["mount", "-t", "tmpfs", "none", disk], check=True)
        make_files(disk, {"outbox/": None, "inbox/sooner.jpg": SEVEN})
        wait_until(lambda: workspace.row("sooner.jpg"))


@contextmanager
def in_hand(daemon: Daemon, prefix: str) -> Iterator[dict[str, bytes]]:
    """While in the context, the daemon has claimed pictures, and its workers do not finish them."""
    workspace = daemon.workspace
    dropped = {f"{prefix}-{number}.jpg": reference_picture(number % 10, number) for number in range(40)}
    with ExitStack() as stack:
        for worker in daemon.workers():
            stack.enter_context(stopped(worker))
        with stopped(daemon.process.pid):
            make_files(workspace.inbox, dict(dropped))
        wait_until(lambda: len([*workspace.claimed.glob("*/*.jpg")]) == len(dropped))
        yield dropped


@contextmanager
def stopped(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def assert_filed_once(workspace: Workspace, dropped: dict[str, bytes]) -> None:
    wait_until(lambda: all(workspace.row(name) for name in dropped))
    rows = [row for row in workspace.rows() if row["name"] in dropped]
    assert [(workspace.outbox / row["destination"]).read_bytes() for row in rows] == [
        dropped[row["name"]] for row in rows
    ]


def test_pictures_in_hand_are_filed_once_when_it_is_back(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss:
        with in_hand(daemon, "away") as dropped:
            workspace.inbox.rename(workspace.path / "elsewhere")
            assert loss()["in_hand"] == len(dropped)
        (workspace.path / "elsewhere").rename(workspace.inbox)
    assert_filed_once(workspace, dropped)


def test_pictures_in_hand_are_moved_to_a_new_inbox(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss, in_hand(daemon, "replaced") as dropped:
        workspace.inbox.rename(workspace.path / "old")
        workspace.inbox.mkdir()
        assert loss()["in_hand"] == len(dropped)
    assert_filed_once(workspace, dropped)
    assert read_files(workspace.path / "old") == {}
    shutil.rmtree(workspace.path / "old")


def test_pictures_deleted_while_in_hand_are_not_marked_filed(daemon: Daemon, workspace: Workspace) -> None:
    with lost_and_found(daemon) as loss, in_hand(daemon, "deleted") as dropped:
        shutil.rmtree(workspace.claimed)
        assert loss()["in_hand"] == len(dropped)
    filed = [row["destination"] for row in workspace.rows() if row["filed_at"]]
    assert sorted(filed) == sorted(read_files(workspace.outbox))
    assert not [row for row in workspace.rows() if row["name"] in dropped]
    wait_until(lambda: workspace.waiting() == set())  # claims are dropped after their rows are marked


def test_asked_to_stop_while_it_is_lost_it_stops_and_the_next_start_goes_on(
    trained: Path, tmp_path: Path
) -> None:
    workspace = furnished(tmp_path, trained)
    with Daemon(workspace, workers__count=1) as daemon, in_hand(daemon, "stopped") as dropped:
        workspace.inbox.rename(tmp_path / "elsewhere")
        wait_until(lambda: daemon.said("inbox lost"))
    (tmp_path / "elsewhere").rename(workspace.inbox)
    run(workspace.path, "run", "--once", workers__executor="threads")
    workspace.audit(dropped.items())


def test_a_run_once_says_that_it_is_lost(trained: Path, tmp_path: Path) -> None:
    workspace = furnished(tmp_path, trained)
    make_files(workspace.inbox, {f"{number}.jpg": SEVEN for number in range(80)})
    with subprocess.Popen(
        [*WATCHER, "run", "--once"],
        cwd=tmp_path,
        env=environment({"workers__executor": "threads", "workers__count": 1}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(workspace.rows, 60)
        workspace.inbox.rename(tmp_path / "elsewhere")
        _, complaints = process.communicate(timeout=60)
    assert complaints == f"watcher: the inbox was lost: {workspace.inbox}: No such file or directory\n"
    assert process.returncode == 1
    (tmp_path / "elsewhere").rename(workspace.inbox)
    run(workspace.path, "run", "--once", workers__executor="threads")
    workspace.audit((f"{number}.jpg", SEVEN) for number in range(80))
