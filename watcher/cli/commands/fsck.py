"""`watcher fsck`."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.output import print_json, progress_bar
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
  watcher fsck               beside a running daemon, too
  watcher fsck --deep        read every file, and compare it with what was filed
  watcher fsck --repair      after `watcher run` was stopped""",
)
@click.option("--deep", is_flag=True, help="Read every file, not only those that have changed since.")
@click.option("--repair", is_flag=True, help="Mend what can be mended; no daemon may be at work.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last one sums up.")
@configured
def command(config: Config, *, deep: bool, repair: bool, as_json: bool) -> None:
    """InboxLock the log against the folders, and mend what differs if asked to.

    Each row's file has to be where the row says, each file in the outbox has to have a row, and each failed
    file its reason. What people do with their files is no fault: moving one to another digit, which corrects
    it, or taking it out of the outbox. Files whose rows `watcher prune` removed are known. --repair finishes
    what was cut short, writes and removes reasons, and puts files that have no row into the inbox. It writes
    over no file and changes no row that is done.

    Exits with 1 where there are faults, or where some are left after --repair.
    """
    claims = Claims(config.inbox.path)
    with ExitStack() as stack:
        if repair:
            _hold(config, claims, stack)
        is_running = not repair and claims.path.is_dir() and is_held(claims.path)
        database = stack.enter_context(to_write(config) if repair else to_read(config))
        site = Scope(database, claims, Outbox(config.outbox.path))
        mender = _mender(config, site, stack) if repair else None
        tally = Counter[str](rows=0, files=0, faults=0, mended=0, notes=0, gone=0, pruned=0)
        with _progress(site, tally) as progress:
            for found in examine(site, progress, is_running=is_running, deep=deep):
                mended = mender.mend(found) if mender and found.kind.is_fault else None
                tally["faults" if found.kind.is_fault else "notes"] += 1
                tally["mended"] += mended is not None
                tally["gone"] += found.kind is Kind.GONE
                tally["pruned"] += found.kind is Kind.PRUNED
                (_show_as_json if as_json else _show)(found, mended)
        left = tally["faults"]
        if mender and left:
            left = sum(found.kind.is_fault for found in examine(site, is_running=False, deep=deep))
    if as_json:
        print_json({**tally, "left": left})
    else:
        _sum_up(tally, left, repair=repair)
    sys.exit(1 if left else 0)


def _hold(config: Config, claims: Claims, stack: ExitStack) -> None:
    """Keep daemons out for as long as something is mended."""
    if claims.path.is_dir() and is_held(claims.path):
        raise WatcherError(
            f"a watcher is at work on {printable(str(claims.path.parent))}; stop it, and repair then"
        )
    hold = InboxLock(config.inbox.path, config.outbox.path, claims)
    stack.enter_context(closing(hold))
    hold.take()


def _mender(config: Config, site: Scope, stack: ExitStack) -> Repairer:

    flusher = stack.enter_context(closing(Flusher(site.outbox.path)))
    filing = Filing(
        ResultsLog(site.database), site.claims, site.outbox, flusher, config.recognition.review_below
    )
    return Repairer(site, config.inbox.path, filing)


@contextmanager
def _progress(site: Scope, tally: Counter[str]) -> Iterator[Progress]:
    """Counts what is looked at, and shows on a terminal how far that is."""
    with progress_bar() as bar:
        total = count_logged_files(site.database)
        tasks = {"files": bar.add_task("files", total=None), "rows": bar.add_task("rows", total=total)}

        def advance(what: str, more: int) -> None:
            tally[what] += more
            bar.advance(tasks[what], more)

        yield advance


def _show(found: Discrepancy, mended: str | None) -> None:
    if found.kind in {Kind.GONE, Kind.PRUNED}:
        return  # people empty their outboxes, and prune their logs: how many is enough
    level = click.style("fault", fg="red") if found.kind.is_fault else "note "
    row = f"row {found.row.id}: " if found.row else ""
    place = printable(name_as_text(found.place))
    click.echo(f"{level} {found.kind.word:<12} {place}  {row}{printable(name_as_text(found.detail))}")
    if mended is not None:
        click.echo(f"      {'':12} → {mended}")
    elif found.kind.is_fault:
        click.echo(f"      {'':12} → {found.kind.advice}")


def _show_as_json(found: Discrepancy, mended: str | None) -> None:
    print_json(
        {
            "kind": found.kind.word,
            "fault": found.kind.is_fault,
            "place": name_as_text(found.place),
            "row": found.row.id if found.row else None,
            "detail": name_as_text(found.detail),
            "mended": mended,
        }
    )


def _sum_up(tally: Counter[str], left: int, *, repair: bool) -> None:
    if tally["gone"]:
        click.echo(f"note  gone         {counted(tally['gone'], 'filed picture')}: taken out of the outbox")
    if tally["pruned"]:
        click.echo(
            f"note  pruned       {counted(tally['pruned'], 'file')} whose rows `watcher prune` removed"
        )
    looked_at = f"{counted(tally['rows'], 'row')}, {counted(tally['files'], 'file')}"
    mended = f", {tally['mended']:,} mended, {left:,} left" if repair else ""
    click.echo(f"{looked_at}: {counted(tally['faults'], 'fault')}{mended}")
