"""`watcher completion`."""

from typing import Any

import click
from click.shell_completion import get_completion_class

from watcher.cli import COMMANDS, watcher

VARIABLE = "_WATCHER_COMPLETE"
"""The variable with which a shell asks for completions."""


@click.command(
    "completion",
    short_help=COMMANDS["completion"],
    epilog="""\b
Examples:
  watcher completion fish > ~/.config/fish/completions/watcher.fish
  echo 'eval "$(watcher completion bash)"' >> ~/.bashrc
  echo 'eval "$(watcher completion zsh)"' >> ~/.zshrc""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that makes a shell complete commands, options and files.

    It takes effect in shells that you open afterwards. Bash must be 4.4 or newer.
    """
    kind: Any = get_completion_class(shell)
    click.echo(kind(watcher, {}, "watcher", VARIABLE).source())
