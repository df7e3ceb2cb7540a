"""Where the processor time of one picture goes, stage by stage, in one thread."""

import io
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import Row
from benchmarks.scale import Scale
from benchmarks.scene import as_arrays, pictures
from PIL import Image

from watcher.recognition import ImageClassifier, read_picture

BATCH = 64


def stages(scale: Scale, here: Path) -> list[Row]:
    """Processor microseconds of one picture: what only moving it costs, and what recognizing it does."""
    files = pictures(max(scale.compared, BATCH))
    folder = here / "stages"
    folder.mkdir()
    paths = [folder / f"{number}.png" for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    images = sorted((Path(__file__).parents[2] / "images").glob("*.jpg"))
    references = as_arrays([image.read_bytes() for image in images])
    classifier = ImageClassifier().fit(references, [int(image.name[0]) for image in images])
    arrays = as_arrays(files)
    each: dict[str, Callable[[], object]] = {
        "read the file": lambda: [path.read_bytes() for path in paths],
        "decode, as Pillow does alone": lambda: [_decode(file) for file in files],
        "decode and check": lambda: [read_picture(file) for file in files],
        "normalize": lambda: [classifier.normalize(arrays[at : at + BATCH]) for at in _starts(len(arrays))],
        "normalize and match": lambda: [
            classifier.classify(arrays[at : at + BATCH]) for at in _starts(len(arrays))
        ],
        "rename, link, unlink": lambda: [_file(path) for path in paths],
    }
    seconds = {what: _best(work) / len(files) for what, work in each.items()}
    seconds["match"] = seconds.pop("normalize and match") - seconds["normalize"]
    whole = sum(taken for what, taken in seconds.items() if what != "decode, as Pillow does alone")
    return [
        Row(what, f"{taken * 1e6:.0f} µs", "", f"{100 * taken / whole:.0f} %")
        for what, taken in seconds.items()
    ]


def _starts(count: int) -> range:
    return range(0, count, BATCH)


def _decode(file: bytes) -> object:
    return Image.open(io.BytesIO(file), formats=("PNG",)).load()


def _file(path: Path) -> Path:
    """The calls that claim and file a picture, and one that gives it its name back."""
    claimed, filed = path.with_suffix(".claimed"), path.with_suffix(".filed")
    path.rename(claimed)
    filed.hardlink_to(claimed)
    claimed.unlink()
    return filed.rename(path)


def _best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of three, which others disturb the least."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)
