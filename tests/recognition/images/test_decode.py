"""Every valid picture is read as people see it; everything else is refused with a reason."""

import contextlib
import struct
import time
import tracemalloc
import zlib
from io import BytesIO
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import TiffImageFile

from watcher.errors import Unreadable
from watcher.recognition import read_picture
from watcher.recognition.images.jpeg import checked_jpeg
from watcher.recognition.images.plain import plain_jpeg
from watcher.recognition.images.png import SIGNATURE as PNG
from watcher.recognition.images.suppress_output import pillow_silenced

KINDS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")


def gray_slope() -> NDArray[np.uint8]:
    """(64, 64) light paper with a dark shape, without a repeated row."""
    y, x = np.mgrid[:64, :64]
    picture = (255 - y - x // 2).astype(np.uint8)
    cv2.ellipse(picture, (26, 30), (9, 16), 0, 0, 360, 20, 4, cv2.LINE_AA)
    return np.asarray(picture)


def in_mode(mode: str) -> Image.Image:
    gray = gray_slope()
    if mode == "I;16":
        return Image.fromarray(gray.astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(gray.astype(np.int32) * 257)
    if mode == "F":
        return Image.fromarray(gray.astype(np.float32) / 255)
    rgb = Image.fromarray(gray).convert("RGB")
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        changed = ImageCms.profileToProfile(rgb, srgb, lab, outputMode="LAB")
        assert changed is not None
        return changed
    if mode == "P":
        return Image.fromarray(gray).convert("P")
    return rgb.convert(mode)


def bytes_of(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


MODES = [
    *((mode, "PNG") for mode in ("L", "LA", "P", "RGB", "RGBA", "I;16")),
    *((mode, "JPEG") for mode in ("L", "RGB", "CMYK", "YCbCr")),
    *((mode, "TIFF") for mode in ("L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F")),
    *((mode, "BMP") for mode in ("L", "P", "RGB", "RGBA")),
    *((mode, "GIF") for mode in ("L", "P", "RGB")),
    *((mode, "WEBP") for mode in ("RGB", "RGBA")),
]


@pytest.mark.parametrize(("mode", "kind"), MODES)
def test_every_mode_of_every_format_looks_the_same(mode: str, kind: str) -> None:
    read = read_picture(bytes_of(in_mode(mode), kind))
    assert read.shape == (64, 64, 3)
    assert read.dtype == np.uint8
    apart = np.abs(read.astype(int) - gray_slope()[..., None])
    assert np.median(apart) <= 4
    assert apart.mean() <= 6  # JPEG and palettes are not exact


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_black_and_white_is_exact(kind: str) -> None:
    sharp = gray_slope() > 128
    read = read_picture(bytes_of(Image.fromarray(sharp), kind))
    assert np.array_equal(read[..., 0] == 255, sharp)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert np.array_equal(read_picture(bytes_of(Image.fromarray(pixels), kind)), pixels)


@pytest.mark.parametrize("deepest", [255, 4095, 65535])
def test_depth_is_scaled_not_clipped(deepest: int) -> None:
    values = np.linspace(0, deepest, 64 * 64).reshape(64, 64)
    for kind, image in (
        ("PNG", Image.fromarray(values.astype(np.uint16))),
        ("TIFF", Image.fromarray(values.astype(np.int32))),
    ):
        read = read_picture(bytes_of(image, kind))[..., 0].astype(float)
        assert np.abs(read - values * (255 / deepest)).max() <= 1.1


@pytest.mark.parametrize("scale", [1.0, 255.0, 65535.0])
def test_floats_are_scaled_by_what_they_hold(scale: float) -> None:
    values = np.linspace(0, scale, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[0, :2] = np.nan, -5
    read = read_picture(bytes_of(Image.fromarray(values), "TIFF"))[..., 0].astype(float)
    assert np.abs(read[1:] - values[1:] * (255 / scale)).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparent_is_white_paper(kind: str) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[20:40, 20:40] = 90, 90, 90, 255
    options = {"lossless": True} if kind == "WEBP" else {}
    read = read_picture(bytes_of(Image.fromarray(pixels), kind, **options))
    assert (read[:10] == 255).all()
    assert (read[25:35, 25:35] == 90).all()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_color_is_white_paper(kind: str) -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([10, 200, 30, 40, 40, 40])
    image.paste(1, (20, 20, 40, 40))
    read = read_picture(bytes_of(image, kind, transparency=0))
    assert (read[0, 0] == 255).all()
    assert (read[30, 30] == 40).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "I;16"])
def test_a_transparent_shade_is_white_paper(mode: str) -> None:
    pixels = np.full((64, 64), 40, np.uint8)
    pixels[20:40, 20:40] = 0
    image: Image.Image
    if mode == "I;16":
        image = Image.fromarray(pixels.astype(np.uint16) * 257)
        key: object = 40 * 257
    else:
        image = Image.fromarray(pixels).convert(mode, dither=Image.Dither.NONE)
        key = image.getpixel((0, 0))
    read = read_picture(bytes_of(image, "PNG", transparency=key))
    assert (read[0, 0] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    seen = Image.fromarray(gray_slope()).convert("RGB")
    undone = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    stored = seen
    for step in undone:
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_picture(bytes_of(stored, kind, exif=exif))
    assert np.abs(read.astype(int) - np.asarray(seen)).mean() < 6


def test_damaged_exif_is_ignored() -> None:
    image = Image.fromarray(gray_slope())
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12"):
        assert read_picture(bytes_of(image, "JPEG", exif=exif)).shape == (64, 64, 3)


@examples(40)
@given(st.integers(1, 300), st.integers(1, 300))
def test_other_sizes_keep_their_proportions_and_paper_color(width: int, height: int) -> None:
    color = (200, 180, 90)
    read = read_picture(bytes_of(Image.new("RGB", (width, height), color), "PNG"))
    assert read.shape == (64, 64, 3)
    assert (read == color).all()


def test_a_wide_picture_is_centered() -> None:
    pixels = np.full((40, 160, 3), 230, np.uint8)
    pixels[10:30, 40:120] = 0
    dark = read_picture(bytes_of(Image.fromarray(pixels), "PNG"))[..., 0] < 115
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    assert rows[0] + rows[-1] == pytest.approx(63, abs=1.5)
    assert columns[0] + columns[-1] == pytest.approx(63, abs=1.5)
    assert np.ptp(columns) + 1 == pytest.approx(4 * (np.ptp(rows) + 1), abs=2)


def test_fine_patterns_are_averaged_when_scaled_down() -> None:
    board = np.indices((640, 640)).sum(axis=0) % 2 * 255
    read = read_picture(bytes_of(Image.fromarray(board.astype(np.uint8)), "PNG"))
    assert np.abs(read[4:-4, 4:-4].astype(int) - 127).max() < 12


@pytest.mark.parametrize(
    ("kind", "reason"),
    [*((kind, "is animated") for kind in ("GIF", "PNG", "WEBP")), ("TIFF", "holds several pages")],
)
def test_a_file_of_several_pictures_is_refused(kind: str, reason: str) -> None:
    one, other = Image.new("RGB", (64, 64), (10, 120, 200)), Image.new("RGB", (64, 64), (250, 0, 0))
    with pytest.raises(Unreadable, match=f"^it {reason}, and one picture is wanted$"):
        read_picture(bytes_of(one, kind, save_all=True, append_images=[other]))


def test_a_thumbnail_does_not_count_as_a_page() -> None:
    page, thumbnail = in_mode("L"), in_mode("L").resize((16, 16))
    file = BytesIO()
    page.save(file, "TIFF", save_all=True, append_images=[thumbnail], tiffinfo={254: 0})
    data = bytearray(file.getvalue())
    with pytest.raises(Unreadable, match="several pages"):
        read_picture(bytes(data))
    at = data.rindex(struct.pack("<HHII", 254, 4, 1, 0))
    data[at : at + 12] = struct.pack("<HHII", 254, 4, 1, 1)
    assert np.array_equal(read_picture(bytes(data))[..., 0], gray_slope())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trailing", [b"\0" * 1000, b"\xff\xd9\x89PNG", b"II*\0"])
def test_data_after_the_picture_is_ignored(kind: str, trailing: bytes) -> None:
    whole = bytes_of(in_mode("RGB"), kind)
    assert np.array_equal(read_picture(whole + trailing), read_picture(whole))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"hello", "it is not a PNG, JPEG, BMP, TIFF, GIF or WebP picture"),
        (b"%PDF-1.7", "it is a PDF document; save the page as PNG or JPEG"),
        (b"P5 2 2 255\n0000", "it is a Netpbm picture; convert it to PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n", "it is cut off"),
        (b"\xff\xd8\xff\xd9", "it is damaged"),
        (b"BM" + bytes(60), "it is"),
    ],
)
def test_other_files_are_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_picture(data)
    assert str(refused.value).startswith(reason)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *, interlaced: int = 0, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlaced)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_png_without_all_its_rows_is_refused() -> None:
    row = b"\0" + bytes([200]) * 64
    assert (read_picture(png(64, 64, row * 64)) == 200).all()
    for rows in (1, 32, 63):
        with pytest.raises(Unreadable, match="rows of pixels are missing"):
            read_picture(png(64, 64, row * rows))


