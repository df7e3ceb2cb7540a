"""`watcher references`."""

from collections import defaultdict
from contextlib import closing

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.show import show_json, show_table
from watcher.settings import Config
from watcher.store.database import open_log
from watcher.store.references import ReferenceStore


@click.command("references", short_help=COMMANDS["references"])
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@configured
def command(config: Config, *, as_json: bool) -> None:
    """Say how many references there are, of each digit, from where."""
    with closing(open_log(config.database.file)) as database:
        references = ReferenceStore(database)
        version, summary, counts = references.version(), references.summary(), references.counts()
    sources: dict[str, list[int]] = defaultdict(lambda: [0] * 10)
    for source, digit, count in summary:
        sources[source][digit] += count
    if as_json:
        show_json({"version": version, "references": sum(counts), "digits": list(counts), "sources": sources})
    else:
        rows = [[source, *of_digit, sum(of_digit)] for source, of_digit in sources.items()]
        rows.append(["all", *counts, sum(counts)])
        show_table(["from", *map(str, range(10)), "all"], rows, right=range(1, 12))
