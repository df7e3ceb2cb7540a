"""Arrays as pictures inside a page, as data: URIs."""

import base64
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture_uri(picture: NDArray[np.uint8]) -> str:
    """A data: URI of an (h, w, 3) uint8 RGB picture, as WebP: for noisy paper, PNG is ten times as large."""
    return _uri(picture, "webp", quality=85, method=4)


def normalized_uri(normalized: NDArray[Any]) -> str:
    """A data: URI of a normalizer's output: dark ink on white, or its colors if it has any."""
    if normalized.ndim == 3:
        return picture_uri(_levels(normalized))
    return _uri(255 - _levels(ink_of(normalized)), "png", optimize=True)


def ink_of(normalized: NDArray[Any]) -> NDArray[np.float32]:
    """(h, w) float32 from 0, paper, to 1, ink, from a normalizer's output; for colors, how dark they are."""
    values = np.asarray(normalized, np.float32)
    if values.ndim == 3:
        light = values.mean(axis=2)
        values = light.max(initial=0) - light
    return np.asarray(values / max(float(values.max(initial=0)), 1e-6), np.float32)


def _uri(picture: NDArray[np.uint8], form: str, **options: Any) -> str:
    file = BytesIO()
    Image.fromarray(picture).save(file, form, **options)
    return f"data:image/{form};base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _levels(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * np.clip(values, 0, 1)), np.uint8)
