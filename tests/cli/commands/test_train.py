"""`watcher train` and `watcher references`."""

import gzip
import json
import re
import shlex
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Workspace, run
from helpers.sample_log import add, decision
from helpers.support import digit_picture, make_files

from watcher.resources import shipped
from watcher.store.results import Decision, Status

Watcher = Callable[..., Any]
ALL_TEN = {f"{digit}_{index}.png": digit_picture(digit, index) for digit in range(10) for index in range(2)}


@pytest.fixture(autouse=True)
def _in_a_workplace(empty_folder: Path) -> None:
    make_files(empty_folder / "mine", dict(ALL_TEN))


def references(watcher: Watcher) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(watcher("references", "--json").out)
    return known


def test_labeled_images_become_references_once(watcher: Watcher) -> None:
    assert (
        watcher("train", "mine").out.splitlines()[0] == "added 20 references, 0 were known. There are 20 now."
    )
    first = references(watcher)
    assert first == {"version": 1, "references": 20, "digits": [2] * 10, "sources": {"mine": [2] * 10}}
    assert (
        watcher("train", "mine").out.splitlines()[0] == "added 0 references, 20 were known. There are 20 now."
    )
    assert references(watcher) == first


def test_a_folder_of_folders_and_several_sources_are_taken_too(watcher: Watcher, empty_folder: Path) -> None:
    make_files(
        empty_folder,
        {
            "outbox/7/scan.png": digit_picture(7, 5),
            "outbox/3/any name.PNG": digit_picture(3, 5),
            "outbox/review/unsure.png": digit_picture(4, 5),
            "outbox/failed/broken.png": b"",
            "outbox/12/scan.png": digit_picture(2, 5),
        },
    )
    watcher("train", "mine", "outbox")
    assert references(watcher)["sources"] == {"mine": [2] * 10, "outbox": [0, 0, 0, 1, 0, 0, 0, 1, 0, 0]}


@pytest.mark.parametrize("packed", [True, False])
def test_an_idx_pair_is_taken_and_its_ink_is_turned_dark(
    watcher: Watcher, empty_folder: Path, *, packed: bool
) -> None:
    pictures = bytes(28 * 28 - 1) + b"\xff" + b"\xff" + bytes(28 * 28 - 1)
    images = struct.pack(">4I", 0x803, 2, 28, 28) + pictures
    labels = struct.pack(">2I", 0x801, 2) + bytes([4, 9])
    end, pack = (".gz", gzip.compress) if packed else ("", bytes)
    make_files(
        empty_folder, {f"t-images-idx3-ubyte{end}": pack(images), f"t-labels-idx1-ubyte{end}": pack(labels)}
    )
    assert watcher("train", f"t-images-idx3-ubyte{end}").out.startswith("added 2 references, 0 were known.")
    assert references(watcher)["digits"] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert watcher("train", f"t-images-idx3-ubyte{end}").out.startswith("added 0 references, 2 were known.")


def test_an_image_known_under_another_digit_is_refused_by_name_and_the_others_are_taken(
    watcher: Watcher, empty_folder: Path
) -> None:
    make_files(empty_folder, {"more/8_0.png": ALL_TEN["3_1.png"], "more/8_1.png": digit_picture(8, 7)})
    watcher("train", "mine")
    outcome = watcher("train", "more", code=1)
    assert (
        outcome.out.splitlines()[0] == "added 1 references, 0 were known, 1 were refused. There are 21 now."
    )
    assert outcome.err == (
        "watcher: more/8_0.png: refused: it is labeled 8, "
        "but the same image is already a reference for 3 (mine/3_1.png)\n"
    )
    assert references(watcher)["digits"][8] == 3


def test_one_source_that_contradicts_itself_is_refused_as_well(watcher: Watcher, empty_folder: Path) -> None:
    make_files(empty_folder, {"both/1_0.png": digit_picture(1, 7), "both/7_0.png": digit_picture(1, 7)})
    error = watcher("train", "both", code=1).err
    assert "both/7_0.png: refused: it is labeled 7" in error
    assert "(both/1_0.png)" in error


