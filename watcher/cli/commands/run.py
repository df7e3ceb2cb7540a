"""`watcher run`."""

import os
import sys
from functools import partial
from pathlib import Path

import click

from watcher.cli import COMMANDS, config_option
from watcher.cli.output import progress_bar
from watcher.config.load import load_config
from watcher.config.settings import Config
from watcher.daemon.run import serve
from watcher.daemon.systemd.notify import service_manager
from watcher.folders.inbox import Inbox
from watcher.monitoring.log import Log, discard_unwritten


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
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None, *, once: bool) -> None:
    """Watch the inbox and sort until stopped.

    The first start makes what is missing: the folders, the database, and the references. These come from the
    labeled images in the references folder, or from those that come with the program. At Ctrl-C and SIGTERM
    it finishes the pictures it has claimed. At SIGHUP it reads its settings again. It writes one line for
    every picture: in colors on a terminal, as JSON otherwise.
    """
    notifier = service_manager(os.environ)
    reread = partial(load_config, config or context.obj, os.environ)
    settings = reread()
    log = Log(settings.log, sys.stdout, os.environ)
    if once and sys.stderr.isatty() and sys.stdout.isatty():
        with progress_bar() as bar:
            task = bar.add_task("sorting", total=_waiting(settings))
            serve(settings, log, notifier, reread, once=True, filed=lambda _: bar.advance(task))
    else:
        serve(settings, log, notifier, reread, once=once)
    discard_unwritten(sys.stdout)


def _waiting(config: Config) -> int:
    inbox = Inbox(config.inbox.path, recursive=config.inbox.recursive, quiet_seconds=0)
    return sum(1 for _ in inbox.sweep()) if config.inbox.path.is_dir() else 0
