"""Small hand-like digits, drawn on the spot."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Draw = Callable[..., Picture]

# Corners of each digit's line, in a square from 0 to 1.
LINES: dict[int, list[tuple[float, float]]] = {
    0: [(0.5, 0), (0.15, 0.25), (0.15, 0.75), (0.5, 1), (0.85, 0.75), (0.85, 0.25), (0.5, 0)],
    1: [(0.3, 0.2), (0.5, 0), (0.5, 0.5), (0.5, 1)],
    2: [(0.15, 0.2), (0.5, 0), (0.8, 0.25), (0.5, 0.6), (0.15, 1), (0.5, 0.97), (0.85, 1)],
    3: [(0.2, 0.05), (0.75, 0.1), (0.7, 0.4), (0.4, 0.5), (0.8, 0.65), (0.7, 0.95), (0.15, 0.95)],
    4: [(0.7, 1), (0.7, 0.5), (0.7, 0), (0.4, 0.35), (0.1, 0.7), (0.5, 0.7), (0.95, 0.7)],
    5: [(0.85, 0), (0.25, 0), (0.2, 0.45), (0.7, 0.45), (0.85, 0.75), (0.5, 1), (0.1, 0.9)],
    6: [(0.75, 0), (0.3, 0.3), (0.15, 0.75), (0.5, 1), (0.85, 0.75), (0.5, 0.5), (0.2, 0.7)],
    7: [(0.1, 0), (0.5, 0), (0.9, 0), (0.65, 0.4), (0.4, 1)],
    8: [
        (0.5, 0.5),
        (0.2, 0.25),
        (0.5, 0),
        (0.8, 0.25),
        (0.5, 0.5),
        (0.15, 0.75),
        (0.5, 1),
        (0.85, 0.75),
        (0.5, 0.5),
    ],
    9: [(0.8, 0.3), (0.5, 0.5), (0.2, 0.25), (0.5, 0), (0.8, 0.25), (0.75, 0.6), (0.6, 1)],
}


def coverage_of(digit: int, seed: int, size: float = 40, thickness: int = 4) -> NDArray[np.float32]:
    """(64, 64) from 0 to 1: the digit's line, a little different with every seed."""
    rng = np.random.default_rng((digit, seed))
    corners = np.array(LINES[digit]) + rng.normal(0, 0.025, (len(LINES[digit]), 2))
    at = 32 + (corners - 0.5) * (size * 0.7, size) + rng.uniform(-3, 3, 2)
    canvas = np.zeros((64, 64), np.uint8)
    cv2.polylines(
        canvas,
        [np.rint(at * 16).astype(np.int32)],
        isClosed=False,
        color=255,
        thickness=thickness,
        lineType=cv2.LINE_AA,
        shift=4,
    )
    return np.asarray(cv2.GaussianBlur(canvas, (3, 3), 0) / np.float32(255), np.float32)


def on_paper(
    coverage: NDArray[np.float32],
    paper: tuple[float, ...] = (255, 255, 255),
    ink: tuple[float, ...] = (0, 0, 0),
) -> Picture:
    """The line in a color of ink on a color of paper."""
    mixed = np.array(paper) + coverage[..., None] * (np.array(ink) - np.array(paper))
    return np.asarray(np.rint(mixed).clip(0, 255), np.uint8)


@pytest.fixture(scope="session")
def coverage() -> Callable[..., NDArray[np.float32]]:
    return coverage_of


@pytest.fixture(scope="session")
def paper() -> Draw:
    return on_paper


@pytest.fixture(scope="session")
def draw() -> Draw:
    """A digit in black on white, (64, 64, 3) uint8, a little different with every seed."""

    def drawn(digit: int, seed: int = 0) -> Picture:
        return on_paper(coverage_of(digit, seed))

    return drawn


@pytest.fixture(scope="session")
def pictures() -> tuple[Picture, NDArray[np.int64]]:
    """Eight of each digit and their labels."""
    labels = np.repeat(np.arange(10), 8)
    return np.stack([on_paper(coverage_of(int(d), seed)) for seed, d in enumerate(labels)]), labels


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """An image, or an array, as the bytes of a file."""

    def encoded(image: Image.Image | NDArray[Any], kind: str, **options: Any) -> bytes:
        file = BytesIO()
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
        return file.getvalue()

    return encoded
