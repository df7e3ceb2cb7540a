"""The bytes of a picture file → a 64x64 RGB array; anything else → Unreadable with the reason."""

import math
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition.images.geometry import (
    ORIENTATION,
    Geometry,
    exif_geometry,
    gif_density,
    header_density,
    upright,
)
from watcher.recognition.images.jpeg import SIGNATURE as JPEG
from watcher.recognition.images.jpeg import checked_jpeg
from watcher.recognition.images.other_formats import other_format
from watcher.recognition.images.pixels import rgb_image
from watcher.recognition.images.plain import plain_jpeg, plain_png
from watcher.recognition.images.png import SIGNATURE as PNG
from watcher.recognition.images.png import checked_png, has_every_row, is_interlaced
from watcher.recognition.images.suppress_output import pillow_silenced, stderr_silenced
from watcher.recognition.images.tiff import SIGNATURES as TIFF
from watcher.recognition.images.tiff import check_tiff
from watcher.recognition.images.webp import is_webp, webp_size
from watcher.recognition.page.crop import SEARCHED, crop_digit

SIDE = 64
MOST_PIXELS = 50_000_000
MOST_PIXELS_IN_RUNS = 4_000_000
RUN_LENGTH_ENCODED = (BmpImageFile.COMPRESSIONS["RLE8"], BmpImageFile.COMPRESSIONS["RLE4"])
CUT_OFF = ("truncated", "not enough", "end of file", "unexpected end", "too short", "cut off")
MOST_SEARCHED = 16_000_000  # pixels: larger pages are made smaller before they are searched
EASILY_REDUCED = frozenset(("L", "RGB", "CMYK"))
DRAFT = 1500  # pixels of the longer side at which a photograph is decoded first
WHOLE = 2 * SIDE  # pixels: if no digit is found, a picture that is no larger is taken as it is
TURNED = frozenset(range(5, 9))  # orientations that swap rows and columns


class Page(NamedTuple):
    """A picture, (64, 64, 3) uint8 RGB, of the digit on a page. `several`: there seem to be others on it."""

    picture: NDArray[np.uint8]
    several: bool = False


def read_picture(data: bytes) -> NDArray[np.uint8]:
    """The picture of `read_page` alone."""
    return read_page(data).picture


def read_page(data: bytes) -> Page:
    """The picture in a file's bytes, as (64, 64, 3) uint8 RGB, upright, with transparency made white.

    A picture of another size is scaled to fit and keeps its proportions; the margins get its paper's color.
    The content decides the format, not the file's name. Data after the end of the picture is ignored.

    Raises Unreadable, whose text is the reason, unless the file is one complete PNG, JPEG, BMP, TIFF, GIF or
    WebP picture of at most 50 million pixels (4 million for a run-length encoded BMP). Raises LacksMemory, a
    subclass, if there is not enough memory for it.
    """
    if not data:
        raise Unreadable("it is empty")
    try:
        if data.startswith(PNG):
            data = checked_png(data)
            plain = plain_png(data, SIDE)
            if plain is not None and not _ends_in_zeros(plain):
                return Page(np.asarray(rgb_image(plain)))
        with pillow_silenced():
            return _page(data)
    except Unreadable:
        raise
    except MemoryError as error:
        raise LacksMemory("reading it takes more memory than there is for it") from error
    except Exception as error:  # decoders raise many kinds; all mean that the picture is not complete
        raise Unreadable(_reason(error)) from error


def _page(data: bytes) -> Page:
    """The page in a file; a PNG must have been checked."""
    decoded = _decoded(data)
    image = _upright(decoded)
    if max(image.size) <= SIDE:
        return Page(_square(image))
    finer = decoded.finer
    again = None if finer is None else lambda: _upright(finer())
    cropped = crop_digit(np.asarray(image), SIDE, again, decoded.searched)
    if cropped is not None:
        return Page(*cropped)
    if max(image.size) <= WHOLE:
        return Page(_square(image))
    paper = np.median(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)), axis=(0, 1))
    return Page(np.full((SIDE, SIDE, 3), paper.astype(np.uint8)))


class _Decoded(NamedTuple):
    """A picture as it is stored. `finer` decodes it again with more pixels; None if it has no more.

    `searched`: the longer side of the copy in which the digit is looked for.
    """

    image: Image.Image
    geometry: Geometry
    finer: "Callable[[], _Decoded] | None" = None
    searched: int = SEARCHED


def _decoded(data: bytes) -> _Decoded:
    if data.startswith(PNG):
        return _read_png(data)
    if data.startswith(JPEG):
        return _read_jpeg(data)
    if data.startswith(TIFF):
        return _read_tiff(data)
    return _read_other(data)


def _upright(decoded: _Decoded) -> Image.Image:
    """The picture in RGB with square pixels, the right way up, and with no more pixels than are searched."""
    image = decoded.image
    width, height = image.size
    reduced = math.ceil(math.sqrt(width * height / MOST_SEARCHED))
    if reduced > 1 and image.mode in EASILY_REDUCED:
        image, reduced = image.reduce(reduced), 1
    rgb = rgb_image(image)
    return upright(rgb.reduce(reduced) if reduced > 1 else rgb, decoded.geometry)


