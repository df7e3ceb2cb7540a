"""Names, numbers and texts as people and the log see them."""

import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.text import (
    a_digit,
    did_you_mean,
    error_text,
    exact_percent,
    name_as_text,
    percent,
    printable,
    refusal,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
NAMES = st.binary().map(os.fsdecode)


@given(ANY_TEXT)
@example("a\nb\x1b[31m\u202e\udcff\ud800\u200b")
def test_what_is_shown_is_always_printable(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" \\")))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(st.lists(ANY_TEXT))
def test_each_character_is_shown_by_itself(texts: list[str]) -> None:
    assert printable("".join(texts)) == "".join(map(printable, texts))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("scan\n7.png", r"scan\n7.png"),
        ("\x1b[2J", r"\x1b[2J"),
        ("abc\u202egnp.exe", r"abc\u202egnp.exe"),
        ("sc\udce4n", r"sc\xe4n"),
        ("\ud800", r"\ud800"),
        ("七 é", "七 é"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(NAMES)
def test_the_log_takes_any_name(name: str) -> None:
    assert name_as_text(name).encode("utf-8").decode("utf-8") == name_as_text(name)


@given(st.text())
def test_a_name_in_utf8_is_kept_as_it_is(name: str) -> None:
    assert name_as_text(name) == name


@given(st.binary().filter(lambda name: b"\\" not in name))
def test_the_bytes_of_a_name_can_be_had_back(name: bytes) -> None:
    text = name_as_text(os.fsdecode(name)).encode("utf-8")
    assert re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), text) == name


@pytest.mark.parametrize(
    ("certainty", "shown"),
    [
        (0, "0.0 %"),
        (5e-324, "0.0 %"),
        (0.001, "0.1 %"),
        (0.29, "29.0 %"),
        (0.8999, "89.9 %"),
        (math.nextafter(0.9, 0), "89.9 %"),
        (0.9, "90.0 %"),
        (0.99996, "99.9 %"),
        (math.nextafter(1, 0), "99.9 %"),
        (1, "100.0 %"),
    ],
)
def test_a_certainty_is_rounded_down(certainty: float, shown: str) -> None:
    assert percent(certainty) == shown


@given(st.floats(0, 1), st.integers(0, 1000).map(lambda tenths: tenths / 1000))
def test_a_certainty_below_a_threshold_is_never_shown_as_if_it_reached_it(
    certainty: float, threshold: float
) -> None:
    shown = float(percent(certainty).removesuffix(" %"))
    assert (shown >= 100 * threshold - 1e-9) == (certainty >= threshold)


@pytest.mark.parametrize(
    ("threshold", "shown"), [(0, "0 %"), (0.07, "7 %"), (0.9, "90 %"), (0.9995, "99.95 %"), (1, "100 %")]
)
def test_a_threshold_is_shown_exactly(threshold: float, shown: str) -> None:
    assert exact_percent(threshold) == shown


def test_a_misspelled_word_gets_a_hint() -> None:
    assert did_you_mean("recogniton", ["inbox", "recognition"]) == '; did you mean "recognition"?'
    assert did_you_mean("xyz", ["inbox", "recognition"]) == ""
    assert did_you_mean("xyz", []) == ""


def test_a_digit_has_its_article() -> None:
    assert [a_digit(digit) for digit in (0, 1, 8)] == ["a 0", "a 1", "an 8"]


def test_an_error_is_said_with_the_path_that_has_to_change_and_without_its_number(tmp_path: Path) -> None:
    source, goal = tmp_path / "a.png", tmp_path / "7" / "a.png"
    source.touch()
    with pytest.raises(OSError, match="No such file") as raised:
        os.link(source, goal)
    assert error_text(raised.value) == f"{goal.parent}: No such file or directory"
    assert error_text(OSError(5, "Input/output error")) == "Input/output error"
    assert error_text(OSError("of its own kind")) == "of its own kind"
    assert error_text(ValueError("no number")) == "no number"
    assert error_text(OSError(13, "Permission denied", "a\nb", None, None)) == r"a\nb: Permission denied"


def test_of_a_path_that_is_named_already_only_a_folder_above_it_is_named(tmp_path: Path) -> None:
    missing, file = FileNotFoundError(2, "No such file", str(tmp_path / "none/a")), tmp_path / "a"
    assert refusal(missing, tmp_path / "none/a") == f"{tmp_path / 'none'}: No such file"
    assert refusal(FileNotFoundError(2, "No such file", str(file)), file) == "No such file"
    assert refusal(OSError(5, "Input/output error"), file) == "Input/output error"
