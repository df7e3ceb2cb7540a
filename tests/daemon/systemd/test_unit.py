"""The systemd unit: valid and strict, and the watcher can do all its work under it."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import WATCHER, Workspace, descendants, environment, furnished, reference_picture, run
from helpers.service_manager import Manager
from helpers.support import make_files, wait_until
from helpers.unit_restrictions import ACCOUNT, lacking, restricted, values

from watcher.config.load import load_config
from watcher.daemon.systemd.unit import Installation, system_unit, user_unit
from watcher.errors import WatcherError

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze"
)
MOST_EXPOSED = 1.0


def installation(folder: Path, *, program: str = "/usr/bin/env", **variables: str) -> Installation:
    """An installation in a folder, with its settings in the environment."""
    environ = {f"WATCHER_{name.upper()}": value for name, value in variables.items()}
    config = load_config(None, environ)
    return Installation([program], [Path("/usr/lib/python3")], config, folder, variables=environ)


@pytest.fixture
def settled(empty_folder: Path) -> Installation:
    del empty_folder
    paths = {"inbox__path": "/srv/50 %/in", "outbox__path": "/srv/50 %/out"}
    return installation(Path("/srv"), **paths, database__url="sqlite:////srv/50 %/watcher.db")


def verified(unit: str, folder: Path) -> str:
    """The faults that `systemd-analyze verify` finds."""
    file = folder / "watcher.service"
    file.write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr + ("" if done.returncode == 0 else f"exit code {done.returncode}")


@needs_analyze
def test_systemd_finds_no_fault_in_it(settled: Installation, tmp_path: Path) -> None:
    assert verified(system_unit(settled, "watcher"), tmp_path) == ""
    assert verified(user_unit(settled), tmp_path) == ""
    assert "Unknown key" in verified(user_unit(settled).replace("WatchdogSec", "WatchDogSecs"), tmp_path)


@needs_analyze
def test_its_exposure_is_low(settled: Installation, tmp_path: Path) -> None:
    file = tmp_path / "watcher.service"
    file.write_text(system_unit(settled, "watcher"))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for watcher.service: ([\d.]+)", told)
    assert found is not None
    assert float(found[1]) <= MOST_EXPOSED, told


def test_the_common_folder_of_inbox_and_outbox_is_writable(settled: Installation) -> None:
    unit = system_unit(settled, "scans")
    assert values(unit, "ReadWritePaths") == ['"/srv/50 %%"']
    assert values(unit, "Environment")[0] == '"WATCHER_INBOX__PATH=/srv/50 %%/in"'
    assert values(unit, "User") == ["scans"]
    assert (values(unit, "ProtectHome"), values(unit, "PrivateTmp")) == (
        ["yes"],
        ["yes"],
    )


def test_a_database_elsewhere_is_writable_too_and_homes_are_visible(empty_folder: Path) -> None:
    del empty_folder
    paths = {"inbox__path": "/home/ada/in", "outbox__path": "/home/ada/out"}
    unit = system_unit(
        installation(Path("/srv"), **paths, database__url="sqlite:////srv/log/w.db"), "watcher"
    )
    assert values(unit, "ReadWritePaths") == ["/home/ada /srv/log"]
    assert values(unit, "ProtectHome") == ["read-only"]


def test_folders_without_a_common_folder_are_refused(empty_folder: Path) -> None:
    apart = installation(empty_folder, inbox__path="/srv/in", outbox__path="/data/out")
    with pytest.raises(WatcherError, match=r"\(/srv/in\) and the outbox \(/data/out\) have no common folder"):
        system_unit(apart, "watcher")


def test_a_name_with_special_characters_is_refused(empty_folder: Path) -> None:
    odd = installation(empty_folder, inbox__path="/srv/a\nb/in", outbox__path="/srv/a\nb/out")
    with pytest.raises(WatcherError, match=r"/srv/a\\nb: a unit cannot hold this name; remove"):
        system_unit(odd, "watcher")


def test_the_command_names_the_file_the_account_and_what_the_environment_overrides(
    empty_folder: Path,
) -> None:
    (empty_folder / "config.toml").touch()
    unit = run(empty_folder, "unit", "--account", "scans", log__level="debug").stdout
    assert values(unit, "User") == ["scans"]
    assert values(unit, "WorkingDirectory") == [str(empty_folder)]
    assert values(unit, "Environment") == ["WATCHER_LOG__LEVEL=debug"]
    [start] = values(unit, "ExecStart")
    assert start.endswith(f"watcher run --config {empty_folder}/config.toml")
    assert values(unit, "ExecStartPre") == [start.replace(" run ", " config check ")]
    of_a_user = run(empty_folder, "unit", "--user").stdout
    assert values(of_a_user, "User") == values(of_a_user, "ReadWritePaths") == []
    assert values(of_a_user, "WantedBy") == ["default.target"]


def test_a_user_service_has_no_account_of_its_own(empty_folder: Path) -> None:
    refused = run(empty_folder, "unit", "--user", "--account", "scans", code=2).stderr
    assert "a user's service runs as that user; give --user or --account" in refused


@pytest.fixture
def service_folder(trained: Path) -> Iterator[Path]:
    """A folder that another account may use."""
    missing = lacking()
    if missing is not None:
        pytest.skip(f"processes cannot be restricted here: {missing}")
    folder = Path(tempfile.mkdtemp(prefix="watcher-service-"))
    try:
        furnished(folder, trained)
        make_files(folder, {"inbox/": None})
        (folder / "config.toml").write_text("[workers]\ncount = 1\n")
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, ACCOUNT, ACCOUNT)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


def test_under_its_restrictions_it_does_all_its_work(service_folder: Path) -> None:
    workspace = Workspace(service_folder)
    printed = run(service_folder, "unit")
    assert printed.stderr.count("the system empties this folder from time to time") == 1
    with Manager(str(service_folder / "notify"), 5) as manager:
        (service_folder / "notify").chmod(0o666)
        words = restricted(printed.stdout, service_folder)
        with (service_folder / "log.jsonl").open("wb") as log:
            process = subprocess.Popen(
                [*words, *WATCHER, "run"],
                cwd=service_folder,
                env=environment({}) | manager.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: "READY=1" in manager.said() or process.poll() is not None, 60)
            assert process.poll() is None, said(service_folder)
            daemon, *workers = descendants(process.pid)
            for pid in [daemon, *workers]:
                assert is_restricted(pid)
            make_files(
                workspace.inbox,
                {
                    "seven.jpg": reference_picture(7),
                    "notes.txt": b"no picture",
                    "crash.png": reference_picture(3)[:700],
                },
            )
            wait_until(lambda: workspace.filed() == 3, 30)
            (service_folder / "config.toml").write_text(
                "[workers]\ncount = 1\n[recognition]\nreview_below = 1\n"
            )
            os.kill(daemon, signal.SIGHUP)
            wait_until(lambda: "reloaded" in said(service_folder))
            os.kill(daemon, signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
    assert {row["name"]: row["status"] for row in workspace.rows()} == {
        "seven.jpg": "filed",
        "notes.txt": "failed",
        "crash.png": "failed",
    }
    assert "cut off" in reason_of(workspace, "crash.png")
    assert '"level": "error"' not in said(service_folder)
    assert "ermitted" not in said(service_folder), "no system call was refused"
    assert (workspace.outbox / "7" / "seven.jpg").stat().st_uid == 0, "the scanner's file as it came"
    assert (workspace.outbox / "failed" / "notes.txt.reason.txt").stat().st_mode & 0o777 == 0o660


def said(folder: Path) -> str:
    return (folder / "log.jsonl").read_text()


def reason_of(workspace: Workspace, name: str) -> Any:
    row = workspace.row(name)
    assert row is not None
    return row["reason"]


def is_restricted(pid: int) -> bool:
    """Whether a process is the account's, without rights, cannot get any, and finds the system read-only."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    mounts = (line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines())
    options = {mount[4]: mount[5].split(",")[0] for mount in mounts}
    return (
        status["Uid"].split() == [str(ACCOUNT)] * 4
        and {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} == {0}
        and options["/"] == "ro"
        and (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    )
