"""Pictures of what is no digit: `python tests/helpers/nondigits.py FOLDER` writes 200 of each kind."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watcher.pen.drawing import draw

SIDE = 64
FINE = 4  # strokes are drawn this many times as large
LETTERS = "AEFHKMNPRTWXYadefhkmnrtwx"
LIKE_DIGITS = "BDIOSZbgiloqsz"
FONTS = (0, 1, 2, 3, 4, 5, 6, 7, 16, 20)  # OpenCV's, upright and slanted
Random = np.random.Generator
Ink = NDArray[np.float32]  # (64, 64), 0 to 1
Picture = NDArray[np.uint8]  # (64, 64, 3)


def nondigits(kind: str, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """(count, 64, 64, 3) uint8 pictures of a kind, a name in KINDS; the same for the same seed."""
    rng = np.random.default_rng((list(KINDS).index(kind), seed))
    return np.stack([KINDS[kind](rng) for _ in range(count)])


def _blank(rng: Random) -> Picture:
    return _on_paper(np.zeros((SIDE, SIDE), np.float32), rng)


def _blot(rng: Random) -> Picture:
    canvas = _canvas()
    for _ in range(int(rng.integers(1, 6))):
        middle, axes = rng.normal(128, 20, 2), rng.uniform(20, 65, 2)
        cv2.ellipse(canvas, _point(middle), _point(axes), float(rng.uniform(0, 180)), 0, 360, 255, -1)
    for _ in range(int(rng.integers(0, 12))):
        cv2.circle(canvas, _point(rng.normal(128, 45, 2)), int(rng.uniform(3, 16)), 255, -1)
    return _on_paper(_ink(canvas), rng)


def _scribble(rng: Random) -> Picture:
    canvas, turns = _canvas(), int(rng.integers(6, 16))
    corners = rng.uniform(30, 226, (turns, 2))
    if rng.random() < 1 / 3:
        corners = np.column_stack([np.linspace(40, 216, turns), np.where(np.arange(turns) % 2, 60, 196)])
        corners += rng.normal(0, 12, corners.shape)
    return _on_paper(_ink(_line(canvas, corners, rng, rounded=rng.random() < 0.7)), rng)


def _sign(rng: Random) -> Picture:
    """A cross, a star, or a few strokes without a sense."""
    canvas, count = _canvas(), int(rng.integers(3, 6))
    if rng.random() < 0.5:
        for turn in rng.uniform(0, 3) + np.arange(count) * np.pi / count:
            arm = 80 * np.array([np.cos(turn), np.sin(turn)])
            _line(canvas, 128 + np.stack([-arm, arm]) + rng.normal(0, 8, (2, 2)), rng)
    else:
        for _ in range(count + 1):
            _line(canvas, rng.uniform(60, 196, 2) + rng.normal(0, 40, (3, 2)), rng)
    return _on_paper(_ink(canvas), rng)


def _letter(letters: str) -> Callable[[Random], Picture]:
    def drawn(rng: Random) -> Picture:
        canvas, letter = np.zeros((512, 512), np.uint8), letters[rng.integers(len(letters))]
        font, pen = FONTS[rng.integers(len(FONTS))], int(rng.integers(8, 22))
        cv2.putText(canvas, letter, (150, 350), font, 8, 255, pen, cv2.LINE_AA)
        x, y, wide, high = cv2.boundingRect(canvas)
        zoom = rng.uniform(130, 215) / max(wide, high)
        turn, lean = rng.uniform(-0.15, 0.15, 2)
        plane = zoom * np.array([[np.cos(turn), lean - np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        to = 128 + rng.uniform(-12, 12, 2) - plane @ (x + wide / 2, y + high / 2)
        placed = cv2.warpAffine(canvas, np.column_stack([plane, to]), (SIDE * FINE, SIDE * FINE))
        return _on_paper(_ink(np.asarray(placed, np.uint8)), rng)

    return drawn


def _rules(rng: Random) -> Picture:
    """Lines from border to border, as on a form, or the edge of a box."""
    canvas, pen = _canvas(), int(rng.integers(4, 12))
    end = SIDE * FINE - 1
    if rng.random() < 0.3:
        low, high = rng.uniform(4, 60, 2), rng.uniform(196, 252, 2)
        cv2.rectangle(canvas, _point(low), _point(high), 255, pen)
    for at in rng.uniform(0, end, int(rng.integers(1, 5))):
        ends = ((0.0, at), (float(end), at + rng.uniform(-10, 10)))
        for place in (ends,) if rng.random() < 0.5 else ([one[::-1] for one in ends],):
            cv2.line(canvas, _point(place[0]), _point(place[1]), 255, pen, cv2.LINE_AA)
    return _on_paper(_ink(canvas), rng)


def _two_digits(rng: Random) -> Picture:
    ink = np.zeros((SIDE, SIDE), np.float32)
    for middle in (20, 44):
        drawn = draw(int(rng.integers(1000, 2000)), int(rng.integers(10)), int(rng.integers(40)))
        gray = cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY).astype(np.float32)
        dark = np.clip((np.median(gray) - gray) / max(float(np.median(gray) - gray.min()), 1), 0, 1)
        place = np.array([[0.6, 0, middle - 19.2], [0, 0.6, 32 - 19.2 + rng.uniform(-5, 5)]])
        ink = np.maximum(ink, cv2.warpAffine(dark, place, (SIDE, SIDE), flags=cv2.INTER_AREA))
    return _on_paper(ink, rng)


def _photograph(rng: Random) -> Picture:
    """Clouds, or things in front of each other, or a camera's noise."""
    choice = rng.integers(3)
    if choice == 0:
        noise = [rng.standard_normal((SIDE, SIDE, 3)).astype(np.float32) for _ in range(4)]
        clouds = sum(
            wide * cv2.GaussianBlur(one, (0, 0), wide) for one, wide in zip(noise, (1, 2, 4, 8), strict=True)
        )
        return np.asarray((clouds - np.min(clouds)) / np.ptp(clouds) * 255, np.uint8)
    scene = np.full((SIDE, SIDE, 3), rng.uniform(60, 220, 3), np.float32)
    for _ in range(0 if choice == 1 else int(rng.integers(3, 9))):
        corners = rng.uniform(-10, 74, (int(rng.integers(3, 6)), 2)).astype(np.int32)
        cv2.fillPoly(scene, [corners], rng.uniform(0, 255, 3).tolist(), cv2.LINE_AA)
    return np.asarray((scene + rng.normal(0, 60 if choice == 1 else 5, scene.shape)).clip(0, 255), np.uint8)