def test_what_cannot_be_read_is_refused_by_name_and_the_others_are_taken(
    watcher: Watcher, empty_folder: Path
) -> None:
    bad = {"5_9.png": b"no picture", "6_9.png": digit_picture(6)[:300], "\x1b[2J/": None}
    make_files(empty_folder / "mine", bad)
    outcome = watcher("train", "mine", code=1)
    assert "added 20 references" in outcome.out
    assert [line.split(": refused: ")[0] for line in outcome.err.splitlines()] == [
        "watcher: mine/5_9.png",
        "watcher: mine/6_9.png",
    ]


def test_digits_without_a_reference_are_named(watcher: Watcher, empty_folder: Path) -> None:
    make_files(empty_folder, {"few/4_0.png": digit_picture(4), "few/5_0.png": digit_picture(5)})
    assert watcher("train", "few").out.splitlines()[1] == (
        "There is no reference for 0, 1, 2, 3, 6, 7, 8, 9: no picture can be recognized as one."
    )


def test_nothing_is_added_when_one_of_the_sources_is_missing(watcher: Watcher, empty_folder: Path) -> None:
    assert "nowhere: there is no such file or folder" in watcher("train", "mine", "nowhere", code=1).err
    assert not (empty_folder / "watcher.db").exists()


def test_references_are_shown_by_source_and_in_all(watcher: Watcher) -> None:
    watcher("train", "mine")
    rows = [line.split() for line in watcher("references").out.splitlines() if line.strip()]
    assert rows[0] == ["from", *"0123456789", "all"]
    assert rows[-2:] == [["mine", *["2"] * 10, "20"], ["all", *["2"] * 10, "20"]]


def test_a_reference_can_be_retired_by_its_id(watcher: Watcher) -> None:
    watcher("train", "mine")
    assert "all" in watcher("references", "--retire", "1", "--retire", "20").out
    assert references(watcher)["references"] == 18
    refused = watcher("references", "--retire", "1", code=1)
    assert refused.err == "watcher: no reference in use has the id 1; none was retired\n"


def test_it_tells_what_to_expect_and_which_labels_look_wrong(watcher: Watcher, empty_folder: Path) -> None:
    more = {
        f"{digit}_{index}.png": digit_picture(digit, index) for digit in range(10) for index in range(2, 8)
    }
    make_files(empty_folder, {f"more/{name}": image for name, image in more.items()})
    assert "look mislabeled" not in watcher("train", "mine", "more").out
    make_files(empty_folder, {"wrong/1_0.png": digit_picture(0, 9)})
    reported = watcher("train", "wrong").out
    assert "Each of 81 was compared with all the others" in reported
    assert re.search(r"81 +wrong/1_0\.png +1 +0 +(100\.0|9[89]\.[0-9]) %", reported)
    assert "There are few references for 0 (8), 1 (9), 2 (8)" in reported
    assert references(watcher)["digits"][1] == 9, "nothing is removed without being asked"
    watcher("references", "--retire", 81)
    assert "look mislabeled" not in watcher("train", "mine").out


def test_a_digit_without_references_is_reported(watcher: Watcher, empty_folder: Path) -> None:
    make_files(empty_folder, {"one/7_0.png": digit_picture(7, 0)})
    assert "no reference for 0, 1, 2, 3, 4, 5, 6, 8, 9" in watcher("train", "one").out


UNCHECKED = "because no person is known"


def logged(name: str, content: bytes, status: Status, digit: int | None) -> Decision:
    return replace(decision(name, digit, 0.99, status, 1), sha256=sha256(content).hexdigest())


@pytest.fixture
def outbox(empty_folder: Path) -> Mapping[str, bytes]:
    """Three filed pictures, of which a person moved one; one from review, and one that is in no log."""
    files = {
        "3/filed.png": digit_picture(3, 5),
        "4/filed.png": digit_picture(4, 5),
        "8/filed as 3.png": digit_picture(8, 5),
        "7/was in review.png": digit_picture(7, 5),
        "9/my own.png": digit_picture(9, 5),
    }
    make_files(empty_folder / "outbox", dict(files))
    contents = iter(files.values())
    add(
        empty_folder / "watcher.db",
        [
            logged("filed.png", next(contents), "filed", 3),
            logged("filed too.png", next(contents), "filed", 4),
            logged("filed as 3.png", next(contents), "filed", 3),
            logged("was in review.png", next(contents), "review", 7),
        ],
    )
    return files


