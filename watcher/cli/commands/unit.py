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
@click.option(
    "--user", "for_user", is_flag=True, help="For the service manager of one user, not the system's."
)
@click.option(
    "--account",
    metavar="NAME",
    help=f"The account that the system's service is run by.  [default: {ACCOUNT}]",
)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None, account: str | None, *, for_user: bool) -> None:
    """Print a systemd unit for this installation.

    It runs this very program with these settings, starts it anew when it fails or makes no progress, has it
    read them anew at `systemctl reload`, and takes every right from it that it can do without. How to
    install it stands at its top. Print it again when folders change in config.toml: it opens just these.
    """
    if for_user and account is not None:
        raise click.UsageError("a service of a user's runs as that user: give --user or --account")
    path = config or context.obj
    sourced = load_with_origins(path, os.environ)
    file = None if sourced.file is None else (path or FILE).absolute()
    installation = Installation(
        program=_program(),
        code=[Path(sys.prefix), Path(os.path.realpath(sys.base_prefix)), Path(watcher.__file__).parent],
        config=sourced.config,
        folder=Path.cwd() if file is None else file.parent,
        file=file,
        variables={name: os.environ[name] for name in sourced.variables.values()},
    )
    click.echo(
        user_unit(installation) if for_user else system_unit(installation, account or ACCOUNT), nl=False
    )
    for folder in temporary_folders(installation):
        print_warning(
            f"{folder}: the system empties this folder now and then; move it before you rely on the service"
        )


def _program() -> list[str]:
    """The command line that runs this program, wherever it is called from."""
    beside = Path(sys.executable).with_name("watcher")
    if beside.is_file() and os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-m", "watcher"]
