"""The bytes of a picture file → a 64x64 RGB array; anything else → Unreadable with the reason."""

from io import BytesIO

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
from watcher.recognition.images.jpeg import SIGNATURE as JPEG
from watcher.recognition.images.jpeg import checked_jpeg, exif_orientation
from watcher.recognition.images.other_formats import other_format
from watcher.recognition.images.pixels import rgb_image
from watcher.recognition.images.plain import plain_jpeg, plain_png
from watcher.recognition.images.png import SIGNATURE as PNG
from watcher.recognition.images.png import checked_png, has_every_row, is_interlaced
from watcher.recognition.images.suppress_output import pillow_silenced, stderr_silenced
from watcher.recognition.images.tiff import SIGNATURES as TIFF
from watcher.recognition.images.tiff import check_tiff
from watcher.recognition.images.webp import is_webp, webp_size

SIDE = 64
MOST_PIXELS = 50_000_000
MOST_PIXELS_IN_RUNS = 4_000_000
RUN_LENGTH_ENCODED = (BmpImageFile.COMPRESSIONS["RLE8"], BmpImageFile.COMPRESSIONS["RLE4"])
CUT_OFF = ("truncated", "not enough", "end of file", "unexpected end", "too short", "cut off")
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(data: bytes) -> NDArray[np.uint8]:
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
                return np.asarray(rgb_image(plain))
        with pillow_silenced():
            return _square(_upright_rgb(data))
    except Unreadable:
        raise
    except MemoryError as error:
        raise LacksMemory("reading it takes more memory than there is for it") from error
    except Exception as error:  # decoders raise many kinds; all mean that the picture is not complete
        raise Unreadable(_reason(error)) from error


def _upright_rgb(data: bytes) -> Image.Image:
    """The picture, upright; a PNG must have been checked."""
    if data.startswith(PNG):
        image, orientation = _read_png(data)
    elif data.startswith(JPEG):
        image, orientation = _read_jpeg(data)
    elif data.startswith(TIFF):
        image, orientation = _read_tiff(data)
    else:
        image, orientation = _read_other(data)
    rgb = rgb_image(image)
    return rgb.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else rgb


def _read_png(png: bytes) -> tuple[Image.Image, int]:
    image = _opened(PngImageFile, png)
    image.load()
    if (is_interlaced(png) or _ends_in_zeros(image)) and not has_every_row(png):
        raise Unreadable("it is cut off: rows of pixels are missing")
    return image, exif_orientation(_exif(image))


def _ends_in_zeros(image: Image.Image) -> bool:
    """Whether the last row is all zeros, as Pillow leaves rows that are missing in a PNG."""
    width, height = image.size
    last = image.getpixel((width - 1, height - 1))
    if any(last) if isinstance(last, tuple) else last:
        return False
    return not any(image.crop((0, height - 1, width, height)).tobytes())


def _read_jpeg(data: bytes) -> tuple[Image.Image, int]:
    jpeg = checked_jpeg(data)
    plain = plain_jpeg(jpeg, SIDE)
    if plain is not None:
        return plain, jpeg.orientation
    image = _opened(JpegImageFile, jpeg.data)
    if max(image.size) >= 8 * SIDE:
        image.draft(None, (4 * SIDE, 4 * SIDE))  # decode a photograph at a fraction of its size
    image.load()
    return image, jpeg.orientation


def _read_tiff(data: bytes) -> tuple[Image.Image, int]:
    check_tiff(data, MOST_PIXELS)
    image = _opened(TiffImageFile, data)
    with stderr_silenced():
        image.load()  # applies the orientation
    return image, 1


def _read_other(data: bytes) -> tuple[Image.Image, int]:
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
    image.load()
    return image, exif_orientation(_exif(image))


def _exif(image: Image.Image) -> bytes:
    exif = image.info.get("exif", b"")
    return exif.removeprefix(b"Exif\0\0") if isinstance(exif, bytes) else b""


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
