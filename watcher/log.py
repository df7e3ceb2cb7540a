"""structlog: one event per picture and per state of the daemon, each on one line."""

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from watcher.settings import LogSettings
from watcher.text import printable


def make_logger(settings: LogSettings, stream: TextIO) -> FilteringBoundLogger:
    """A logger that writes events to a stream: colours on a terminal, JSON lines otherwise."""
    on_terminal = stream.isatty()
    console = settings.format == "console" or (settings.format == "auto" and on_terminal)
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console, key="time"),
    ]
    if console:
        processors += [_printable_values, _console(colors=on_terminal)]
    else:
        processors += [_heading_first, structlog.processors.JSONRenderer()]
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    return logger


def _console(*, colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colors,
        timestamp_key="time",
        sort_keys=False,
        pad_event_to=8,
        exception_formatter=structlog.dev.plain_traceback,
    )


class LibraryLog(logging.Handler):
    """Passes on what the libraries say through the standard library's logging, without tracebacks."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Say one record as an event; a fault that came with it is told in a word."""
        fault = record.exc_info[1] if record.exc_info else None
        said = {"fault": repr(fault)} if fault else {}
        self._logger.log(record.levelno, _message(record), library=record.name, **said)


@contextmanager
def library_log(logger: FilteringBoundLogger) -> Iterator[None]:
    """While in the context, what the libraries say through `logging` is passed on."""
    handler = LibraryLog(logger)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def _heading_first(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: event[key] for key in ("time", "level", "event")} | dict(event)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (KeyError, TypeError, ValueError):  # its words and its values do not fit together
        return f"{record.msg} {record.args!r}"


def _printable_values(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The console renderer passes escape characters through; the names of files may hold them."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}
