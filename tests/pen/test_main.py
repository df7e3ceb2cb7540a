"""`python -m watcher.pen`: the files it writes, and its error messages."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from watcher.pen.__main__ import main


def pen(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_fails(result: Result, exit_code: int, *words: str) -> None:
    assert result.exit_code == exit_code
    assert isinstance(result.exception, SystemExit)
    for word in words:
        assert word in result.output


def test_it_writes_the_given_number_of_each_digit(tmp_path: Path) -> None:
    assert pen(tmp_path / "new" / "out", "--per-digit", 2).exit_code == 0
    files = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert files == {f"{digit}_{index}.jpg" for digit in range(10) for index in (0, 1)}


def test_drawing_more_does_not_change_the_others(tmp_path: Path) -> None:
    pen(tmp_path, "--per-digit", 2)
    before = read_files(tmp_path)
    assert pen(tmp_path, "--per-digit", 2, "--first", 2).exit_code == 0
    after = read_files(tmp_path)
    assert len(after) == 40
    assert before.items() <= after.items()
    pen(tmp_path / "all", "--per-digit", 4)
    assert read_files(tmp_path / "all") == after


def test_pictures_have_the_size_asked_for(tmp_path: Path) -> None:
    pen(tmp_path, "--per-digit", 1, "--size", 28)
    with Image.open(tmp_path / "3_0.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (28, 28))


def test_a_contact_sheet_has_a_row_for_each_digit(tmp_path: Path) -> None:
    sheet = tmp_path / "look.png"
    assert pen(tmp_path / "out", "--per-digit", 3, "--sheet", sheet).exit_code == 0
    with Image.open(sheet) as image:
        assert (image.format, image.size) == ("PNG", (3 * 64, 10 * 64))


def test_files_already_there_are_refused_and_nothing_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "7_1.jpg").write_bytes(b"mine")
    assert_fails(pen(tmp_path, "--per-digit", 2), 1, "7_1.jpg", "already exist", "--force")
    assert read_files(tmp_path) == {"7_1.jpg": b"mine"}


def test_a_sheet_already_there_is_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "look.png"
    sheet.write_bytes(b"mine")
    assert_fails(pen(tmp_path / "out", "--per-digit", 1, "--sheet", sheet), 1, "look.png", "already exist")
    assert sheet.read_bytes() == b"mine"
    assert not (tmp_path / "out").exists()


def test_force_replaces_them(tmp_path: Path) -> None:
    (tmp_path / "7_1.jpg").write_bytes(b"mine")
    assert pen(tmp_path, "--per-digit", 2, "--force").exit_code == 0
    assert (tmp_path / "7_1.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--per-digit", "0"),
        ("--per-digit", "many"),
        ("--seed", "-1"),
        ("--first", "-1"),
        ("--size", "8"),
        ("--size", "99999"),
    ],
)
def test_wrong_numbers_are_wrong_use(tmp_path: Path, wrong: tuple[str, str]) -> None:
    assert_fails(pen(tmp_path / "out", *wrong), 2, wrong[0])
    assert not (tmp_path / "out").exists()


def test_no_folder_is_wrong_use() -> None:
    assert_fails(pen(), 2, "OUT")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_fails(
        pen(tmp_path / "file" / "out", "--per-digit", 1), 1, str(tmp_path / "file"), "Not a directory"
    )


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "0_0.jpg").mkdir()
    assert_fails(pen(tmp_path, "--per-digit", 1, "--force"), 1, "0_0.jpg", "Is a directory")


def test_a_sheet_without_a_folder_is_reported_before_anything_is_drawn(tmp_path: Path) -> None:
    result = pen(tmp_path / "out", "--per-digit", 1, "--sheet", tmp_path / "nowhere" / "look.png")
    assert_fails(result, 1, str(tmp_path / "nowhere"))
    assert not (tmp_path / "out").exists()


def test_the_help_shows_an_example() -> None:
    assert "python -m watcher.pen images" in pen("--help").output
