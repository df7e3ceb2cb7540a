"""`watcher references`."""

from collections import defaultdict

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.output import print_json, print_table
from watcher.config.settings import Config
from watcher.store.references import ReferenceStore


@click.command(
    "references",
    short_help=COMMANDS["references"],
    epilog="""\b
Examples:
  watcher references
  watcher references --retire 17 --retire 33      two that `watcher train` showed as mislabeled""",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option(
    "--retire", "retired", type=int, multiple=True, metavar="ID", help="Take this one out of use; repeatable."
)
@configured
def command(config: Config, retired: tuple[int, ...], *, as_json: bool) -> None:
    """Say how many references there are, of each digit, from where.

    Retired references are kept in the database, but no picture is compared with them any more; a running
    daemon lets go of them by itself.
    """
    if retired:
        with to_write(config) as database:
            ReferenceStore(database).retire(retired, "retired by hand")
    with to_read(config) as database:
        references = ReferenceStore(database)
        version, summary, counts = references.version(), references.summary(), references.counts()
    sources: dict[str, list[int]] = defaultdict(lambda: [0] * 10)
    for source, digit, count in summary:
        sources[source][digit] += count
    if as_json:
        print_json(
            {"version": version, "references": sum(counts), "digits": list(counts), "sources": sources}
        )
    else:
        rows = [[source, *of_digit, sum(of_digit)] for source, of_digit in sources.items()]
        rows.append(["all", *counts, sum(counts)])
        print_table(["from", *map(str, range(10)), "all"], rows, right=range(1, 12))
