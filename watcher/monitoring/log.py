"""structlog: one event per picture and per state of the daemon, each on one line."""

import json
import logging
import os
from collections.abc import Container, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from watcher.config.settings import LogSettings
from watcher.errors import passes
from watcher.text import printable

_LEVELS = logging.getLevelNamesMapping()
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


class Log:
    """Writes events to a stream: colors on a terminal, otherwise JSON lines; the settings may overrule this.

    In the system's journal, each line begins with its priority, see sd-daemon(3). The journal removes it, and
    can select lines by it.
    """

    def __init__(self, settings: LogSettings, stream: TextIO, environ: Mapping[str, str] = {}) -> None:
        self.on_terminal = stream.isatty()
        self._in_journal = is_journal(stream, environ)
        self._processors: list[Processor] = []
        self.adopt(settings)
        self.logger: FilteringBoundLogger = structlog.wrap_logger(
            structlog.WriteLogger(cast("TextIO", _LossyStream(stream))),
            processors=self._processors,
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        ).bind()  # otherwise structlog builds the logger again for every event

    def adopt(self, settings: LogSettings) -> None:
        """Write as these settings say from now on."""
        level = _LEVELS[settings.level.upper()]
        enabled = {name.lower() for name, number in _LEVELS.items() if number >= level}
        processors: list[Processor] = [partial(_only_levels, enabled), structlog.processors.add_log_level]
        if settings.format == "console" or (settings.format == "auto" and self.on_terminal):
            clock = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False, key="time")
            processors += [clock, _printable_values, _console(colors=self.on_terminal)]
        else:
            processors.append(_as_json)
        if self._in_journal:
            processors.append(_with_priority)
        self._processors[:] = processors


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream goes to the system's journal; see JOURNAL_STREAM in systemd.exec(5)."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except OSError:  # it has no file behind it
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


def _only_levels(
    levels: Container[str], _logger: WrappedLogger, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if method not in levels:
        raise structlog.DropEvent
    return event


def _with_priority(_logger: WrappedLogger, method: str, line: Any) -> str:
    return f"<{_PRIORITIES[method]}>{line}"


class _LossyStream:
    """Passes text on, and drops what the stream cannot take: a full disk under the log stops no work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write as much as the stream takes."""
        try:
            self._stream.write(text)
        except OSError as error:
            _raise_unless_passing(error)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            self._stream.flush()
        except OSError as error:
            _raise_unless_passing(error)


def _raise_unless_passing(error: OSError) -> None:
    if not passes(error):
        raise error


def discard_unwritten(stream: TextIO) -> None:
    """Drop what a stream could not take by the end, so that the program's exit code stays as it is."""
    try:
        stream.flush()
    except OSError as error:
        if not passes(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _console(*, colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colors,
        timestamp_key="time",
        sort_keys=False,
        pad_event_to=8,
        exception_formatter=structlog.dev.plain_traceback,
    )


class LibraryLog(logging.Handler):
    """Logs what libraries report through the standard library's logging, without tracebacks."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record as an event; of an exception that came with it, only its name and message."""
        error = record.exc_info[1] if record.exc_info else None
        fault = {"fault": repr(error)} if error else {}
        self._logger.log(record.levelno, _message(record), library=record.name, **fault)


@contextmanager
def library_log(logger: FilteringBoundLogger) -> Iterator[None]:
    """Log what libraries report through `logging` while in the context."""
    handler = LibraryLog(logger)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


_encode = json.JSONEncoder(default=repr).encode


def _as_json(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> str:
    """The event as JSON, with time, level and event first. Fast, because every picture has one."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    return _encode({"time": now, "level": event.pop("level"), "event": event.pop("event"), **event})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (KeyError, TypeError, ValueError):  # the format and the arguments do not match
        return f"{record.msg} {record.args!r}"


def _printable_values(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escape control characters: file names may hold them, and the console renderer lets them through."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}
