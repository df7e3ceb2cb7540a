"""`watcher config check`, `show` and `schema`."""

import json
import os
from pathlib import Path

import click

from watcher.cli import COMMANDS, config_option
from watcher.cli.layout import Column
from watcher.cli.output import print_json, print_table, wide_option
from watcher.config.load import load_with_origins
from watcher.config.settings import Config


@click.group(
    "config",
    short_help=COMMANDS["config"],
    epilog="""\b
Examples:
  watcher config check --config /etc/watcher.toml   are these settings correct?
  watcher config show                               every value, and where it comes from
  watcher config schema > watcher.schema.json       for editors that complete settings""",
)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None) -> None:
    """Check or show the settings, and where each comes from.

    The settings come from config.toml. Variables named WATCHER_SECTION__KEY in the environment override them.
    """
    context.obj = config or context.obj


@command.command("check")
@config_option
@click.pass_context
def check(context: click.Context, config: Path | None) -> None:
    """Say whether the settings are correct.

    If not, every fault is printed on a line of its own, and the exit code is 78.
    """
    loaded = load_with_origins(config or context.obj, os.environ)
    if loaded.file is None:
        click.echo("there is no config.toml here; the defaults are used")
    else:
        click.echo(f"{loaded.file.name}: correct")
    for (section, key), variable in loaded.variables.items():
        click.echo(f"{variable}: correct; it overrides [{section}] {key}")


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@wide_option
@config_option
@click.pass_context
def show(context: click.Context, config: Path | None, *, as_json: bool, wide: bool) -> None:
    """Show every setting, and where it comes from.

    Paths are absolute. A value comes from a line of config.toml, from a variable, or it is the default.
    """
    loaded = load_with_origins(config or context.obj, os.environ)
    values = loaded.config.model_dump(mode="json")
    if as_json:
        print_json(
            {
                section: {
                    key: {"value": value, "from": loaded.origin(section, key)} for key, value in keys.items()
                }
                for section, keys in values.items()
            }
        )
        return
    print_table(
        ["setting", Column("value", least=16, middle=True), Column("from", least=8, middle=True)],
        [
            [f"[{section}] {key}", json.dumps(value, ensure_ascii=False), loaded.origin(section, key)]
            for section, keys in values.items()
            for key, value in keys.items()
        ],
        wide=wide,
    )


@command.command("schema")
def schema() -> None:
    """Print the JSON schema of config.toml."""
    described = Config.model_json_schema()
    del described["required"]  # a section that is left out has its defaults
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))
