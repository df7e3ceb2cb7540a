"""Sources of labeled images: DIGIT_INDEX.ext, DIGIT/*.ext, and IDX pairs."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from helpers.support import digit_picture, make_files
from hypothesis import given
from hypothesis import strategies as st

from watcher.recognition import read_picture
from watcher.references.sources import SourceError, first_references, labeled_images
from watcher.resources import shipped
from watcher.store.references import LabeledImage

Bytes = npt.NDArray[np.uint8]
GZIPPED = gzip.compress(b"x" * 99)


def idx(array: Bytes, magic: bytes = b"\0\0\x08") -> bytes:
    return magic + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def bright_on_black(count: int) -> Bytes:
    pictures = np.zeros((count, 28, 28), np.uint8)
    pictures[:, 4:24, 12:16] = 255
    pictures[:, 0, 0] = np.arange(count)
    return pictures


def pair(folder: Path, pictures: Bytes, labels: Sequence[int]) -> Path:
    make_files(
        folder,
        {
            "t-images-idx3-ubyte": idx(pictures),
            "t-labels-idx1-ubyte": idx(np.array(labels, np.uint8)),
        },
    )
    return folder / "t-images-idx3-ubyte"


def error_of(source: Path) -> str:
    with pytest.raises(SourceError) as raised:
        list(labeled_images(source))
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_a_folder_of_numbered_names_in_natural_order(tmp_path: Path) -> None:
    names = ("7_10.png", "7_2.JPG", "0_x y.tiff", "7_1.webp")
    others = ("70_1.png", "a_1.png", "7.png", "_7_1.png", ".7_1.png", "7_3.txt", "7_4", "7_5.png.tmp", "²")
    make_files(tmp_path, {name: name.encode() for name in names + others} | {"7_6.png/": None})
    assert list(labeled_images(tmp_path)) == [
        LabeledImage(name.encode(), int(name[0]), str(tmp_path), name)
        for name in ("0_x y.tiff", "7_1.webp", "7_2.JPG", "7_10.png")
    ]


def test_a_folder_of_folders(tmp_path: Path) -> None:
    make_files(
        tmp_path,
        {
            "3/10.png": b"a",
            "3/9.png": b"b",
            "3/.hidden.png": b"",
            "3/notes.txt": b"",
            "3/below/1.png": b"",
            "0/scan.bmp": b"c",
            "10/1.png": b"",
            "review/1.png": b"",
            "4/": None,
        },
    )
    found = [(image.digit, image.name, image.image) for image in labeled_images(tmp_path)]
    assert found == [(0, "0/scan.bmp", b"c"), (3, "3/9.png", b"b"), (3, "3/10.png", b"a")]


@given(st.sets(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=5)))
def test_any_names_can_be_sorted(tmp_path_factory: pytest.TempPathFactory, stems: set[str]) -> None:
    folder = tmp_path_factory.mktemp("labeled")
    make_files(folder, {"7_0.png": b"7", "²": b"", "٣": b"", "3": b""})
    make_files(folder, {f"{stem}x.png": b"x" for stem in stems})
    assert {image.digit for image in labeled_images(folder)} >= {7}


def test_a_name_that_is_not_utf8_is_written_as_in_the_log(tmp_path: Path) -> None:
    make_files(tmp_path / "f\udcff", {"7_\udce4.png": b"x"})
    [image] = labeled_images(tmp_path / "f\udcff")
    assert (image.source, image.name) == (f"{tmp_path}/f\\xff", "7_\\xe4.png")


@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("zipped", [(), ("images",), ("labels",), ("images", "labels")])
def test_an_idx_pair(tmp_path: Path, dot: str, zipped: tuple[str, ...]) -> None:
    contents = {
        ("images", "idx3"): idx(bright_on_black(3)),
        ("labels", "idx1"): idx(np.array([7, 0, 9], np.uint8)),
    }
    for (kind, form), content in contents.items():
        packed = gzip.compress(content) if kind in zipped else content
        make_files(tmp_path, {f"train-{kind}{dot}{form}-ubyte" + ".gz" * (kind in zipped): packed})
    source = tmp_path / (f"train-images{dot}idx3-ubyte" + ".gz" * ("images" in zipped))
    images = list(labeled_images(source))
    assert [(image.digit, image.name) for image in images] == [(7, "0"), (0, "1"), (9, "2")]
    assert {image.source for image in images} == {str(source)}


def test_idx_pictures_become_dark_on_light_and_always_the_same_bytes(tmp_path: Path) -> None:
    source = pair(tmp_path, bright_on_black(2), [1, 1])
    first, second = labeled_images(source)
    assert first.image.startswith(b"BM")
    assert first.image != second.image
    assert [image.image for image in labeled_images(source)] == [first.image, second.image]
    picture = read_picture(first.image)
    assert picture[32, 32].max() < 64, "ink is dark"
    assert picture[32, 5].min() > 192, "paper is light"


def test_an_idx_pair_without_images_gives_none(tmp_path: Path) -> None:
    assert list(labeled_images(pair(tmp_path, bright_on_black(0), []))) == []


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    assert error_of(tmp_path / "no\nwhere") == f"{tmp_path}/no\\nwhere: there is no such file or folder"


def test_a_source_that_is_neither(tmp_path: Path) -> None:
    make_files(tmp_path, {"7_0.png": digit_picture(7)})
    assert error_of(tmp_path / "7_0.png") == (
        f"{tmp_path}/7_0.png: it is neither a folder of labeled images nor an IDX file "
        "(*-images-idx3-ubyte[.gz])"
    )


def test_a_folder_without_labeled_images(tmp_path: Path) -> None:
    make_files(tmp_path, {"scan.png": digit_picture(7)})
    assert error_of(tmp_path) == (
        f"{tmp_path}: there are no labeled images in it; name them DIGIT_INDEX (7_0.png, 7_1.png, …) "
        "or put them in folders named 0 to 9"
    )


def test_idx_images_without_their_labels(tmp_path: Path) -> None:
    source = pair(tmp_path, bright_on_black(1), [1])
    (tmp_path / "t-labels-idx1-ubyte").unlink()
    assert error_of(source) == f"{source}: its labels (t-labels-idx1-ubyte) are not in the same folder"


def test_idx_with_more_images_than_labels(tmp_path: Path) -> None:
    source = pair(tmp_path, bright_on_black(3), [1, 2])
    assert error_of(source) == f"{source}: it has 3 images, but 2 labels"


def test_idx_with_a_label_that_is_no_digit(tmp_path: Path) -> None:
    source = pair(tmp_path, bright_on_black(2), [1, 10])
    assert error_of(source) == f"{tmp_path}/t-labels-idx1-ubyte: label 10 is not a digit"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is not an IDX file of bytes with 3 dimension(s)"),
        (b"\0\0\x08\x03\0\0", "it is not an IDX file of bytes with 3 dimension(s)"),
        (idx(bright_on_black(1), b"\0\0\x0d"), "it is not an IDX file of bytes with 3 dimension(s)"),
        (idx(np.zeros(3, np.uint8)), "it is not an IDX file of bytes with 3 dimension(s)"),
        (idx(bright_on_black(2))[:-1], "it should have 1,568 bytes of data, but has 1,567"),
        (idx(bright_on_black(2)) + b"x", "it should have 1,568 bytes of data, but has 1,569"),
        (idx(np.zeros((1, 0, 0), np.uint8)), "its images have no pixels"),
    ],
)
def test_idx_images_that_are_damaged(tmp_path: Path, content: bytes, fault: str) -> None:
    source = pair(tmp_path, bright_on_black(2), [1, 2])
    source.write_bytes(content)
    assert error_of(source) == f"{source}: {fault}"


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", GZIPPED[:-9], GZIPPED[:12] + b"\xff" * 30],
    ids=["empty", "none", "cut off", "overwritten"],
)
def test_gzip_that_is_damaged(tmp_path: Path, content: bytes) -> None:
    source = pair(tmp_path, bright_on_black(1), [1]).with_suffix(".gz")
    source.write_bytes(content)
    assert error_of(source).startswith(f"{source}: it ")


def test_the_first_references_are_the_folder_s_own(tmp_path: Path) -> None:
    make_files(tmp_path, {"7_0.png": b"seven"})
    assert first_references(tmp_path) == (tmp_path, list(labeled_images(tmp_path)))


@pytest.mark.parametrize("files", [{}, {"letter.txt": b"Dear Sir"}])
def test_a_folder_without_any_gives_those_of_the_program(tmp_path: Path, files: dict[str, bytes]) -> None:
    make_files(tmp_path / "images", dict(files))
    for folder in (tmp_path / "images", tmp_path / "nowhere"):
        found, images = first_references(folder)
        assert found == shipped("images")
        assert len(images) == 400