def test_an_interlaced_png_without_all_its_rows_is_refused() -> None:
    passes = ((8, 8), (8, 8), (8, 16), (16, 16), (16, 32), (32, 32), (32, 64))  # rows and columns of each
    whole = sum(rows * (columns + 1) for rows, columns in passes)
    assert read_picture(png(64, 64, bytes(whole), interlaced=1)).max() == 0
    for missing in (1, 65, 1000):
        with pytest.raises(Unreadable, match="it is cut off"):
            read_picture(png(64, 64, bytes(whole - missing), interlaced=1))


def test_a_png_with_a_black_last_row_is_complete() -> None:
    black = b"\0" + bytes(64)
    assert read_picture(png(64, 64, black * 64)).max() == 0


@examples(60)
@given(st.integers(0, 2**32), st.sampled_from(["L", "RGB"]), st.integers(1, 4), st.integers(0, 3))
def test_the_fast_path_for_png_equals_pillow(seed: int, mode: str, parts: int, damages: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (64, 64) if mode == "L" else (64, 64, 3)
    whole = encoded_pixels(rng.integers(1, 256, shape).astype(np.uint8))
    for at in rng.integers(0, len(whole), damages).tolist():
        whole[at] = int(rng.integers(256))
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0 if mode == "L" else 2, 0, 0, 0)
    cuts = [0, *sorted(rng.integers(0, len(whole), parts - 1).tolist()), len(whole)]
    pixels = [chunk(b"IDAT", bytes(whole[start:end])) for start, end in pairwise(cuts)]
    png = b"".join([PNG, chunk(b"IHDR", header), *pixels, chunk(b"IEND", b"")])
    try:
        expected = np.asarray(Image.open(BytesIO(png)).convert("RGB"))
    except (OSError, SyntaxError):
        with pytest.raises(Unreadable):
            read_picture(png)
    else:
        assert np.array_equal(read_picture(png), expected)


