"""Files of formats that are not read are named, with what to do."""

from io import BytesIO

import pytest
from PIL import Image

from watcher.errors import Unreadable
from watcher.recognition import read_picture
from watcher.recognition.images.other_formats import BEGINNINGS


def media(major: bytes, *others: bytes) -> bytes:
    """The beginning of a HEIC, AVIF or video file with these brands."""
    brands = major + bytes(4) + b"".join(others)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"heic in what follows"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (media(b"heic", b"mif1", b"heic"), "a HEIC picture"),
        (media(b"mif1", b"heic"), "a HEIC picture"),
        (media(b"heix"), "a HEIC picture"),
        (media(b"avif", b"mif1", b"miaf"), "an AVIF picture"),
        (media(b"mif1", b"avif"), "an AVIF picture"),
        (media(b"isom", b"mp42"), "a video"),
        (b"\xff\xff\xff\xffftypqt  ", "a video"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"HP scanner\r\n%PDF-1.4", "a PDF document"),
        (bytes(128) + b"DICM", "a DICOM picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG picture"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg/>', "an SVG picture"),
        (b"\n<!DOCTYPE html><title>Not found</title>", "a web page"),
        (b"\xff\x0a\xfa\x1f", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (b"8BPS\0\1", "a Photoshop picture"),
    ],
)
def test_a_file_of_another_format_is_named_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_picture(data)
    assert str(refused.value).startswith(f"it is {words}")
    assert "; " in str(refused.value)


def test_what_pillow_writes_in_other_formats_is_named() -> None:
    for kind, named in (
        ("PDF", "a PDF"),
        ("JPEG2000", "a JPEG 2000"),
        ("PPM", "a Netpbm"),
        ("ICO", "an icon"),
    ):
        file = BytesIO()
        Image.new("RGB", (64, 64), "white").save(file, kind)
        with pytest.raises(Unreadable, match=f"^it is {named}.*PNG or JPEG$"):
            read_picture(file.getvalue())


@pytest.mark.parametrize(
    "data", [b"hello", b"<p>", b"<?xml version='1.0'?><a/>", b"P7 1", b"ftyp", bytes(200)]
)
def test_what_is_not_known_is_not_named(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^it is not a PNG, JPEG, BMP, TIFF, GIF or WebP picture$"):
        read_picture(data)


def test_every_beginning_is_told_from_every_other() -> None:
    beginnings = [beginning for beginning, _ in BEGINNINGS]
    assert len(set(beginnings)) == len(beginnings)
    for one in beginnings:
        assert not [other for other in beginnings if other != one and other.startswith(one)]
