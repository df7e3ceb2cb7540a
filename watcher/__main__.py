"""`python -m watcher`: the command line."""

import os
import signal
import sys


def open_missing_streams() -> None:
    """Open the null device as each standard stream that is closed or missing.

    Otherwise the next file that is opened, even a database, gets the number of a standard stream, and text
    for the stream is written into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one
            os.set_inheritable(opened, True)  # noqa: FBT003 - takes no keyword
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w" if number else "r", errors="backslashreplace", closefd=False)
            setattr(sys, name, stream)


def main() -> None:
    """Run the command line."""
    open_missing_streams()
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