def test_answers_that_nobody_has_checked_are_left_out_and_counted(
    watcher: Watcher, outbox: Mapping[str, bytes]
) -> None:
    watcher("train", "mine")
    reported = watcher("train", "outbox").out
    assert reported.splitlines()[:3] == [
        "added 3 references, 0 were known, 2 were left out. There are 23 now.",
        f"Left out, {UNCHECKED} to have checked them: 2 filed under this digit by the watcher itself.",
        "If you have looked at every picture, and each label is right, add `--checked`.",
    ]
    assert references(watcher)["sources"]["outbox"] == [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert watcher("train", "outbox").out.startswith("added 0 references, 3 were known, 2 were left out.")
    assert len(outbox) == 5


@pytest.mark.usefixtures("outbox")
def test_a_copy_is_no_more_checked_than_what_it_was_copied_from(watcher: Watcher, empty_folder: Path) -> None:
    make_files(empty_folder, {"copies/3_1.png": digit_picture(3, 5), "copies/3_2.png": digit_picture(3, 6)})
    assert watcher("train", "copies").out.startswith("added 1 references, 0 were known, 1 were left out.")


@pytest.mark.usefixtures("outbox")
def test_one_who_has_looked_at_all_of_them_can_say_so(watcher: Watcher) -> None:
    assert watcher("train", "--checked", "outbox").out.startswith("added 5 references, 0 were known. There")


@pytest.mark.usefixtures("outbox")
def test_with_nothing_that_was_checked_it_fails_and_says_what_to_do(
    watcher: Watcher, empty_folder: Path
) -> None:
    make_files(empty_folder, {"my copies/3/filed.png": digit_picture(3, 5)})
    failed = watcher("train", "my copies", code=1)
    assert failed.out == ""
    assert failed.err.startswith(
        f"watcher: nothing was added, {UNCHECKED} to have checked the pictures: "
        "1 filed under this digit by the watcher itself."
    )
    again = re.search("run `(.*)`\n$", failed.err)
    assert again
    assert references(watcher)["version"] is None
    assert watcher(*shlex.split(again[1])[1:]).out.startswith("added 1 references")


def test_what_the_watcher_has_just_filed_teaches_nothing(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.inbox, {f"{digit}.png": digit_picture(digit, 3) for digit in range(10)})
    run(workspace.path, "run", "--once", workers__executor="threads")
    filed = [row for row in workspace.rows() if row["status"] == "filed"]
    assert filed
    assert f": {len(filed)} filed under this digit" in watcher("train", "outbox", code=1).err
    moved = workspace.outbox / filed[0]["destination"]
    moved.rename(workspace.outbox / str(9 - filed[0]["digit"]) / moved.name)
    assert watcher("train", "outbox").out.startswith(
        f"added 1 references, 0 were known, {len(filed) - 1} were left out."
    )


def test_training_before_the_first_run_says_that_the_first_references_stay_out_and_how_to_have_them(
    watcher: Watcher,
) -> None:
    *_, before, command = watcher("train", "mine").out.splitlines()
    assert before == (
        "The database had no references. `watcher run` would have begun with the 400 in "
        f"{shipped('images')}; now it uses yours alone. To have both, run:"
    )
    assert command == f"  watcher train {shipped('images')}"
    more = watcher(*shlex.split(command)[1:]).out
    assert more.startswith("added 400 references")
    assert "To have both" not in more
    assert references(watcher)["references"] == 420


def test_it_names_the_folder_of_the_settings_or_nothing_if_that_is_what_was_trained(
    watcher: Watcher, empty_folder: Path
) -> None:
    make_files(empty_folder / "images", {"7_0.png": digit_picture(7, 5), "8_0.png": ALL_TEN["8_0.png"]})
    assert "begun with the 1 in " + str(empty_folder / "images") in watcher("train", "mine").out
    (empty_folder / "watcher.db").unlink()
    assert "To have both" not in watcher("train", "mine", "images").out
