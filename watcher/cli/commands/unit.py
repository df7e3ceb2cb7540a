"""`watcher unit`."""

import os
import sys
from pathlib import Path

import click

import watcher
from watcher.cli import COMMANDS, config_option
from watcher.cli.output import print_warning
from watcher.config.load import FILE, load_with_origins
from watcher.daemon.systemd.unit import Installation, system_unit, temporary_folders, user_unit

ACCOUNT = "watcher"


@click.command(
    "unit",
    short_help=COMMANDS["unit"],
    epilog="""\b
Examples:
  watcher unit --config /srv/watcher/config.toml > /etc/systemd/system/watcher.service
  watcher unit --user > ~/.config/systemd/user/watcher.service""",
)
@click.option("--user", "for_user", is_flag=True, help="For one user's service manager, not the system's.")
@click.option(
    "--account",
    metavar="NAME",
    help=f"The account that runs the system's service.  [default: {ACCOUNT}]",
)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None, account: str | None, *, for_user: bool) -> None:
    """Print a systemd unit for this installation.

    The service runs this program with these settings. systemd restarts it when it fails or makes no progress.
    `systemctl reload` makes it read its settings again. It has no rights that it does not need: it may write
    only to the folders in config.toml, so print the unit again when they change. How to install the unit is
    written at its top.
    """
    if for_user and account is not None:
        raise click.UsageError("a user's service runs as that user; give --user or --account")
    path = config or context.obj
    loaded = load_with_origins(path, os.environ)
    file = None if loaded.file is None else (path or FILE).absolute()
    installation = Installation(
        program=_program(),
        code=[Path(sys.prefix), Path(os.path.realpath(sys.base_prefix)), Path(watcher.__file__).parent],
        config=loaded.config,
        folder=Path.cwd() if file is None else file.parent,
        file=file,
        variables={name: os.environ[name] for name in loaded.variables.values()},
    )
    click.echo(
        user_unit(installation) if for_user else system_unit(installation, account or ACCOUNT), nl=False
    )
    for folder in temporary_folders(installation):
        print_warning(
            f"{folder}: the system empties this folder from time to time; move it before you use the service"
        )


def _program() -> list[str]:
    """The command line that runs this program from any folder."""
    beside = Path(sys.executable).with_name("watcher")
    if beside.is_file() and os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-m", "watcher"]