@examples(60)
@given(
    seed=st.integers(0, 2**32),
    mode=st.sampled_from(["L", "RGB"]),
    how=st.sampled_from([{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 3}]),
    damages=st.integers(0, 3),
)
def test_the_fast_path_for_jpeg_equals_pillow(
    seed: int, mode: str, how: dict[str, Any], damages: int
) -> None:
    rng = np.random.default_rng(seed)
    noise = Image.fromarray(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)).convert(mode)
    whole = bytearray(bytes_of(noise, "JPEG", **how))
    for at in rng.integers(2, len(whole) - 2, damages).tolist():
        whole[at] = int(rng.integers(256))
    try:
        jpeg = checked_jpeg(bytes(whole))
    except Unreadable:
        return
    try:
        image = Image.open(BytesIO(jpeg.data))
        image.load()
    except (OSError, SyntaxError):
        with pytest.raises(Unreadable):
            read_picture(bytes(whole))
    else:
        plain = plain_jpeg(jpeg, 64)
        if plain is not None:
            assert plain.mode == image.mode
            assert np.array_equal(np.asarray(plain), np.asarray(image))
        else:
            assert damages


def encoded_pixels(pixels: NDArray[np.uint8]) -> bytearray:
    """What a PNG's IDAT chunks hold: each row after a 0, compressed."""
    rows = pixels.reshape(len(pixels), -1)
    return bytearray(zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes()))


def test_texts_in_a_png_are_never_unpacked() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000)))
    row = b"\0" + bytes([200]) * 64
    assert (read_picture(png(64, 64, row * 64, extra=bomb)) == 200).all()


def test_too_many_pixels_are_refused_before_they_are_unpacked() -> None:
    webp = bytearray(bytes_of(Image.new("RGBA", (64, 64), (1, 2, 3, 4)), "WEBP", exif=b"Exif\0\0"))
    webp[24:30] = b"\xff\x3f\0\xff\x3f\0"
    for data in (png(20_000, 20_000, b""), bytes(webp)):
        with pytest.raises(Unreadable, match=r"it is \d+\D\d+ pixels"):
            read_picture(data)


def jpeg_with(segments: bytes) -> bytes:
    whole = bytes_of(in_mode("L"), "JPEG")
    return whole[:2] + segments + whole[2:]


def tiff_with(tag: int, kind: int, count: int, *values: int) -> bytes:
    """A TIFF whose directory has this tag, once for each value."""
    whole = bytes_of(in_mode("L"), "TIFF")
    (at,) = struct.unpack_from("<I", whole, 4)
    (entries,) = struct.unpack_from("<H", whole, at)
    old = [whole[at + 2 + 12 * n :][:12] for n in range(entries)]
    new = sorted(
        [
            *(entry for entry in old if entry[:2] != struct.pack("<H", tag)),
            *(struct.pack("<HHII", tag, kind, count, value) for value in values),
        ]
    )
    directory = struct.pack("<H", len(new)) + b"".join(new) + struct.pack("<I", 0)
    return whole[:4] + struct.pack("<I", len(whole)) + whole[8:] + directory


