"""`watcher run`."""

import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from watcher.cli import COMMANDS, config_option
from watcher.cli.output import is_same_terminal, progress_bar
from watcher.config.load import load_config
from watcher.config.settings import Config
from watcher.daemon.run import serve
from watcher.daemon.systemd.notify import service_manager
from watcher.errors import WatcherError
from watcher.folders.inbox import Inbox
from watcher.monitoring.line_writer import LineWriter
from watcher.monitoring.log import END_SECONDS, Log
from watcher.monitoring.outlets import outlet


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
    try:
        _run(config or context.obj, once=once)
    except WatcherError as error:
        _print_error(error)
        sys.exit(error.exit_code)


def _run(file: Path | None, *, once: bool) -> None:
    notifier = service_manager(os.environ)
    reread = partial(load_config, file, os.environ)
    settings = reread()
    with closing(Log(settings.log, sys.stdout, os.environ)) as log:
        if once and is_same_terminal(sys.stdout, sys.stderr):
            with log.above_bar() as screen, progress_bar(screen) as bar:
                task = bar.add_task("sorting", total=_waiting(settings))
                serve(settings, log, notifier, reread, once=True, filed=lambda _: bar.advance(task))
        else:
            serve(settings, log, notifier, reread, once=once)


def _print_error(error: WatcherError) -> None:
    """Print why the daemon ends; its end does not wait for a reader."""
    with closing(LineWriter(outlet(sys.stderr), lambda _lines: None)) as lines:
        for line in str(error).splitlines():
            lines.write(f"watcher: {line}\n")
        lines.finish(END_SECONDS)


def _waiting(config: Config) -> int:
    inbox = Inbox(config.inbox.path, recursive=config.inbox.recursive, quiet_seconds=0)
    return sum(1 for _ in inbox.sweep()) if config.inbox.path.is_dir() else 0
