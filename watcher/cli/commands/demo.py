"""`watcher demo`."""

import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import click

from watcher.cli import COMMANDS
from watcher.cli.demonstration import Event, demonstrating, samples
from watcher.text import a_digit, counted, percent, printable

PAUSE = 0.4
"""Seconds between two files, so that people can follow."""
NEXT = """\
What you can do next, in a folder of your own:
  watcher run                        watch inbox/ there, and sort into outbox/
  watcher init                       write a config.toml with every setting and what it means
  watcher train my-digits/           learn from your pictures, named 7_0.png or in folders 0 to 9
  watcher results --status review    list what you should look at
  watcher unit                       run it as a service
"""


@click.command(
    "demo",
    short_help=COMMANDS["demo"],
    epilog="""\b
Examples:
  watcher demo
  watcher demo --keep                             look at its folder afterwards""",
)
@click.option("--keep", is_flag=True, help="Keep the folder, and say where it is.")
def command(*, keep: bool) -> None:
    """Show in a minute what the watcher does, with sample pictures.

    It starts a daemon that watches an inbox in a temporary folder, and drops pictures there one by one. Your
    own files are not touched. The folder is removed at the end.
    """
    with ExitStack() as stack:
        if keep:
            folder = Path(tempfile.mkdtemp(prefix="watcher-demo-"))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watcher-demo-")))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # cleans up, as Ctrl-C does
        click.echo(f"A daemon starts to watch {printable(str(folder / 'inbox'))}.")
        click.echo("It compares its references with each other, to learn how certain it can be ...")
        began = time.monotonic()
        ended: Counter[str] = Counter()
        with demonstrating(folder) as demonstration:
            demonstration.wait_until_ready()
            took = time.monotonic() - began
            click.echo(f"It is ready after {took:.1f} s. Now files come, as a scanner drops them:\n")
            for name, content in samples():
                if sys.stdout.isatty():
                    time.sleep(PAUSE)
                event = demonstration.drop(name, content)
                ended[event["status"]] += 1
                click.echo(_line(event))
        _sum_up(ended)
    if keep:
        click.echo(f"\nEverything is in {printable(str(folder))}; run `watcher results` there.")
    click.echo(f"\n{NEXT}", nl=False)


def _line(event: Event) -> str:
    """What happened to a file, in a line."""
    digit = event.get("digit")
    guess = "" if digit is None else a_digit(digit)
    if event["status"] == "failed":
        words, color = f"{event['reason']}; a file next to it gives the reason", "yellow"
    elif event["status"] == "review":
        perhaps = f", perhaps {guess}" if guess and guess not in event["reason"] else ""
        words, color = f"for you to look at{perhaps}: {event['reason']}", "cyan"
    else:
        words, color = f"{guess}, {percent(event['certainty'])} certain", "green"
    goal = click.style(f"{printable('outbox/' + event['destination']):<31}", fg=color)
    return f"{printable(event['name']):<17} -> {goal}{event['milliseconds']:4.0f} ms  {printable(words)}"


def _sum_up(ended: Counter[str]) -> None:
    where = f"{ended['filed']} filed under their digit, {ended['review']} for you to look at"
    click.echo(
        f"\n{counted(ended.total(), 'file')} came: {where}, {ended['failed']} not a picture. "
        "None was lost, and none was overwritten."
    )
