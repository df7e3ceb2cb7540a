"""The command line. Each command is a small module that is imported only when the command is used."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import update_wrapper
from pathlib import Path
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from watcher.errors import WatcherError

COMMANDS = {
    "run": "Watch the inbox and sort until stopped.",
    "train": "Add labeled images to the references.",
    "references": "Count the references, by digit and by source.",
    "classify": "Recognize files. Move and record nothing.",
    "evaluate": "Measure how often it is right on labeled images. Move and record nothing.",
    "results": "Query the log.",
    "export": "Write the log to a file: CSV, JSON lines or Parquet.",
    "sql": "Query the log in SQL. The log is only read.",
    "status": "Show whether the watcher runs, what waits, what came, what is wrong.",
    "report": "Write a page about a period, with charts and pictures.",
    "prune": "Remove old rows from the log. No picture is touched.",
    "retry": "Put files from failed/ and review/ back into the inbox.",
    "doctor": "Check everything the watcher needs, and say what to do.",
    "fsck": "Compare the log with the folders. Repair differences if asked to.",
    "config": "Check or show the settings, and where each comes from.",
    "unit": "Print a systemd unit for this installation.",
    "init": "Write a config.toml with every setting and what it means.",
    "demo": "Show in a minute what the watcher does, with sample pictures.",
    "completion": "Print a script that makes a shell complete commands, options and files.",
}

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of SIGINT."""


READER_GONE = 141
"""The exit code if the reader of the output ends first, as `head` does: 128 and the number of SIGPIPE."""


class ReaderGone(Exception):  # noqa: N818 - not an error
    """The reader of the output has ended. Not an OSError: click would end with exit code 1."""


@contextmanager
def _noticing_a_gone_reader() -> Iterator[None]:
    """Turn a broken pipe into ReaderGone; also after rich has turned it into SystemExit."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise ReaderGone from end
        raise


class _Commands(click.Group):
    """Knows every command's summary, and imports a command only when it is used."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Read the arguments; prints help and version."""
        with _noticing_a_gone_reader():
            return super().make_context(*args, **more)

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"watcher.cli.commands.{name}").command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command, its name and the arguments left. Raises UsageError, which suggests a known name."""
        if not context.resilient_parsing and args and args[0][:1] != "-" and args[0] not in COMMANDS:
            from watcher.text import did_you_mean, printable  # noqa: PLC0415 - seldom needed

            context.fail(f'No such command "{printable(args[0])}"{did_you_mean(args[0], COMMANDS)}')
        return super().resolve_command(context, args)

    def invoke(self, context: click.Context) -> Any:
        """Run the command. Ctrl-C ends it quietly, with the exit code of a program that SIGINT ended."""
        try:
            with _noticing_a_gone_reader():
                return super().invoke(context)
        except KeyboardInterrupt:
            context.exit(INTERRUPTED)
        except click.Abort as abort:
            if not isinstance(abort.__context__, KeyboardInterrupt):
                raise
            click.echo(err=True)  # the line with the question
            context.exit(INTERRUPTED)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options a word may become, with their summaries; no command is imported."""
        options = click.Command.shell_complete(self, context, incomplete)
        words = [name for name in COMMANDS if name.startswith(incomplete)]
        return [*(CompletionItem(word, help=COMMANDS[word]) for word in words), *options]

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click calls it so
    if asked:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - seldom needed

        try:
            click.echo(f"watcher {version('watcher')}")
        except PackageNotFoundError:
            click.echo("watcher, from a checkout that is not installed")
        context.exit()


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="Read the settings from this file, not from ./config.toml.",
)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  watcher demo                       see what it does, in a minute
  watcher run                        watch ./inbox, file into ./outbox
  watcher run --once                 empty the inbox, then exit
  watcher train my-digits/           learn from 7_0.png, 7_1.png … or 7/*.png
  watcher classify scan.png          which digit is it?
  watcher results --status review    which pictures should I look at?""",
)
@config_option
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def watcher(context: click.Context, config: Path | None) -> None:
    """Sort pictures of handwritten digits from a watched folder into one folder for each digit.

    Every setting has a default. Change it in config.toml in the current folder, or with
    WATCHER_SECTION__KEY in the environment.
    """
    context.obj = config


def main() -> None:
    """Run the command line and exit with the command's exit code."""
    try:
        try:
            watcher.main(prog_name="watcher", standalone_mode=True)
        finally:
            sys.stdout.flush()
    except WatcherError as error:
        _end(str(error), error.exit_code)
    except (ReaderGone, BrokenPipeError):
        _end("", READER_GONE)
    except OSError as error:
        from watcher.text import error_text  # noqa: PLC0415

        _end(error_text(error), 1)


def _end(message: str, code: int) -> NoReturn:
    """Print why it ends, one line each, and exit, even if nothing can be written any more."""
    with suppress(OSError):
        for line in message.splitlines():
            click.echo(f"watcher: {line}", err=True)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # Python would fail again when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def configured(function: Any) -> Any:
    """Give a command the option --config, and pass it the Config as its first argument."""

    def with_config(*args: Any, config: Path | None, **options: Any) -> Any:
        from watcher.config.load import load_config  # noqa: PLC0415 - too slow to import for help

        path = config or click.get_current_context().obj
        return function(load_config(path, os.environ), *args, **options)

    return config_option(update_wrapper(with_config, function))
