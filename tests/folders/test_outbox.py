"""The outbox: every file keeps its name or gets the next free one, and none is replaced."""

import os
from collections import Counter
from pathlib import Path

import pytest
from helpers.support import make_files, read_files
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.folders.disk import move_without_replacing
from watcher.folders.outbox import FOLDERS, LONGEST_NAME, Outbox, numbered

NAMES = ("scan.png", "scan-1.png", "scan", "scan.reason.txt", "scan-1.reason.txt", "x" * 255, "x" * 254 + "y")
FILINGS = st.lists(
    st.tuples(st.sampled_from(["7", "review", "failed"]), st.sampled_from(NAMES), st.booleans()), max_size=12
)


def outbox_in(path: Path) -> Outbox:
    outbox = Outbox(path / "outbox")
    outbox.make()
    return outbox


def claimed(path: Path, content: bytes) -> str:
    file = path / "claimed"
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    return str(file)


def test_it_has_a_folder_for_each_digit_and_two_more(tmp_path: Path) -> None:
    outbox_in(tmp_path)
    outbox_in(tmp_path)
    assert {path.name for path in (tmp_path / "outbox").iterdir()} == {*"0123456789", "review", "failed"}
    assert len(FOLDERS) == 12


def test_a_file_keeps_its_name_if_that_is_free(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    assert outbox.choose("7", "scan.png", set()) == "7/scan.png"
    assert outbox.file(claimed(tmp_path, b"a"), "7/scan.png")
    assert read_files(outbox.path) == {"7/scan.png": b"a"}
    assert (tmp_path / "claimed").exists(), "the claim stays until the log says that it is filed"


def test_if_a_name_is_taken_a_number_follows_it(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    make_files(outbox.path, {"7/scan.png": b"", "7/scan-1.png": b""})
    (outbox.path / "7" / "scan-2.png").symlink_to("nowhere")
    (outbox.path / "7" / "scan-3.png").mkdir()
    assert outbox.choose("7", "scan.png", set()) == "7/scan-4.png"
    assert outbox.choose("1", "scan.png", set()) == "1/scan.png"


def test_a_batch_shares_no_destination(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    reserved: set[str] = set()
    chosen = [outbox.choose("7", name, reserved) for name in ("scan.png", "scan-1.png", "scan.png")]
    assert chosen == ["7/scan.png", "7/scan-1.png", "7/scan-2.png"]


def test_a_name_that_was_taken_meanwhile_is_reported_and_no_file_is_replaced(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    source = claimed(tmp_path, b"ours")
    destination = outbox.choose("7", "scan.png", set())
    make_files(outbox.path, {"7/scan.png": b"theirs"})
    assert not outbox.file(source, destination)
    assert read_files(tmp_path) == {"claimed": b"ours", "outbox/7/scan.png": b"theirs"}


def test_a_folder_that_was_moved_away_is_made_again(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    (outbox.path / "7").rename(tmp_path / "moved")
    assert outbox.file(claimed(tmp_path, b"a"), "7/scan.png")
    assert read_files(outbox.path) == {"7/scan.png": b"a"}


def test_filing_again_after_a_crash_is_harmless(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    source = claimed(tmp_path, b"ours")
    assert not outbox.holds("7/scan.png")
    assert outbox.file(source, "7/scan.png")
    assert outbox.holds("7/scan.png")
    assert outbox.file(source, "7/scan.png")
    assert read_files(outbox.path) == {"7/scan.png": b"ours"}


def test_where_links_are_forbidden_it_is_moved_and_no_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = outbox_in(tmp_path)

    def forbid(_source: str, goal: str, **_: object) -> None:
        raise FileExistsError if os.path.lexists(goal) else PermissionError

    def forbid_late(_source: str, _goal: str, **_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", forbid)
    assert outbox.file(claimed(tmp_path, b"a"), "7/scan.png")
    assert not outbox.file(claimed(tmp_path, b"b"), "7/scan.png")
    monkeypatch.setattr(os, "link", forbid_late)
    assert not outbox.file(claimed(tmp_path, b"b"), "7/scan.png")
    assert read_files(tmp_path) == {"claimed": b"b", "outbox/7/scan.png": b"a"}


def test_a_link_is_filed_as_the_link_it_is(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    make_files(tmp_path, {"secret": b"secret"})
    (tmp_path / "claimed").symlink_to("secret")
    assert outbox.file(str(tmp_path / "claimed"), "failed/link")
    assert (outbox.path / "failed" / "link").is_symlink()


def test_moving_without_replacing_does_just_that(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b"a", "b": b"b"})
    a, b, c = (str(tmp_path / name) for name in "abc")
    with pytest.raises(FileExistsError):
        move_without_replacing(a, b)
    assert read_files(tmp_path) == {"a": b"a", "b": b"b"}
    move_without_replacing(a, c)
    assert read_files(tmp_path) == {"b": b"b", "c": b"a"}
    with pytest.raises(FileNotFoundError):
        move_without_replacing(a, c + "\udcff")


def test_the_reason_lies_beside_a_failed_file(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    outbox.write_reason("failed/scan.png", "it is empty \udcff")
    outbox.write_reason("failed/scan.png", "a second reason")
    assert read_files(outbox.path) == {"failed/scan.png.reason.txt": b"it is empty \\udcff\n"}


def test_a_failed_file_gets_no_name_whose_reason_name_is_taken(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    make_files(outbox.path, {"failed/scan.png.reason.txt": b"somebody's note"})
    assert outbox.choose("failed", "scan.png", set()) == "failed/scan-1.png"
    reserved: set[str] = set()
    assert outbox.choose("failed", "a", reserved) == "failed/a"
    assert outbox.choose("failed", "a.reason.txt", reserved) == "failed/a.reason-1.txt"
    long = [outbox.choose("failed", "x" * 254 + last, reserved) for last in "ab"]
    assert long == ["failed/" + "x" * 254 + "a", "failed/" + "x" * 242 + "-1"]


def test_failed_files_of_one_very_long_name_each_get_a_reason(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    for number in range(3):
        destination = outbox.choose("failed", "x" * 255, set())
        assert outbox.file(claimed(tmp_path, b"%d" % number), destination)
        outbox.write_reason(destination, f"{number}")
    assert sorted(read_files(outbox.path).values()) == [b"0", b"0\n", b"1", b"1\n", b"2", b"2\n"]


@given(FILINGS)
@example([("failed", "scan", False), ("failed", "scan.reason.txt", False), ("failed", "scan", True)])
def test_whatever_is_filed_in_whatever_order_every_file_is_kept(
    tmp_path_factory: pytest.TempPathFactory, filings: list[tuple[str, str, bool]]
) -> None:
    path = tmp_path_factory.mktemp("place")
    outbox = outbox_in(path)
    expected = Counter[tuple[str, bytes]]()
    reserved: set[str] = set()
    for number, (folder, name, is_taken) in enumerate(filings):
        destination = outbox.choose(folder, name, reserved)
        theirs, ours = b"somebody's file %d" % number, b"file %d" % number
        if is_taken:
            make_files(outbox.path, {destination: theirs})
            expected[folder, theirs] += 1
        source = claimed(path, ours)
        while not outbox.file(source, destination):
            destination = outbox.choose(folder, name, set())
        expected[folder, ours] += 1
        if folder == "failed":
            outbox.write_reason(destination, f"reason {number}")
            expected[folder, b"reason %d\n" % number] += 1
    files = read_files(outbox.path)
    assert Counter((name.split("/")[0], content) for name, content in files.items()) == expected


def test_a_thousand_of_one_name_are_numbered_without_gaps(tmp_path: Path) -> None:
    outbox = outbox_in(tmp_path)
    source = claimed(tmp_path, b"x")
    for _ in range(1000):
        assert outbox.file(source, outbox.choose("7", "scan.png", set()))
    names = {f"7/scan-{number}.png" for number in range(1, 1000)}
    assert read_files(outbox.path).keys() == {"7/scan.png"} | names


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("scan.png", 0, "scan.png"),
        ("scan.png", 12, "scan-12.png"),
        ("scan", 1, "scan-1"),
        ("a.tar.gz", 1, "a.tar-1.gz"),
        ("v1.0 of everything there is to be seen here", 1, "v1.0 of everything there is to be seen here-1"),
        ("x" * 255, 1, "x" * 242 + "-1"),
        ("x" * 251 + ".png", 10, "x" * 237 + "-10.png"),
        ("ä" * 125 + ".png", 1, "ä" * 119 + "-1.png"),
        ("七" * 85, 1, "七" * 80 + "-1"),
        ("\udcff" * 255, 1, "\udcff" * 242 + "-1"),
    ],
)
def test_a_number_stands_before_the_suffix_and_the_name_stays_short_enough(
    name: str, number: int, expected: str
) -> None:
    assert numbered(name, number) == expected


@given(
    st.binary(min_size=1, max_size=255).filter(lambda name: not {0, ord("/")} & set(name)).map(os.fsdecode),
    st.integers(1, 10**6),
)
def test_a_numbered_name_always_fits_the_disk_and_is_no_hidden_one(name: str, number: int) -> None:
    after = numbered(name, number)
    assert 0 < len(os.fsencode(after)) <= LONGEST_NAME
    assert "/" not in after
    assert after.startswith(".") <= name.startswith(".")
