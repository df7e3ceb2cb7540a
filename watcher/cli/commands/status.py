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
from watcher.monitoring.status import HOUR, MINUTE, MOST_COUNTED, Daemon, Status, look
from watcher.monitoring.status_json import as_json_object
from watcher.store.counts import StatusCounts
from watcher.store.timestamps import stamp
from watcher.text import counted, share_percent

EVERY_SECONDS = 2.0
WELL, AMISS, NOT_RUNNING = 0, 1, 3
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
  watcher status > /dev/null || echo "look at the watcher" """.rstrip(),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --watch, one a line.")
@click.option("--watch", is_flag=True, help=f"Show it again every {EVERY_SECONDS:g} s, until Ctrl-C.")
@wide_option
@configured
def command(config: Config, *, as_json: bool, watch: bool, wide: bool) -> None:
    """Show whether the watcher runs, what waits, what came, what is wrong.

    It reads the log and looks at the folders, whether a daemon runs or not, and changes
    nothing. Today began at midnight, local time: the same day as in the view daily.

    Exit codes: 0 a daemon is at work and well; 1 one is, but something is wrong; 3 none is at work.
    """
    status = look(config)
    _show(status, as_json=as_json, wide=wide)
    if watch:
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(EVERY_SECONDS)
                status = look(config)
                if not as_json:
                    click.clear() if sys.stdout.isatty() else click.echo()
                _show(status, as_json=as_json, wide=wide)
    if not status.daemon.running:
        sys.exit(NOT_RUNNING)
    sys.exit(WELL if status.daemon.is_well else AMISS)


def _show(status: Status, *, as_json: bool, wide: bool) -> None:
    if as_json:
        print_json(as_json_object(status))
    else:
        line = partial(_line, wide=wide)
        _show_daemon(status.daemon, line)
        _show_backlog(status, line)
        _show_work(status, line)
        _show_fault(status, line)
    sys.stdout.flush()


def _show_daemon(daemon: Daemon, line: Line) -> None:
    state = daemon.state
    if daemon.running:
        who = "" if daemon.pid is None else f", process {daemon.pid}"
        since = (
            ""
            if daemon.since is None
            else f" since {_moment(daemon.since)} ({_age(daemon.now - daemon.since)})"
        )
        phase = "running" if state is None or state.phase == "ready" else state.phase
        line(phase, f"{since}{who}".lstrip(" ,"))
        if daemon.silent is not None:
            line(
                "",
                f"no sign of life for {_age(daemon.silent)}: it hangs, or cannot write beside its database",
                "red",
            )
    elif state is None:
        line("not running", "it never was, or left no word; `watcher run` starts it", "yellow")
    elif daemon.was_cut_short:
        line(
            "not running",
            f"cut short after {_moment(state.seen)}: killed, or the power went; `watcher run` goes on",
            "red",
        )
    elif state.ended_by is not None:
        line("not running", f"ended at {_moment(state.seen)} by a fault: {state.ended_by}", "red")
    else:
        line("not running", f"stopped at {_moment(state.seen)}; `watcher run` starts it", "yellow")


def _show_backlog(status: Status, line: Line) -> None:
    waiting = status.backlog.waiting
    if waiting is None:
        line("backlog", f"the inbox cannot be looked at; {status.backlog.in_hand:,} in hand", "red")
    else:
        more = " or more" if waiting >= MOST_COUNTED else ""
        line("backlog", f"{waiting:,}{more} waiting in the inbox, {status.backlog.in_hand:,} in hand")


def _show_work(status: Status, line: Line) -> None:
    work = status.work
    if work is None:
        line("log", "there is none yet; `watcher run` makes it")
        return
    count = sum(work.references)
    none = (
        "".join(f"; none of {digit}" for digit, number in enumerate(work.references) if not number)
        if count
        else ""
    )
    line("references", f"{count:,} in version {work.reference_version}{none}" if count else "none")
    spans = [(work.today, status.now - status.today), (work.hour, HOUR), (work.minute, MINUTE)]
    print_table(
        ["", "today (local time)", "last hour", "last minute"],
        [
            ["pictures", *(f"{tally.pictures:,}" for tally, _ in spans)],
            ["a second", *(_rate(tally, seconds) for tally, seconds in spans)],
            ["to review", *(_share(tally) for tally, _ in spans)],
            ["failed", *(f"{tally.failed:,}" for tally, _ in spans)],
        ],
        right=(1, 2, 3),
    )
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
        line("last fault", f"{what}; it lasts{more}", "red")
    else:
        line("last fault", f"{what}; it lasted when the daemon ended", "yellow")


def _line(what: str, words: str, color: str | None = None, *, wide: bool) -> None:
    print_hanging(f"{what:<{_WIDTH}} ", words, wide=wide, color=color)


def _moment(seconds: float) -> str:
    return f"{stamp(seconds)[:19].replace('T', ' ')} UTC"


def _age(seconds: float) -> str:
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return counted(int(seconds // length), unit)
    return counted(max(0, int(seconds)), "second")


def _rate(tally: StatusCounts, seconds: float) -> str:
    rate = tally.pictures / max(seconds, 1.0)
    return "under 0.01" if 0 < rate < 0.01 else f"{rate:.2f}"


def _share(tally: StatusCounts) -> str:
    return share_percent(tally.review / tally.pictures) if tally.pictures else "-"
