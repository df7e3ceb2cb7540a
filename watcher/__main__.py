"""`python -m watcher`: the command line."""

import os
import signal
import sys


def main() -> None:
    """Run the command line."""
    if "run" in sys.argv[1:]:
        # Loading takes a moment, in which a daemon may be asked to stop as in any other.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        if not sys.stdout.isatty():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the settings have yet to be read
    from watcher import cli  # noqa: PLC0415 - not before the signals are seen to

    cli.main()


if __name__ == "__main__":
    main()
