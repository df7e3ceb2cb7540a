"""`watcher doctor`."""

import itertools
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from watcher.cli import COMMANDS, config_option
from watcher.cli.output import print_hanging, print_json, wide_option
from watcher.config.load import LoadedConfig, load_with_origins
from watcher.maintenance.doctor.examination import examine
from watcher.maintenance.doctor.findings import Finding, Level, ok

_COLORS = {Level.OK: "green", Level.WARN: "yellow", Level.WRONG: "red"}
_WIDTH = 17


@click.command(
    "doctor",
    short_help=COMMANDS["doctor"],
    epilog="""\b
Examples:
  watcher doctor
  watcher doctor --json | jq '.checks[] | select(.level != "ok")'""",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@wide_option
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None, *, as_json: bool, wide: bool) -> None:
    """Check everything the watcher needs, and say what to do.

    Each check prints a line: its outcome (ok, warn, wrong), what was checked, and what was found. If that is
    not right, another line says what to do. The checks make only hidden files, which are removed at once. A
    daemon may run meanwhile. The exit code is 1 if anything is wrong.
    """
    loaded = load_with_origins(config or context.obj, os.environ)
    findings: list[Finding] = []
    for finding in itertools.chain([_configuration(loaded)], examine(loaded.config)):
        findings.append(finding)
        if not as_json:
            _show(finding, wide=wide)
    wrong, warnings = (sum(one.level is level for one in findings) for level in (Level.WRONG, Level.WARN))
    if as_json:
        print_json({"wrong": wrong, "warnings": warnings, "checks": [asdict(one) for one in findings]})
    else:
        click.echo(f"{len(findings)} checks: {wrong} wrong, {warnings} to look at")
    sys.exit(1 if wrong else 0)


def _configuration(loaded: LoadedConfig) -> Finding:
    """Where the settings come from. Wrong settings were reported before any command begins."""
    figure = loaded.file.name if loaded.file else "there is no config.toml here; the defaults are used"
    return ok("configuration", ", ".join([figure, *loaded.variables.values()]))


def _show(finding: Finding, *, wide: bool) -> None:
    level = click.style(f"{finding.level:<6}", fg=_COLORS[finding.level])
    print_hanging(f"{level}{finding.what:<{_WIDTH}}", finding.figure, wide=wide)
    if finding.advice is not None:
        print_hanging(f"{'':6}{'':{_WIDTH}}→ ", finding.advice, wide=wide)
