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
from watcher.text import counted, percent, printable

PAUSE = 0.4
"""Seconds between two files, for whoever looks on."""
NEXT = """\
What next, in a folder of your own:
  watcher run                        watches inbox/ there, and sorts into outbox/
  watcher init                       writes a config.toml with every setting and what it means
  watcher train my-digits/           learns from pictures of yours, named 7_0.png or in folders 0 to 9
  watcher results --status review    says what you should look at
  watcher unit                       has it run as a service
"""


@click.command(
    "demo",
    short_help=COMMANDS["demo"],
    epilog="""\b
Examples:
  watcher demo
  watcher demo --keep                             look around in its folder afterwards""",
)
@click.option("--keep", is_flag=True, help="Leave the folder there, and say where it is.")
def command(*, keep: bool) -> None:
    """Show in a minute what it does: sample pictures, dropped one by one.

    A daemon of its own watches an inbox in a temporary folder. Nothing of yours is touched, and nothing is
    left behind.
    """
    with ExitStack() as stack:
        if keep:
            folder = Path(tempfile.mkdtemp(prefix="watcher-demo-"))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watcher-demo-")))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C does, it cleans up on its way out
        click.echo(f"A daemon begins to watch {printable(str(folder / 'inbox'))}.")
        click.echo("It compares its reference pictures with each other, to know how sure it can be ...")
        began = time.monotonic()
        ended: Counter[str] = Counter()
        with demonstrating(folder) as demonstration:
            demonstration.wait_until_ready()
            took = time.monotonic() - began
            click.echo(f"It is ready, after {took:.1f} s. Now files come, as a scanner drops them:\n")
            for name, content in samples():
                if sys.stdout.isatty():
                    time.sleep(PAUSE)
                event = demonstration.drop(name, content)
                ended[event["status"]] += 1
                click.echo(_line(event))
        _sum_up(ended)
    if keep:
        click.echo(f"\nAll of it lies in {printable(str(folder))}; there, try `watcher results`.")
    click.echo(f"\n{NEXT}", nl=False)


def _line(event: Event) -> str:
    """What became of a file, in a line."""
    digit = event.get("digit")
    guess = f"{'an' if digit == 8 else 'a'} {digit}"
    if event["status"] == "failed":
        words, color = f"{event['reason']}; a file beside it says so", "yellow"
    elif event["status"] == "review":
        words, color = f"for you to look at, perhaps {guess}: {event['reason']}", "cyan"
    else:
        words, color = f"{guess}, {percent(event['certainty'])} certain", "green"
    goal = click.style(f"{printable('outbox/' + event['destination']):<31}", fg=color)
    return f"{printable(event['name']):<17} -> {goal}{event['milliseconds']:4.0f} ms  {printable(words)}"


def _sum_up(ended: Counter[str]) -> None:
    where = f"{ended['filed']} lie under their digits, {ended['review']} for you to look at"
    click.echo(
        f"\n{counted(ended.total(), 'file')} came: {where}, {ended['failed']} that is no picture. "
        "None was lost, and none was overwritten."
    )
