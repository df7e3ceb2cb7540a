"""`watcher run`."""

import sys

import click
from rich.progress import Progress

from watcher.cli import COMMANDS, configured
from watcher.cli.show import progress_bar
from watcher.folders.inbox import Inbox
from watcher.log import leave_unsaid, make_logger
from watcher.service import serve
from watcher.settings import Config


@click.command(
    "run",
    short_help=COMMANDS["run"],
    epilog="""\b
Examples:
  watcher run
  watcher run --once
  WATCHER_INBOX__PATH=/srv/scans watcher run""",
)
@click.option("--once", is_flag=True, help="Empty the inbox, then exit.")
@configured
def command(config: Config, *, once: bool) -> None:
    """Watch the inbox and sort until stopped.

    On its first start it makes what is missing: the folders, the database, and the references from the
    labelled images in the references folder, or else from those that come with the program. Ctrl-C and
    SIGTERM let it finish what it has taken in hand. It writes one line for every picture: in colours on a
    terminal, as JSON otherwise.
    """
    if once and sys.stderr.isatty() and sys.stdout.isatty():
        with progress_bar() as bar:
            _empty(config, bar)
    else:
        serve(config, make_logger(config.log, sys.stdout), once=once)
    leave_unsaid(sys.stdout)


def _empty(config: Config, bar: Progress) -> None:
    inbox = Inbox(config.inbox.path, recursive=config.inbox.recursive, quiet_seconds=0)
    waiting = sum(1 for _ in inbox.sweep()) if config.inbox.path.is_dir() else 0
    task = bar.add_task("sorting", total=waiting)
    serve(config, make_logger(config.log, sys.stdout), once=True, filed=lambda _: bar.advance(task))
