"""`watcher report`."""

import time
from pathlib import Path

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.filters import SINCE_HELP, until_option
from watcher.cli.moments import MomentParam
from watcher.cli.pages import page_writer
from watcher.config.settings import Config
from watcher.folders.outbox import Outbox
from watcher.report.period import summarize
from watcher.report.render.period import period_page
from watcher.store.timestamps import stamp


@click.command(
    "report",
    short_help=COMMANDS["report"],
    epilog="""\b
Examples:
  watcher report --html report.html                     the last seven days
  watcher report --since 24h --html today.html
  watcher report --since 2026-10-01 --until 2026-11-01 --html october.html""",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, readable=False),
    metavar="PAGE",
    required=True,
    help="The page to write.",
)
@click.option(
    "--since",
    type=MomentParam(),
    default="7d",
    show_default=True,
    help=SINCE_HELP,
)
@until_option
@configured
def command(config: Config, html: Path, since: str, until: str | None) -> None:
    """Write a page about a period, with charts and pictures.

    It shows how many pictures of each digit came, when they came, how certain the best guesses were, what
    failed and why, the slowest, and the least certain pictures still in review. The page needs no network and
    no other file.
    """
    now = stamp(time.time())
    if since >= (until or now):
        raise click.UsageError("the period ends before it begins; give an earlier --since")
    with page_writer(html) as write, to_read(config) as database:
        outbox = Outbox(config.outbox.path)
        write(period_page(summarize(database, outbox, since, until or now, config.recognition.review_below)))