PARTS = {
    "PNG chunks": png(64, 64, bytes(65 * 64), extra=chunk(b"IDAT", b"") * 200_000),
    "JPEG segments": jpeg_with(b"\xff\xc4\0\2" * 20_000),
    "JPEG scans": jpeg_with(b"\xff\xda\0\2" * 300),
    "TIFF samples": tiff_with(277, 3, 1, 47618),
    "TIFF samples, said twice": tiff_with(277, 3, 1, 1, 47618),
    "TIFF samples, said elsewhere": tiff_with(277, 16, 1, 1),
    "TIFF numbers": tiff_with(60_000, 3, 16_000_000, 8),
    "TIFF tiles": tiff_with(322, 4, 1, 2**31),
}


def test_a_header_that_asks_for_much_time_or_memory_is_refused() -> None:
    for data in PARTS.values():
        before = time.process_time()
        with pytest.raises(Unreadable, match=r"^it is damaged: the \w+"):
            read_picture(data)
        assert time.process_time() - before < 1


def run_length_encoded_bmp(width: int, height: int, runs: bytes) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    palette = b"".join(bytes((value, value, value, 0)) for value in range(256))
    start = 14 + len(info) + len(palette)
    return struct.pack("<2sIII", b"BM", start + len(runs), 0, start) + info + palette + runs


def test_a_run_length_encoded_bmp_is_read_unless_it_is_large() -> None:
    dark_then_light = b"".join(bytes((20, 0, 44, 200, 0, 0)) for _ in range(64))
    read = read_picture(run_length_encoded_bmp(64, 64, dark_then_light + b"\0\1"))
    assert (read[:, :20] == 0).all()
    assert (read[:, 20:] == 200).all()
    before = time.process_time()
    with pytest.raises(Unreadable, match=r"^it is \d+\D\d+ pixels, more than 4 million"):
        read_picture(run_length_encoded_bmp(40_000_000, 1, b"\1\0\0\0\0\1"))
    assert time.process_time() - before < 1


def test_restart_markers_in_a_jpeg_do_not_count_as_segments() -> None:
    image = in_mode("L").resize((1024, 1024))
    many = bytes_of(image, "JPEG", restart_marker_blocks=1)
    assert many.count(b"\xff\xd0") > 2000
    assert np.array_equal(read_picture(many), read_picture(bytes_of(image, "JPEG")))


def test_deep_pictures_take_no_more_memory_than_others() -> None:
    deep = bytes_of(Image.fromarray(np.full((5000, 5000), 40_000, np.uint16)), "PNG")
    tracemalloc.start()
    try:
        read_picture(deep)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150e6


def test_decoders_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    whole = bytes_of(in_mode("L"), "TIFF", compression="tiff_lzw")
    for place in range(200, len(whole), 100):
        with contextlib.suppress(Unreadable):
            read_picture(whole[:place] + b"\xff\0\xff" + whole[place + 3 :])
    with pillow_silenced(), pytest.raises(SyntaxError, match="samples per pixel"):
        TiffImageFile(BytesIO(tiff_with(277, 3, 1, 47618)))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_refused_unless_all_pixels_are_there(kind: str) -> None:
    whole = bytes_of(Image.fromarray(gray_slope()).convert("RGB"), kind)
    read = read_picture(whole)
    refused = 0
    for length in sorted(
        {*range(0, len(whole), max(1, len(whole) // 90)), *range(len(whole) - 20, len(whole))}
    ):
        try:
            again = read_picture(whole[:length])
        except Unreadable as reason:
            refused += str(reason).startswith("it is ")
        else:
            assert np.array_equal(again, read), length
    assert refused >= 90


FILES = [bytes_of(in_mode(mode), kind) for mode, kind in MODES]


@examples(250)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.sampled_from([200, 1_000_000]),
)
def test_a_damaged_file_is_read_or_refused_without_other_errors(
    whole: bytes, damage: list[tuple[float, int]], reach: int
) -> None:
    data = bytearray(whole)
    for place, value in damage:
        data[int(place * (min(len(data), reach) - 1))] = value
    with contextlib.suppress(Unreadable):
        assert read_picture(bytes(data)).shape == (64, 64, 3)


@given(st.binary(max_size=200), st.sampled_from([b"", *(file[:12] for file in FILES)]))
def test_random_bytes_are_read_or_refused_without_other_errors(noise: bytes, start: bytes) -> None:
    with pytest.raises(Unreadable):
        read_picture(start + noise)
