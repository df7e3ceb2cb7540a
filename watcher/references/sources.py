"""Sources of labeled images: files DIGIT_INDEX.ext, folders DIGIT/*.ext, or an IDX pair as MNIST's."""

import gzip
import io
import math
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from watcher.errors import WatcherError
from watcher.resources import shipped
from watcher.store.references import LabeledImage
from watcher.text import error_text, name_as_text, printable

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"}
_LABELED_NAME = re.compile(r"([0-9])_.+")
_IDX_IMAGES = re.compile(r"(.*)images([-.])idx3-ubyte(\.gz)?")


class SourceError(WatcherError):
    """A source has no labeled images, or not in a known form."""


def labeled_images(source: Path) -> Iterator[LabeledImage]:
    """The labeled images of a source, each with its file's bytes. Raises SourceError.

    IDX files have bright ink on black; their pictures become BMP files with dark ink on white.
    """
    if source.is_dir():
        return _from_folder(source)
    if _IDX_IMAGES.fullmatch(source.name) and source.exists():
        return _from_idx(source)
    shown = printable(str(source))
    if not source.exists():
        raise SourceError(f"{shown}: there is no such file or folder")
    raise SourceError(
        f"{shown}: it is neither a folder of labeled images nor an IDX file (*-images-idx3-ubyte[.gz])"
    )


def first_references(folder: Path) -> tuple[Path, list[LabeledImage]]:
    """The labeled images that an empty database is filled with, and the folder they are from.

    That is `folder`, or, if it has none, the folder that comes with the program.
    """
    try:
        return folder, list(labeled_images(folder))
    except SourceError:
        folder = shipped("images")
        return folder, list(labeled_images(folder))


def _from_folder(source: Path) -> Iterator[LabeledImage]:
    files = _labeled_files(source)
    if not files:
        raise SourceError(
            f"{printable(str(source))}: there are no labeled images in it; name them DIGIT_INDEX "
            "(7_0.png, 7_1.png, …) or put them in folders named 0 to 9"
        )
    shown = name_as_text(str(source))
    for digit, file in files:
        try:
            image = file.read_bytes()
        except OSError as error:
            raise SourceError(error_text(error)) from error
        yield LabeledImage(image, digit, shown, name_as_text(str(file.relative_to(source))))


def _labeled_files(source: Path) -> list[tuple[int, Path]]:
    files: list[tuple[int, Path]] = []
    try:
        for entry in sorted(os.scandir(source), key=lambda entry: _natural(entry.name)):
            path = source / entry.name
            match = _LABELED_NAME.fullmatch(entry.name)
            if entry.is_dir() and re.fullmatch("[0-9]", entry.name):
                inside = (path / name for name in sorted(os.listdir(path), key=_natural))  # noqa: PTH208
                files += [(int(entry.name), file) for file in inside if _is_image(file)]
            elif match and _is_image(path):
                files.append((int(match[1]), path))
    except OSError as error:
        raise SourceError(error_text(error)) from error
    return files


def _natural(name: str) -> tuple[object, ...]:
    """A sort key that puts 7_2 before 7_10."""
    texts_and_numbers = enumerate(re.split(r"([0-9]+)", name))
    return tuple(int(part) if index % 2 else part for index, part in texts_and_numbers)


def _is_image(file: Path) -> bool:
    return not file.name.startswith(".") and file.suffix.lower() in _SUFFIXES and file.is_file()


def _from_idx(images: Path) -> Iterator[LabeledImage]:
    match = _IDX_IMAGES.fullmatch(images.name)
    assert match is not None
    label_files = [images.with_name(f"{match[1]}labels{match[2]}idx1-ubyte{end}") for end in ("", ".gz")]
    labels_file = next((file for file in label_files if file.exists()), None)
    if labels_file is None:
        raise SourceError(
            f"{printable(str(images))}: its labels ({printable(label_files[0].name)}) are not in the same "
            "folder"
        )
    pictures = _read_idx(images, dimensions=3)
    labels = _read_idx(labels_file, dimensions=1)
    if len(pictures) != len(labels):
        raise SourceError(
            f"{printable(str(images))}: it has {len(pictures):,} images, but {len(labels):,} labels"
        )
    if len(labels) and labels.max() > 9:
        raise SourceError(f"{printable(str(labels_file))}: label {labels.max()} is not a digit")
    source = name_as_text(str(images))
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        yield LabeledImage(_as_bmp(picture), int(label), source, str(index))


def _read_idx(file: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    shown = printable(str(file))
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{shown}: it cannot be read: {error}") from error
    except OSError as error:
        raise SourceError(error_text(error)) from error
    head = 4 + 4 * dimensions
    if data[:4] != bytes((0, 0, 8, dimensions)) or len(data) < head:
        raise SourceError(f"{shown}: it is not an IDX file of bytes with {dimensions} dimension(s)")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", dimensions, 4))
    if 0 in shape[1:]:
        raise SourceError(f"{shown}: its images have no pixels")
    if len(data) - head != math.prod(shape):
        raise SourceError(
            f"{shown}: it should have {math.prod(shape):,} bytes of data, but has {len(data) - head:,}"
        )
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def _as_bmp(picture: npt.NDArray[np.uint8]) -> bytes:
    """The picture as a BMP: every version of Pillow writes the same bytes, so training twice adds nothing."""
    file = io.BytesIO()
    Image.fromarray(255 - picture).save(file, "BMP")
    return file.getvalue()
