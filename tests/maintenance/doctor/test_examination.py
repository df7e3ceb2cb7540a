"""All checks together: without faults, before the first start, while a daemon runs, and with faults."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Daemon, Workspace, reference_picture
from helpers.support import traces, wait_until

from watcher.config.settings import Config
from watcher.maintenance.doctor.examination import CHECKS, examine
from watcher.maintenance.doctor.findings import Finding, Level, ok
from watcher.maintenance.doctor.workers import workers

Configured = Callable[..., Config]


def test_where_all_is_well_it_finds_nothing_wrong_and_leaves_no_trace(
    workspace: Workspace, config: Config
) -> None:
    before = traces(workspace.path)
    findings = list(examine(config))
    assert traces(workspace.path) == before
    assert {
        finding.what for finding in findings if finding.what != "space" and finding.level != "ok"
    } == set()
    assert [finding.advice for finding in findings if finding.level == "ok"] == [None] * sum(
        finding.level == "ok" for finding in findings
    )
    said = {finding.what: finding.figure for finding in findings}
    assert said["inbox"] == str(workspace.inbox)
    assert said["outbox"] == str(workspace.outbox)
    assert said["one disk"] == "links from the inbox into 13 folders of the outbox work"
    assert said["daemon"] == "not running"
    assert said["events"].startswith("a new file was reported after ")
    assert said["database"].startswith("sound; 0 rows, ")
    assert said["references"] == "400, 40 or more of each digit; 400 read"
    assert said["workers"].startswith("threads, one for each core; one was ready after ")


def test_before_the_first_start_it_makes_nothing_and_says_that_run_will(
    empty_folder: Path, configured: Configured
) -> None:
    findings = list(examine(configured()))
    assert list(empty_folder.iterdir()) == []
    assert not [finding for finding in findings if finding.level is Level.WRONG]
    missing = {finding.what for finding in findings if finding.level is Level.WARN}
    assert missing - {"space"} == {
        *("inbox", "outbox", "one disk", "events", "database", "references", "classifier", "workers")
    }


def test_while_a_daemon_runs_its_probes_are_no_pictures_and_it_reports_the_process(
    workspace: Workspace, configured: Configured
) -> None:
    with Daemon(workspace, workers__count=1, workers__executor="threads") as daemon:
        findings = list(examine(configured()))
        said = {finding.what: finding for finding in findings}
        assert said["daemon"].figure == f"running as process {daemon.process.pid}, with 0 claimed files"
        assert {one.what for one in findings if one.what != "space" and one.level != "ok"} == set()
        (workspace.inbox / "after.jpg").write_bytes(reference_picture(7))
        wait_until(lambda: workspace.row("after.jpg"))
        wait_until(lambda: daemon.said("picture"))
        assert [said["event"] for said in daemon.events()] == ["ready", "picture"]
    workspace.audit([("after.jpg", reference_picture(7))])


def test_a_fault_in_one_check_hides_no_other(config: Config) -> None:
    def fails(_config: Config) -> Iterable[Finding]:
        raise ZeroDivisionError("of all things")

    def refuses(_config: Config) -> Iterable[Finding]:
        raise OSError(5, "Input/output error")

    def never_ends(_config: Config) -> Iterable[Finding]:
        time.sleep(600)
        return []

    def works(_config: Config) -> Iterable[Finding]:
        return [ok("last", "fine")]

    checks: dict[str, Any] = {"bad": fails, "disk": refuses, "slow": never_ends, "last": works}
    findings = {finding.what: finding for finding in examine(config, checks, patience=0.1)}
    assert {what: finding.level for what, finding in findings.items()} == {
        **dict.fromkeys(("bad", "disk", "slow"), Level.WRONG),
        "last": Level.OK,
    }
    assert findings["bad"].figure == "it could not be checked: ZeroDivisionError: of all things"
    assert findings["disk"].figure == "Input/output error"
    assert findings["slow"].figure == "no answer within 0.1 s"


@pytest.mark.usefixtures("workspace")
def test_workers_that_are_processes_are_tried_as_such(configured: Configured) -> None:
    finding = next(iter(workers(configured(workers__executor='"processes"', workers__count="3"))))
    assert (finding.level, finding.figure.split(";")[0]) == ("ok", "processes, 3")


def test_every_check_has_a_name_for_the_case_that_it_fails() -> None:
    assert len(set(CHECKS.values())) == len(CHECKS)
