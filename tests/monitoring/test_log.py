"""The log of events: one line each, whatever a file's name holds."""

import io
import json
import logging
import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.config.settings import LogSettings
from watcher.monitoring.log import LibraryLog, Log

ANY_TEXT = st.text(st.characters(exclude_categories=()))
NASTY = "a\nb\r\x1b[31m\u202e\u2028\x85\udcff\x00"


def settings(**given: str) -> LogSettings:
    return LogSettings.model_validate(given)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(ANY_TEXT)
@example(NASTY)
def test_json_is_one_line_an_event_and_holds_the_name(name: str) -> None:
    stream = io.StringIO()
    logger = Log(settings(), stream).logger
    logger.info("picture", name=name)
    logger.warning("picture", name=name)
    first, second, rest = stream.getvalue().split("\n")
    assert rest == ""
    assert first.isascii()
    assert first.isprintable()
    assert json.loads(first)["name"] == json.loads(second)["name"] == name


@given(ANY_TEXT)
@example(NASTY)
def test_the_console_form_lets_no_control_character_through(text: str) -> None:
    stream = io.StringIO()
    Log(settings(format="console"), stream).logger.info("picture " + text, name=text, names=[text])
    assert stream.getvalue().endswith("\n")
    assert stream.getvalue()[:-1].isprintable()


@given(ANY_TEXT)
@example(NASTY)
def test_a_terminal_gets_colors_and_no_other_control_characters(name: str) -> None:
    stream = Terminal()
    Log(settings(), stream).logger.info("picture", name=name)
    line = stream.getvalue()
    assert "\x1b[" in line
    assert re.sub("\x1b\\[[0-9;]*m", "", line[:-1]).isprintable()


def test_json_has_the_time_and_the_level() -> None:
    stream = io.StringIO()
    Log(settings(), stream).logger.error("it failed")
    event = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event.pop("time"))
    assert event == {"event": "it failed", "level": "error"}


def test_json_can_be_chosen_on_a_terminal() -> None:
    stream = Terminal()
    Log(settings(format="json"), stream).logger.info("ready")
    assert json.loads(stream.getvalue())["event"] == "ready"


@pytest.mark.parametrize(
    ("level", "said"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")]
)
def test_events_below_the_level_are_dropped(level: str, said: str) -> None:
    stream = io.StringIO()
    logger = Log(settings(level=level), stream).logger
    logger.debug("d")
    logger.info("i")
    logger.warning("w")
    logger.error("e")
    assert "".join(json.loads(line)["event"] for line in stream.getvalue().splitlines()) == said


@pytest.fixture
def library() -> logging.Logger:
    """A library's logger with no other handlers."""
    library = logging.Logger("somelib.part")  # noqa: LOG001 - one that no other test can see
    library.propagate = False
    return library


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_library_fault_is_logged_without_a_traceback(library: logging.Logger, form: str) -> None:
    stream = io.StringIO()
    library.addHandler(LibraryLog(Log(settings(format=form), stream).logger))
    try:
        raise RuntimeError("kaputt")  # noqa: TRY301 - a fault as a library meets it
    except RuntimeError:
        library.exception("thread %s died", 7)
    line = stream.getvalue()
    assert line.count("\n") == 1
    for word in ("thread 7 died", "RuntimeError('kaputt')", "somelib.part"):
        assert word in line
    assert "Traceback" not in line


def test_library_events_below_warning_are_dropped(library: logging.Logger) -> None:
    stream = io.StringIO()
    library.addHandler(LibraryLog(Log(settings(level="debug"), stream).logger))
    library.info("chatter")
    library.warning("queue overflow")
    event = json.loads(stream.getvalue())
    assert (event["event"], event["level"]) == ("queue overflow", "warning")


def test_a_library_with_a_wrong_format_stops_nothing(library: logging.Logger) -> None:
    stream = io.StringIO()
    library.addHandler(LibraryLog(Log(settings(), stream).logger))
    library.warning("%d files", "many")
    assert json.loads(stream.getvalue())["event"] == "%d files ('many',)"


def test_lines_in_the_journal_begin_with_their_priority() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as journal, os.fdopen(writing, "w") as stream:
        status = os.fstat(writing)
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        log = Log(settings(level="debug"), stream, environ)
        logger = log.logger
        for say in (logger.debug, logger.info, logger.warning, logger.error):
            say("it is so", name="a\nb")
        log.close()
        stream.close()
        lines = journal.read().splitlines()
    assert [line[:3] for line in lines] == ["<7>", "<6>", "<4>", "<3>"]
    assert {json.loads(line[3:])["name"] for line in lines} == {"a\nb"}


@pytest.mark.parametrize("environ", [{}, {"JOURNAL_STREAM": "8:1"}, {"JOURNAL_STREAM": "nonsense"}])
def test_other_streams_get_no_priority(tmp_path: Path, environ: dict[str, str]) -> None:
    with (tmp_path / "log").open("w") as stream:
        Log(settings(), stream, environ).logger.info("ready")
        Log(settings(), io.StringIO(), environ).logger.info("ready")
    assert json.loads((tmp_path / "log").read_text())["event"] == "ready"


def test_new_settings_hold_from_the_next_event_on() -> None:
    stream = io.StringIO()
    log = Log(settings(level="error"), stream)
    log.logger.info("unsaid")
    log.adopt(settings(format="console", level="debug"))
    log.logger.debug("said")
    log.adopt(settings(format="json", level="warning"))
    log.logger.info("unsaid")
    log.logger.warning("said too")
    first, second = stream.getvalue().splitlines()
    assert first.endswith("said") or "said  " in first
    assert json.loads(second)["event"] == "said too"