def _read_png(png: bytes) -> _Decoded:
    image = _opened(PngImageFile, png)
    image.load()
    if (is_interlaced(png) or _ends_in_zeros(image)) and not has_every_row(png):
        raise Unreadable("it is cut off: rows of pixels are missing")
    return _Decoded(image, _geometry(image))


def _ends_in_zeros(image: Image.Image) -> bool:
    """Whether the last row is all zeros, as Pillow leaves rows that are missing in a PNG."""
    width, height = image.size
    last = image.getpixel((width - 1, height - 1))
    if any(last) if isinstance(last, tuple) else last:
        return False
    return not any(image.crop((0, height - 1, width, height)).tobytes())


def _read_jpeg(data: bytes) -> _Decoded:
    jpeg = checked_jpeg(data)
    plain = plain_jpeg(jpeg, SIDE)
    if plain is not None:
        return _Decoded(plain, jpeg.geometry)
    image = _opened(JpegImageFile, jpeg.data)
    width, height = image.size
    if max(width, height) < 2 * DRAFT:
        image.load()
        return _Decoded(image, jpeg.geometry)
    is_huge = width * height > MOST_SEARCHED
    # A photograph is decoded at a fraction of its size.
    image.draft(None, _in_box(width, height, (1 + is_huge) * DRAFT))
    image.load()
    if is_huge:
        return _Decoded(image, jpeg.geometry, searched=2 * SEARCHED)

    def finer() -> _Decoded:
        again = JpegImageFile(BytesIO(jpeg.data))
        again.load()
        return _Decoded(again, jpeg.geometry)

    return _Decoded(image, jpeg.geometry, finer)


def _in_box(width: int, height: int, longest: int) -> tuple[int, int]:
    scale = longest / max(width, height)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _read_tiff(data: bytes) -> _Decoded:
    check_tiff(data, MOST_PIXELS)
    image = _opened(TiffImageFile, data)
    density = header_density(image)
    turned = isinstance(image, TiffImageFile) and image.tag_v2.get(ORIENTATION, 1) in TURNED
    with stderr_silenced():
        image.load()  # applies the orientation
    if turned and density is not None:
        density = density[::-1]
    return _Decoded(image, Geometry(density=density))


def _read_other(data: bytes) -> _Decoded:
    image: ImageFile
    if is_webp(data):
        _check_size(*webp_size(data))
        image = _opened(WebPImageFile, data)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        image = _opened(GifImageFile, data)
    elif data.startswith(b"BM"):
        image = _opened(BmpImageFile, data)
        if image.info["compression"] in RUN_LENGTH_ENCODED:  # Pillow decodes these slowly, pixel by pixel
            _check_size(*image.size, MOST_PIXELS_IN_RUNS)
    else:
        named = other_format(data)
        raise Unreadable(
            f"it is {named}" if named else "it is not a PNG, JPEG, BMP, TIFF, GIF or WebP picture"
        )
    if isinstance(image, GifImageFile | WebPImageFile) and image.is_animated:
        raise Unreadable("it is animated, and one picture is wanted")
    density = gif_density(data) if isinstance(image, GifImageFile) else None
    image.load()
    geometry = _geometry(image)
    return _Decoded(image, geometry if density is None else geometry._replace(density=density))


def _geometry(image: Image.Image) -> Geometry:
    exif = image.info.get("exif", b"")
    geometry = exif_geometry(exif.removeprefix(b"Exif\0\0") if isinstance(exif, bytes) else b"")
    return geometry._replace(density=header_density(image) or geometry.density)


def _opened(kind: type[ImageFile], data: bytes) -> ImageFile:
    """The image with its header read by the decoder of this format; Pillow tries no other."""
    image = kind(BytesIO(data))
    _check_size(*image.size)
    return image


def _check_size(width: int, height: int, most: int = MOST_PIXELS) -> None:
    if width * height > most:
        size = f"{width}×{height}"  # noqa: RUF001 - the usual sign
        raise Unreadable(f"it is {size} pixels, more than {most // 1_000_000} million in all")


def _square(image: Image.Image) -> NDArray[np.uint8]:
    if image.size == (SIDE, SIDE):
        return np.asarray(image)
    scale = SIDE / max(image.size)
    width, height = (max(1, round(scale * length)) for length in image.size)
    fitted = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))
    if (width, height) == (SIDE, SIDE):
        return fitted
    border = np.concatenate((fitted[0], fitted[-1], fitted[:, 0], fitted[:, -1]))
    square = np.empty((SIDE, SIDE, 3), np.uint8)
    square[:] = np.rint(np.median(border, axis=0))
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square[top : top + height, left : left + width] = fitted
    return square


def _reason(error: Exception) -> str:
    message = str(error).lower()
    if isinstance(error, EOFError) or any(word in message for word in CUT_OFF):
        return "it is cut off: the file ends before the picture does"
    return "it is damaged: its content makes no picture"
