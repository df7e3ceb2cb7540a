"""Names and texts that may hold anything, as people and the log see them."""

import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.text import did_you_mean, name_as_text, printable

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


def test_a_misspelt_word_gets_a_hint() -> None:
    assert did_you_mean("recogniton", ["inbox", "recognition"]) == '; did you mean "recognition"?'
    assert did_you_mean("xyz", ["inbox", "recognition"]) == ""
    assert did_you_mean("xyz", []) == ""
