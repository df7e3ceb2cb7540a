"""`watcher fsck`."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.output import print_hanging, print_json, progress_bar, wide_option
from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.folders.claims import Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox_lock import InboxLock
from watcher.folders.locks import is_held
from watcher.folders.outbox import Outbox
from watcher.maintenance.fsck.discrepancies import Discrepancy, Kind
from watcher.maintenance.fsck.examination import Progress, examine
from watcher.maintenance.fsck.repair import Repairer
from watcher.maintenance.fsck.scope import Scope
from watcher.pipeline.filing import Filing
from watcher.store.logged_files import count_logged_files
from watcher.store.results import ResultsLog
from watcher.text import counted, name_as_text, printable


@click.command(
    "fsck",
    short_help=COMMANDS["fsck"],
    epilog="""\b
Examples:
  watcher fsck               a daemon may run meanwhile
  watcher fsck --deep        read every file, and compare it with what was filed
  watcher fsck --repair      stop `watcher run` first""",
)
@click.option("--deep", is_flag=True, help="Read every file, not only those changed since they were filed.")
@click.option("--repair", is_flag=True, help="Repair what can be repaired; no daemon may run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last one is the summary.")
@wide_option
@configured
def command(config: Config, *, deep: bool, repair: bool, as_json: bool, wide: bool) -> None:
    """Compare the log with the folders. Repair differences if asked to.

    Each row's file must be where the row says, each file in the outbox must have a row, and each failed file
    must have its reason. It is no fault if you moved a file to another digit, took one out of the outbox, or
    removed its row with `watcher prune`. --repair finishes interrupted work, writes and removes reasons, and
    puts files without a row into the inbox. It overwrites no file and changes no finished row.

    The exit code is 1 if there are faults, or if some are left after --repair.
    """
    claims = Claims(config.inbox.path)
    with ExitStack() as stack:
        if repair:
            _lock_inbox(config, claims, stack)
        is_running = not repair and claims.path.is_dir() and is_held(claims.path)
        database = stack.enter_context(to_write(config) if repair else to_read(config))
        scope = Scope(database, claims, Outbox(config.outbox.path))
        repairer = _repairer(config, scope, stack) if repair else None
        tally = Counter[str](rows=0, files=0, faults=0, mended=0, notes=0, gone=0, pruned=0)
        with _progress(scope, tally) as progress:
            for found in examine(scope, progress, is_running=is_running, deep=deep):
                repaired = repairer.repair(found) if repairer and found.kind.is_fault else None
                tally["faults" if found.kind.is_fault else "notes"] += 1
                tally["mended"] += repaired is not None
                tally["gone"] += found.kind is Kind.GONE
                tally["pruned"] += found.kind is Kind.PRUNED
                if as_json:
                    _show_as_json(found, repaired)
                else:
                    _show(found, repaired, wide=wide)
        left = tally["faults"]
        if repairer and left:
            left = sum(found.kind.is_fault for found in examine(scope, is_running=False, deep=deep))
    if as_json:
        print_json({**tally, "left": left})
    else:
        _sum_up(tally, left, repair=repair)
    sys.exit(1 if left else 0)


def _lock_inbox(config: Config, claims: Claims, stack: ExitStack) -> None:
    """Hold the inbox's lock until the stack is closed, so that no daemon runs meanwhile."""
    if claims.path.is_dir() and is_held(claims.path):
        raise WatcherError(
            f"{printable(str(claims.path.parent))}: a daemon watches this inbox; stop it before --repair"
        )
    lock = InboxLock(config.inbox.path, config.outbox.path, claims)
    stack.enter_context(closing(lock))
    lock.take()


def _repairer(config: Config, scope: Scope, stack: ExitStack) -> Repairer:
    flusher = stack.enter_context(closing(Flusher(scope.outbox.path)))
    filing = Filing(
        ResultsLog(scope.database), scope.claims, scope.outbox, flusher, config.recognition.review_below
    )
    return Repairer(scope, config.inbox.path, filing)


@contextmanager
def _progress(scope: Scope, tally: Counter[str]) -> Iterator[Progress]:
    """Counts the files and rows that are checked, and shows a progress bar on a terminal."""
    with progress_bar() as bar:
        total = count_logged_files(scope.database)
        tasks = {"files": bar.add_task("files", total=None), "rows": bar.add_task("rows", total=total)}

        def advance(what: str, more: int) -> None:
            tally[what] += more
            bar.advance(tasks[what], more)

        yield advance


def _show(found: Discrepancy, repaired: str | None, *, wide: bool) -> None:
    if found.kind in {Kind.GONE, Kind.PRUNED}:
        return  # there may be very many; the summary gives their number
    level = click.style("fault", fg="red") if found.kind.is_fault else "note "
    row = f"row {found.row.id}: " if found.row else ""
    words = f"{name_as_text(found.place)}  {row}{name_as_text(found.detail)}"
    print_hanging(f"{level} {found.kind.word:<12} ", words, wide=wide)
    what_next = repaired if repaired is not None else found.kind.advice if found.kind.is_fault else None
    if what_next is not None:
        print_hanging(f"      {'':12} → ", what_next, wide=wide)


def _show_as_json(found: Discrepancy, repaired: str | None) -> None:
    print_json(
        {
            "kind": found.kind.word,
            "fault": found.kind.is_fault,
            "place": name_as_text(found.place),
            "row": found.row.id if found.row else None,
            "detail": name_as_text(found.detail),
            "mended": repaired,
        }
    )


def _sum_up(tally: Counter[str], left: int, *, repair: bool) -> None:
    if tally["gone"]:
        click.echo(f"note  gone         {counted(tally['gone'], 'filed picture')}: taken out of the outbox")
    if tally["pruned"]:
        click.echo(
            f"note  pruned       {counted(tally['pruned'], 'file')} whose rows `watcher prune` removed"
        )
    checked = f"{counted(tally['rows'], 'row')}, {counted(tally['files'], 'file')}"
    repaired = f", {tally['mended']:,} repaired, {left:,} left" if repair else ""
    click.echo(f"{checked}: {counted(tally['faults'], 'fault')}{repaired}")
