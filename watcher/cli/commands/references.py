"""`watcher references`."""

from collections import defaultdict

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read, to_write
from watcher.cli.layout import Column
from watcher.cli.output import print_json, print_table, wide_option
from watcher.config.settings import Config
from watcher.store.references import ReferenceStore


@click.command(
    "references",
    short_help=COMMANDS["references"],
    epilog="""\b
Examples:
  watcher references
  watcher references --retire 17 --retire 33      `watcher train` listed them as mislabeled""",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option(
    "--retire",
    "retired",
    type=int,
    multiple=True,
    metavar="ID",
    help="Stop using this one; repeatable.",
)
@wide_option
@configured
def command(config: Config, retired: tuple[int, ...], *, as_json: bool, wide: bool) -> None:
    """Count the references, by digit and by source.

    Retired references are kept in the database, but no picture is compared with them any more. A running
    daemon notices this by itself.
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
    elif not sources:
        click.echo("There are no references in use; `watcher train SOURCE` adds labeled images.")
    else:
        rows = [[source, *of_digit, sum(of_digit)] for source, of_digit in sources.items()]
        rows.append(["all", *counts, sum(counts)])
        numbers = [Column(heading, right=True) for heading in (*map(str, range(10)), "all")]
        print_table([Column("from", least=12, middle=True), *numbers], rows, wide=wide)
