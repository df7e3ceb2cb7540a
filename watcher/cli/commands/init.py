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
  watcher init --config /etc/watcher.toml   where the service finds it""",
)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None) -> None:
    """Write a config.toml with every setting and what it means.

    Each has its default. A file that is there already is left as it is.
    """
    file: Path = config or context.obj or Path("config.toml")
    shown = printable(str(file))
    try:
        with file.open("xb") as written:
            written.write(shipped("config.toml").read_bytes())
    except FileExistsError:
        raise WatcherError(f"{shown}: it is there already, and stays as it is") from None
    click.echo(f"{shown}: written; change what you like, then `watcher config check` and `watcher run`")
