"""`watcher status`."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.output import print_hanging, print_json, print_table, wide_option
from watcher.config.settings import Config
from watcher.monitoring.status import HOUR, MINUTE, MOST_COUNTED, Daemon, Status, read_status
from watcher.monitoring.status_json import as_json_object
from watcher.store.counts import StatusCounts
from watcher.store.timestamps import stamp
from watcher.text import counted, name_as_text, share_percent

EVERY_SECONDS = 2.0
WELL, UNWELL, NOT_RUNNING = 0, 1, 3
_WIDTH = 12

Line = Callable[..., None]
"""Prints what a line is about, and its words, perhaps in a color."""


@click.command(
    "status",
    short_help=COMMANDS["status"],
    epilog="""\b
Examples:
  watcher status
  watcher status --watch                          until Ctrl-C
  watcher status --json | jq .backlog.waiting
  watcher status > /dev/null || echo "check the watcher" """.rstrip(),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --watch, one a line.")
@click.option("--watch", is_flag=True, help=f"Show it again every {EVERY_SECONDS:g} s, until Ctrl-C.")
@wide_option
@configured
def command(config: Config, *, as_json: bool, watch: bool, wide: bool) -> None:
    """Show whether the watcher runs, what waits, what came, what is wrong.

    It reads the log and the folders, and changes nothing. It works with and without a running daemon. Today
    began at midnight, local time: the same day as in the view daily.

    Exit codes: 0 a daemon is running and well; 1 a daemon is running, but something is wrong; 3 no daemon is
    running.
    """
    status = read_status(config)
    _show(status, as_json=as_json, wide=wide)
    if watch:
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(EVERY_SECONDS)
                status = read_status(config)
                if not as_json:
                    click.clear() if sys.stdout.isatty() else click.echo()
                _show(status, as_json=as_json, wide=wide)
    if not status.daemon.running:
        sys.exit(NOT_RUNNING)
    sys.exit(WELL if status.daemon.is_well else UNWELL)


def _show(status: Status, *, as_json: bool, wide: bool) -> None:
    if as_json:
        print_json(as_json_object(status))
    else:
        line = partial(_line, wide=wide)
        _show_daemon(status.daemon, line)
        _show_backlog(status, line)
        _show_work(status, line)
        _show_fault(status, line)
        _show_dropped_lines(status.daemon, line)
    sys.stdout.flush()


def _show_daemon(daemon: Daemon, line: Line) -> None:
    state = daemon.state
    if daemon.running:
        who = "" if daemon.pid is None else f", process {daemon.pid}"
        since = (
            "" if daemon.since is None else f" since {_moment(daemon.since)}{_ago(daemon.now - daemon.since)}"
        )
        phase = "running" if state is None or state.phase == "ready" else state.phase
        line(phase, f"{since}{who}".lstrip(" ,"))
        if daemon.silent is not None:
            line(
                "",
                f"no sign of life {_for(daemon.silent)}: it hangs, or cannot write next to its database",
                "red",
            )
    elif state is None:
        line("not running", "it never ran, or left no state; `watcher run` starts it", "yellow")
    elif daemon.was_cut_short:
        line(
            "not running",
            f"cut short after {_moment(state.seen)}: killed, or the power failed; `watcher run` goes on",
            "red",
        )
    elif state.ended_by is not None:
        line("not running", f"ended at {_moment(state.seen)} by a fault: {state.ended_by}", "red")
    else:
        line("not running", f"stopped at {_moment(state.seen)}; `watcher run` starts it", "yellow")


def _show_backlog(status: Status, line: Line) -> None:
    waiting = status.backlog.waiting
    if waiting is None:
        line("backlog", f"the inbox cannot be read; {status.backlog.in_hand:,} in hand", "red")
    else:
        more = " or more" if waiting >= MOST_COUNTED else ""
        line("backlog", f"{waiting:,}{more} waiting in the inbox, {status.backlog.in_hand:,} in hand")
    below = status.backlog.in_subfolders
    if below is not None:
        what = f"{below.count:,} in subfolders such as {name_as_text(below.example)}/, which are not watched;"
        line("", what, "yellow")
        line("", "to watch them, set `recursive = true` under [inbox] of config.toml", "yellow")


def _show_work(status: Status, line: Line) -> None:
    work = status.work
    if work is None:
        line("log", "there is no log yet; `watcher run` makes it")
        return
    count = sum(work.references)
    missing = (
        "".join(f"; none of {digit}" for digit, number in enumerate(work.references) if not number)
        if count
        else ""
    )
    line("references", f"{count:,} in version {work.reference_version}{missing}" if count else "none")
    spans = [(work.today, status.now - status.today), (work.hour, HOUR), (work.minute, MINUTE)]
    print_table(
        ["", "today (local time)", "last hour", "last minute"],
        [
            ["pictures", *(f"{counts.pictures:,}" for counts, _ in spans)],
            ["a second", *(_rate(counts, seconds) for counts, seconds in spans)],
            ["to review", *(_share(counts) for counts, _ in spans)],
            ["failed", *(f"{counts.failed:,}" for counts, _ in spans)],
        ],
        right=(1, 2, 3),
    )
    if work.future.rows and work.future.newest is not None:
        until = f"up to {work.future.newest[:19].replace('T', ' ')} UTC"
        rows = counted(work.future.rows, "row")
        line("future", f"{rows} of a clock that was ahead, {until}: not counted", "yellow")
    for number, failures in enumerate(work.failures):
        what = f"{failures.pictures:,}: {failures.reason} (the last: {failures.newest})"
        line("failed today" if number == 0 else "", what)


def _show_fault(status: Status, line: Line) -> None:
    state = status.daemon.state
    if state is None or state.last_fault is None:
        line("last fault", "none")
        return
    last = state.last_fault
    what = f"{_moment(last.since)} {last.event}: {last.fault}"
    if last.over is not None:
        line("last fault", f"{what}; passed at {_moment(last.over)}")
    elif status.daemon.running:
        more = f", and {counted(state.troubles - 1, 'other')}" if state.troubles > 1 else ""
        line("last fault", f"{what}; not over yet{more}", "red")
    else:
        line("last fault", f"{what}; not over when the daemon ended", "yellow")


def _show_dropped_lines(daemon: Daemon, line: Line) -> None:
    if daemon.state is not None and daemon.state.dropped_lines:
        lines = counted(daemon.state.dropped_lines, "line")
        line("log output", f"{lines} dropped: nobody read them, or the disk was full", "yellow")


def _line(what: str, words: str, color: str | None = None, *, wide: bool) -> None:
    print_hanging(f"{what:<{_WIDTH}} ", words, wide=wide, color=color)


def _moment(seconds: float) -> str:
    return f"{stamp(seconds)[:19].replace('T', ' ')} UTC"


def _age(seconds: float) -> str:
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return counted(int(seconds // length), unit)
    return counted(max(0, int(seconds)), "second")


def _ago(seconds: float) -> str:
    """How long ago, in brackets; nothing for a moment that the clock has not reached."""
    return f" ({_age(seconds)})" if seconds >= 0 else ""


def _for(seconds: float) -> str:
    return f"for {_age(seconds)}" if seconds >= 0 else "since the clock was set back"


def _rate(counts: StatusCounts, seconds: float) -> str:
    rate = counts.pictures / max(seconds, 1.0)
    return "under 0.01" if 0 < rate < 0.01 else f"{rate:.2f}"


def _share(counts: StatusCounts) -> str:
    return share_percent(counts.review / counts.pictures) if counts.pictures else "-"
