"""Tables and lines fit into a terminal's width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from watcher.cli.layout import Column, cut, fitted, padded, wrapped

COLUMNS = [
    Column("id", right=True),
    Column("name", least=8, middle=True),
    Column("time", rank=1, brief=lambda cell: cell[:5]),
    Column("note", least=10, rank=2),
    Column("more", rank=3),
]
ROWS = [["1", "a long name.png", "12:00:05", "nobody knows why", "x" * 20]]


def test_where_there_is_room_everything_is_shown_in_full() -> None:
    for room in (None, 200):
        table = fitted(COLUMNS, ROWS, room)
        assert (table.numbers, table.rows, table.is_cut) == ([0, 1, 2, 3, 4], ROWS, False)


@pytest.mark.parametrize(
    ("room", "numbers", "is_cut"),
    [
        (66, [0, 1, 2, 3, 4], False),  # the brief time is enough
        (60, [0, 1, 2, 3, 4], True),
        (45, [0, 1, 2, 3], False),
        (34, [0, 1, 2, 3], True),
        (28, [0, 1, 2], False),
        (16, [0, 1], True),
        (5, [0, 1], True),
    ],
)
def test_brief_cells_come_first_then_columns_are_left_out_and_cells_are_cut(
    room: int, numbers: list[int], *, is_cut: bool
) -> None:
    table = fitted(COLUMNS, ROWS, room)
    assert (table.numbers, table.is_cut) == (numbers, is_cut)
    if room > 12:
        assert sum(table.widths) + 2 * (len(table.widths) - 1) <= room
    if 2 in numbers:
        assert table.rows[0][2] == "12:00"


def test_a_column_without_content_gives_way_before_all_others() -> None:
    empty = [Column("id"), Column("reason", rank=1), Column("runner_up", rank=9)]
    assert fitted(empty, [["1", "", "7"]], 15).numbers == [0, 2]


@pytest.mark.parametrize(
    ("text", "width", "middle", "shown"),
    [
        ("scan-0001.png", 20, True, "scan-0001.png"),
        ("scan-2026-0001.png", 11, True, "scan-…1.png"),
        ("nobody knows", 9, False, "nobody k…"),
        ("漢字漢字漢字", 7, False, "漢字漢…"),
        ("漢字漢字漢字.png", 8, True, "漢字…png"),
    ],
)
def test_names_lose_their_middle_and_texts_their_end(
    text: str, width: int, shown: str, *, middle: bool
) -> None:
    assert cut(text, width, middle=middle) == shown


@given(st.text(max_size=40), st.integers(1, 30), st.booleans())
def test_a_cut_text_never_takes_more_room(text: str, width: int, middle: bool) -> None:  # noqa: FBT001
    assert cell_len(cut(text, width, middle=middle)) <= width
    assert cell_len(padded(cut(text, width), width, right=middle)) == width


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=80), st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_only_blanks(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_long_paths_are_broken_behind_a_slash() -> None:
    assert list(wrapped("look at /srv/scanner/first/inbox", 16)) == [
        "look at",
        "/srv/scanner/",
        "first/inbox",
    ]
