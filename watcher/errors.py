"""What can go wrong for a user, each with the exit code it leads to."""


class WatcherError(Exception):
    """Something a user can understand and mend; its text says what, where, and what to do."""

    exit_code = 1


class ConfigError(WatcherError):
    """The configuration is wrong; `faults` holds every fault, one line each."""

    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Unreadable(WatcherError):  # noqa: N818 - names what the file is
    """These bytes are no picture that can be read; the text is the reason."""


class LacksMemory(Unreadable):
    """There was not the memory to read this picture, which need not be its fault."""


class UnfitReferencesError(WatcherError):
    """These pictures and labels cannot serve as references."""
