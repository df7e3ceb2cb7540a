"""How digits on pages are filed, and the same digits cut out: `python tests/benchmarks/pages.py [FOLDER]`.

FOLDER holds pictures DIGIT_*.png or .jpg of one digit each, whose ink is put on the pages; else the pen draws
it. Pages are 66 to `--most` pixels wide or high, the digits 20 to 2,000 pixels.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from watcher.pen.drawing import draw  # noqa: E402
from watcher.recognition import ImageClassifier, Reading, read_picture  # noqa: E402
from watcher.recognition.images.decode import read_page  # noqa: E402

Floats = NDArray[np.float32]
Random = np.random.Generator
KINDS = ("plain", "ruled", "squared", "boxed", "shaded", "shadow", "photographed", "chalk")
SMALLEST, LARGEST = 20, 2000
FILED = 0.9
WRITER = 12


class Sample(NamedTuple):
    """A digit on a page of some kind, and cut out; both as files."""

    digit: int
    kind: str
    page: bytes
    cut_out: bytes


def samples(count: int, most: int, source: Path | None, seed: int) -> Iterator[Sample]:
    """So many samples, of each kind in turn."""
    rng = np.random.default_rng(seed)
    files = [] if source is None else sorted([*source.glob("[0-9]_*.png"), *source.glob("[0-9]_*.jpg")])
    for number in range(count):
        if files:
            file = files[int(rng.integers(len(files)))]
            digit, picture = int(file.name[0]), np.asarray(Image.open(file).convert("RGB"))
        else:
            digit = number % 10
            picture = draw(WRITER, digit, number // 10, 256)
        longer = int(np.exp(rng.uniform(np.log(66), np.log(most))))
        shorter = int(longer * rng.uniform(0.6, 1))
        width, height = (longer, shorter) if rng.random() < 0.5 else (shorter, longer)
        size = int(np.exp(rng.uniform(np.log(SMALLEST), np.log(min(LARGEST, 0.75 * shorter)))))
        ink, kind = _ink(picture, size), KINDS[number % len(KINDS)]
        page = _page(ink, (width, height), kind, rng)
        around = round(1.36 * size)
        alone = _page(ink, (around, around), "plain", rng)
        is_photograph = longer > 2000 or rng.random() < 0.6
        yield Sample(digit, kind, _file(page, is_photograph), _file(alone, is_photograph=False))


def _ink(picture: NDArray[np.uint8], size: int) -> Floats:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    cover = np.abs(gray - np.median(gray))
    cover /= max(float(cover.max()), 1)
    y, x = np.nonzero(cover > 0.3)
    tight = cover[y.min() : y.max() + 1, x.min() : x.max() + 1]
    scale = size / max(tight.shape)
    to = (max(1, round(tight.shape[1] * scale)), max(1, round(tight.shape[0] * scale)))
    if scale <= 1:
        return np.asarray(cv2.resize(tight, to, interpolation=cv2.INTER_AREA), np.float32)
    large = cv2.resize(tight, to, interpolation=cv2.INTER_CUBIC)
    blurred = cv2.blur(large, (2 * int(scale / 2) + 1,) * 2)
    return np.asarray((blurred - 0.25).clip(0, 0.35) / 0.35, np.float32)


def _page(ink: Floats, size: tuple[int, int], kind: str, rng: Random) -> NDArray[np.uint8]:
    (width, height), (high, wide) = size, ink.shape
    left, top = (int(rng.uniform(0.2, 0.8) * room) for room in (width - wide, height - high))
    longer = max(high, wide)
    paper, color = np.array((244, 242, 238)) * rng.uniform(0.8, 1.03), np.array((35, 35, 45.0))
    if kind == "chalk":
        paper, color = np.array((40, 60, 50.0)), np.array((225, 225, 215.0))
    page = np.full((height, width, 3), paper, np.float32)
    if kind in {"ruled", "squared"}:
        gap = longer * rng.uniform(0.5, 1.6)
        thick, rule = max(1, round(0.03 * gap)), paper - (90, 60, 25)
        for at in np.arange(rng.uniform(0, gap), height, gap).astype(int):
            page[at : at + thick] = rule
        for at in np.arange(rng.uniform(0, gap), width if kind == "squared" else 0, gap).astype(int):
            page[:, at : at + thick] = rule
    if kind == "boxed":
        pad = int(longer * rng.uniform(0.15, 0.4))
        corners = (left - pad, top - pad), (left + wide + pad, top + high + pad)
        cv2.rectangle(page, *corners, (60, 60, 70), max(1, round(longer * rng.uniform(0.015, 0.05))))
    part = page[top : top + high, left : left + wide]
    part += ink[..., None] * (color - part).astype(np.float32)
    if kind in {"shaded", "photographed"}:
        along, down = rng.uniform(-0.3, 0.3, 2)
        page *= (
            1 + along * np.linspace(-1, 0, width)[:, None] + down * np.linspace(-1, 0, height)[:, None, None]
        ).astype(np.float32)
    if kind == "shadow":
        turn = rng.uniform(0, 2 * np.pi)
        x = np.arange(width) - left - wide * rng.uniform(-0.2, 1.2)
        y = np.arange(height) - top - high * rng.uniform(-0.2, 1.2)
        beyond = (x * np.cos(turn) + y[:, None] * np.sin(turn)).astype(np.float32)
        beyond /= 2 * max(size) * rng.uniform(0.003, 0.02)
        page *= (1 - rng.uniform(0.25, 0.55) * (beyond + 0.5).clip(0, 1))[..., None].astype(np.float32)
    if kind == "photographed":
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), min(6.0, 0.3 + longer / 80)), np.float32)
    rows = 256
    for at in range(0, height, rows):
        some = page[at : at + rows]
        some += rng.normal(0, 3, some.shape).astype(np.float32)
    return np.asarray(page.clip(0, 255), np.uint8)


def _file(page: NDArray[np.uint8], is_photograph: bool) -> bytes:  # noqa: FBT001
    file = BytesIO()
    kind, options = ("JPEG", {"quality": 90}) if is_photograph else ("PNG", {"compress_level": 1})
    Image.fromarray(page).save(file, kind, **options)
    return file.getvalue()


def _is_filed(reading: Reading) -> bool:
    return reading.reason is None and reading.certainty >= FILED


def main() -> None:
    """Print a row for each kind of page."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("folder", nargs="?", type=Path, help="pictures DIGIT_*.png of one digit each")
    ask.add_argument("--count", type=int, default=400, help="pages")
    ask.add_argument("--most", type=int, default=2500, help="pixels of the longest side of a page")
    ask.add_argument("--seed", type=int, default=0)
    asked = ask.parse_args()
    images = sorted((ROOT / "images").glob("*.jpg"))
    references = np.stack([read_picture(image.read_bytes()) for image in images])
    classifier = ImageClassifier().fit(references, [int(image.name[0]) for image in images])
    found: Counter[tuple[str, str]] = Counter()
    seconds = []
    for sample in samples(asked.count, asked.most, asked.folder, asked.seed):
        start = time.process_time()
        page = read_page(sample.page)
        seconds.append(time.process_time() - start)
        [of_page, alone] = classifier.classify([page.picture, read_picture(sample.cut_out)])
        of_page = of_page.of_several() if page.several else of_page
        for kind in (sample.kind, "all"):
            found[kind, "pages"] += 1
            for name, reading in (("page", of_page), ("cut out", alone)):
                found[kind, f"{name} {reading.digit == sample.digit}"] += _is_filed(reading)
    print("| pages | filed rightly when cut out | on the page | wrongly when cut out | on the page |")  # noqa: T201
    for kind in (*KINDS, "all"):
        figures = [found[kind, name] for name in ("cut out True", "page True", "cut out False", "page False")]
        print(f"| {found[kind, 'pages']} {kind} | {' | '.join(map(str, figures))} |")  # noqa: T201
    print(f"median {1000 * float(np.median(seconds)):.0f} ms a page")  # noqa: T201


if __name__ == "__main__":
    main()
