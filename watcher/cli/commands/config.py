"""`watcher config check`, `show` and `schema`."""

import json
import os
from pathlib import Path

import click

from watcher.cli import COMMANDS, config_option
from watcher.cli.output import print_json, print_table
from watcher.config.load import load_with_origins
from watcher.config.settings import Config


@click.group(
    "config",
    short_help=COMMANDS["config"],
    epilog="""\b
Examples:
  watcher config check --config /etc/watcher.toml   is it in order?
  watcher config show                               every value, and where it comes from
  watcher config schema > watcher.schema.json       for editors that help with settings""",
)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None) -> None:
    """Check or show the settings, and where each comes from.

    They are those of config.toml, and variables of the environment named WATCHER_SECTION__KEY go before them.
    """
    context.obj = config or context.obj


@command.command("check")
@config_option
@click.pass_context
def check(context: click.Context, config: Path | None) -> None:
    """Say whether the settings are in order.

    Every fault is told, each on a line of its own, and the exit code is 78.
    """
    sourced = load_with_origins(config or context.obj, os.environ)
    if sourced.file is None:
        click.echo("there is no config.toml here; the defaults hold")
    else:
        click.echo(f"{sourced.file.name}: in order")
    for (section, key), variable in sourced.variables.items():
        click.echo(f"{variable}: in order, and goes before [{section}] {key}")


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@config_option
@click.pass_context
def show(context: click.Context, config: Path | None, *, as_json: bool) -> None:
    """Show every setting, and where it comes from.

    Paths are absolute. A value comes from a line of config.toml, from a variable, or is the default.
    """
    sourced = load_with_origins(config or context.obj, os.environ)
    values = sourced.config.model_dump(mode="json")
    if as_json:
        print_json(
            {
                section: {
                    key: {"value": value, "from": sourced.origin(section, key)} for key, value in keys.items()
                }
                for section, keys in values.items()
            }
        )
        return
    print_table(
        ["setting", "value", "from"],
        [
            [f"[{section}] {key}", json.dumps(value, ensure_ascii=False), sourced.origin(section, key)]
            for section, keys in values.items()
            for key, value in keys.items()
        ],
    )


@command.command("schema")
def schema() -> None:
    """Print the JSON schema of config.toml."""
    described = Config.model_json_schema()
    del described["required"]  # a section that is left out has its defaults
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))
