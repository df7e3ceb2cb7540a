"""`watcher init`."""

from pathlib import Path

import click

from watcher.cli import COMMANDS, config_option
from watcher.errors import WatcherError
from watcher.resources import shipped
from watcher.text import printable


@click.command(
    "init",
    short_help=COMMANDS["init"],
    epilog="""\b
Examples:
  watcher init                              ./config.toml
  watcher init --config /etc/watcher.toml   for a service""",
)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None) -> None:
    """Write a config.toml with every setting and what it means.

    Each setting has its default. A file that exists is not changed.
    """
    file: Path = config or context.obj or Path("config.toml")
    shown = printable(str(file))
    try:
        with file.open("xb") as written:
            written.write(shipped("config.toml").read_bytes())
    except FileExistsError:
        raise WatcherError(f"{shown}: it exists; it was not changed") from None
    click.echo(f"{shown}: written; edit it, then run `watcher config check` and `watcher run`")
