"""`python -m watcher`: the command line."""

import os
import signal
import sys


def main() -> None:
    """Run the command line."""
    if "run" in sys.argv[1:]:
        # Loading takes a moment, and a daemon may be asked to stop during it.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        if not sys.stdout.isatty():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the settings are not read yet
    try:
        from watcher import cli  # noqa: PLC0415 - after the signals are set

        cli.main()
    except KeyboardInterrupt:  # before or after a command
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
