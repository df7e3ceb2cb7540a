"""Draws steps.png: some pictures after each step of recognition. Run `python docs/steps.py`."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from watcher.pen.drawing import draw
from watcher.recognition.ink.contrast import ink_contrast
from watcher.recognition.ink.coverage import ink_coverage
from watcher.recognition.normalize import NORMALIZERS

Picture = NDArray[np.uint8]

SEED = 77
ZOOM = 2
GAP = 6
HEADING = 16


def main() -> None:
    """Write steps.png into this folder."""
    pictures = [
        draw(SEED, 7, 5),
        _on_paper(draw(SEED, 3, 2), paper=(120, 160, 120), ink=(90, 100, 150), slope=70, noise=4),
        _on_paper(draw(SEED, 5, 3), paper=(40, 50, 60), ink=(190, 190, 170), slope=20, noise=6),
        _on_paper(draw(SEED, 2, 6), paper=(200, 190, 170), ink=(170, 160, 150), slope=10, noise=3),
        _boxed(_on_paper(draw(SEED, 9, 1), paper=(220, 220, 225), ink=(60, 60, 140), slope=30, noise=3)),
    ]
    steps: dict[str, Callable[[Picture], Picture]] = {
        "picture": lambda picture: picture,
        "contrast": lambda picture: _gray(ink_contrast(picture[None])[0], 120),
        "ink": lambda picture: _gray(ink_coverage(picture[None])[0], 1),
        "normalized": lambda picture: _gray(_enlarged(NORMALIZERS["centered"](picture)), 1),
    }
    side = 64 * ZOOM + GAP
    page = Image.new("RGB", (side * len(pictures) + 90, (side + HEADING) * len(steps)), "white")
    pen = ImageDraw.Draw(page)
    for row, (name, step) in enumerate(steps.items()):
        top = row * (side + HEADING // 2) + GAP
        pen.text((6, top + side // 2 - 8), name, fill="black")
        for column, picture in enumerate(pictures):
            shown = (
                Image.fromarray(step(picture))
                .convert("RGB")
                .resize((64 * ZOOM,) * 2, Image.Resampling.NEAREST)
            )
            page.paste(shown, (86 + column * side, top))
    page.crop((0, 0, page.width, len(steps) * (side + HEADING // 2) + GAP)).quantize(128).save(
        Path(__file__).with_name("steps.png"), optimize=True
    )


def _on_paper(
    clean: Picture, *, paper: tuple[int, int, int], ink: tuple[int, int, int], slope: float, noise: float
) -> Picture:
    """The digit of a clean drawing on other paper: colored, unevenly lit and noisy."""
    rng = np.random.default_rng(SEED)
    cover = 1 - clean.mean(axis=2, keepdims=True) / clean.mean(axis=2).max()
    light = np.linspace(-slope, slope, 64)[None, :, None] / 2
    colors = (1 - cover) * np.array(paper) + cover * np.array(ink) + light + rng.normal(0, noise, clean.shape)
    return np.asarray(np.clip(colors, 0, 255), np.uint8)


def _boxed(picture: Picture) -> Picture:
    """The picture with the edge of a printed box and two specks of dust."""
    boxed = picture.copy()
    boxed[:3] = boxed[:, :2] = (90, 90, 90)
    boxed[52:54, 8:10] = boxed[12:13, 54:56] = (80, 80, 80)
    return boxed


def _enlarged(digit: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(digit, (64, 64)), np.float32)


def _gray(values: NDArray[np.floating], white: float) -> Picture:
    return np.asarray(np.clip(255 - values * (255 / white), 0, 255), np.uint8)


if __name__ == "__main__":
    main()
