"""structlog: one event per picture and per state of the daemon, each on one line."""

import json
import logging
import os
from collections.abc import Callable, Container, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from watcher.config.settings import LogSettings
from watcher.monitoring.line_writer import LineWriter
from watcher.monitoring.outlets import outlet
from watcher.text import printable

_LEVELS = logging.getLevelNamesMapping()
END_SECONDS = 0.2
"""For how long the last lines may wait for their reader."""
ERASE_LINE = "\r\x1b[2K"
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


class Log:
    """Writes events to a stream: colors on a terminal, otherwise JSON lines; the settings may overrule this.

    In the system's journal, each line begins with its priority, see sd-daemon(3). The journal removes it, and
    can select lines by it. Lines never wait for their reader; see LineWriter.
    """

    def __init__(self, settings: LogSettings, stream: TextIO, environ: Mapping[str, str] = {}) -> None:
        self.on_terminal = stream.isatty()
        self._in_journal = is_journal(stream, environ)
        self._processors: list[Processor] = []
        self._is_above_bar = False
        self.adopt(settings)
        encoding = stream.encoding or "utf-8"
        self._lines = LineWriter(outlet(stream, encoding), self._notice, encoding)
        self._screen = _Screen(self._lines, encoding)
        self.logger = self._logger_to(_EveryLevel(lambda line: self._lines.write(self._as_line(line))))
        self._renderer = self._logger_to(structlog.ReturnLogger())

    @property
    def dropped(self) -> int:
        """How many lines could not be written since the start."""
        return self._lines.dropped

    def go_on(self) -> None:
        """Write what could not be written before; call it now and then."""
        self._lines.go_on()

    def finish(self) -> None:
        """Give the reader a short while for the last lines, then drop what is left."""
        self._lines.finish(END_SECONDS)

    def close(self) -> None:
        """Finish, and let go of the stream; later events are dropped."""
        self.finish()
        self._lines.close()

    @contextmanager
    def above_bar(self) -> Iterator[TextIO]:
        """A stream for a progress bar of one line; while in the context, lines are written above the bar."""
        self._is_above_bar = True
        try:
            yield cast("TextIO", self._screen)
        finally:
            self._is_above_bar = False

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

    def _logger_to(self, lines: object) -> FilteringBoundLogger:
        logger: FilteringBoundLogger = structlog.wrap_logger(
            lines,
            processors=self._processors,
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        ).bind()  # otherwise structlog builds the logger again for every event
        return logger

    def _as_line(self, text: str) -> str:
        return f"{ERASE_LINE}{text}\n{self._screen.frame}" if self._is_above_bar else f"{text}\n"

    def _notice(self, lines: int) -> str | None:
        """The line that says how many were dropped; None if the level leaves it unsaid."""
        text = self._renderer.warning("log lines dropped", lines=lines)
        return None if text is None else self._as_line(text)


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


class _EveryLevel:
    """What structlog writes lines to: a function, whatever the level."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = write


class _Screen:
    """The terminal of a log as a stream, for frames of a progress bar: they never wait for it."""

    def __init__(self, lines: LineWriter, encoding: str) -> None:
        self.encoding = encoding
        self.frame = ""
        """The bar as it was drawn last; empty once it has ended."""
        self._lines = lines

    def isatty(self) -> bool:
        return True

    def write(self, frame: str) -> int:
        self.frame = "" if "\n" in frame else frame
        self._lines.draw(frame)
        return len(frame)

    def flush(self) -> None:
        pass


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
