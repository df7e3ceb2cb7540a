"""The lines about single pictures: certainty as a percentage where people read it, and a tally."""

import io
import json
from typing import Literal

import pytest
from helpers.sample_log import decision

from watcher.config.settings import LogSettings
from watcher.daemon.log_lines import PictureLog
from watcher.monitoring.log import Log


def said(form: Literal["console", "json"]) -> tuple[PictureLog, str]:
    stream = io.StringIO()
    pictures = PictureLog(Log(LogSettings(format=form, level="info"), stream).logger, lambda _: None)
    pictures.filed(decision("a.png", 7, 0.999987, "filed", 0), 0.0123)
    pictures.filed(decision("b.png", 3, 0.89996, "review", 0), 0.5)
    pictures.filed(decision("c.png", None, None, "failed", 0), 0.001)
    return pictures, stream.getvalue()


def test_people_read_a_certainty_as_a_percentage() -> None:
    first, second, third = said("console")[1].splitlines()
    assert "certainty=99.9 %" in first
    assert "certainty=89.9 %" in second
    assert "certainty" not in third


def test_programs_get_it_with_four_decimals_and_the_milliseconds_of_each_picture() -> None:
    lines = [json.loads(line) for line in said("json")[1].splitlines()]
    assert [line.get("certainty") for line in lines] == [1.0, 0.9, None]
    assert [line["milliseconds"] for line in lines] == [12.3, 500.0, 1.0]


def test_it_counts_what_became_of_them() -> None:
    pictures, _ = said("json")
    assert (dict(pictures.tally), pictures.count) == ({"filed": 1, "review": 1, "failed": 1}, 3)


@pytest.mark.parametrize("form", ["console", "json"])
def test_each_picture_has_one_line(form: Literal["console", "json"]) -> None:
    assert len(said(form)[1].splitlines()) == 3