def _on_paper(ink: Ink, rng: Random) -> Picture:
    """Ink on white paper, or in some color on some paper in uneven light with a camera's noise."""
    if rng.random() < 0.5:
        return np.repeat((255 - 255 * rng.uniform(0.7, 1) * ink).astype(np.uint8)[..., None], 3, axis=2)
    paper = rng.uniform(130, 250) + rng.uniform(-25, 25, 3)
    mixed = paper - ink[..., None] * rng.uniform(50, 130) * rng.uniform(0.6, 1.4, 3)
    light = 1 + np.linspace(-1, 1, SIDE)[:, None] * rng.uniform(-0.15, 0.15)
    noisy = mixed * light[..., None] + rng.normal(0, rng.uniform(1, 6), mixed.shape)
    return np.asarray(noisy.clip(0, 255), np.uint8)


def _line(canvas: Picture, corners: NDArray[np.float64], rng: Random, *, rounded: bool = False) -> Picture:
    steps = np.linspace(0, len(corners) - 1, 200)
    way = np.column_stack([np.interp(steps, np.arange(len(corners)), part) for part in corners.T])
    if rounded:
        way = cv2.GaussianBlur(way, (1, 15), 4)
    pen = int(rng.integers(7, 19))
    cv2.polylines(canvas, [np.rint(way).astype(np.int32)], isClosed=False, color=255, thickness=pen)
    return canvas


def _canvas() -> Picture:
    return np.zeros((SIDE * FINE, SIDE * FINE), np.uint8)


def _ink(canvas: Picture) -> Ink:
    return np.asarray(cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA) / np.float32(255))


def _point(place: NDArray[np.float64] | tuple[float, float]) -> tuple[int, int]:
    return int(place[0]), int(place[1])


KINDS: Mapping[str, Callable[[Random], Picture]] = {
    "blank": _blank,
    "blots": _blot,
    "scribbles": _scribble,
    "signs": _sign,
    "letters": _letter(LETTERS),
    "letters-like-digits": _letter(LIKE_DIGITS),
    "rules": _rules,
    "two-digits": _two_digits,
    "photographs": _photograph,
}

if __name__ == "__main__":
    for name in KINDS:
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True)
        for number, picture in enumerate(nondigits(name, 200)):
            Image.fromarray(picture).save(folder / f"{number}.png")
