"""How often the default rule answers otherwise than if it looked closely at every reference."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from benchmarks.rows import Row
from benchmarks.scale import Scale
from benchmarks.scene import REFERENCES_BY, as_arrays, of_all_digits, pictures
from numpy.typing import NDArray

from watcher.recognition import ImageClassifier
from watcher.recognition.calibration.fit import FittedModel, fit_model, sorted_by_digit
from watcher.recognition.rules import candidates, make_rule, rerank
from watcher.recognition.rules.distortion import image_distortion

BATCH = 16  # pictures that one process takes at once
APART = 0.01  # certainties further apart than this are another statement
TOLD = 10  # of the answers that differ


@dataclass(frozen=True)
class Answers:
    """The digits, certainties, and whether the first comparison was enough, of m pictures; (m,) each."""

    digits: NDArray[np.int64]
    certainties: NDArray[np.float64]
    exited_early: NDArray[np.bool_]


def exact(scale: Scale, source: Path | None) -> list[Row]:
    """Answers as they are against those for which every reference, and every copy of one, is a candidate."""
    return [_compared(references, asked, source) for references, asked in scale.exact]


def _compared(references: int, asked: int, source: Path | None) -> Row:
    known, digits, others = _files(references, asked, source)
    normalize = ImageClassifier().normalize
    laid, labels, ids = sorted_by_digit(normalize(as_arrays(known)), np.array(digits), np.arange(references))
    fitted = fit_model(make_rule("deformable", laid, labels, augment=True), labels, ids)
    to_read = normalize(as_arrays(others))
    batches = [to_read[at : at + BATCH] for at in range(0, asked, BATCH)]
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(partial(_both, fitted), batches))
    usual, exhaustive = (_joined(some) for some in zip(*found, strict=True))
    other = usual.digits != exhaustive.digits
    less_sure = np.abs(usual.certainties - exhaustive.certainties) > APART
    close = ~usual.exited_early
    details = [
        f"certainty differs by more than {APART} for {int(less_sure.sum()):,} of all",
        f"for {int(less_sure[close].sum()):,} of the {int(close.sum()):,} not told by an early exit",
        *_told(usual, exhaustive, other)[:TOLD],
    ]
    return Row(
        f"a shortlist against every one of {references:,} {'drawn' if source is None else 'labeled'}"
        f" references and their copies, {asked:,} pictures",
        f"{int(other.sum())} other answers ({100 * other.mean():.2f} %)",
        "0.01 % at most",
        "; ".join(details),
    )


def _files(references: int, asked: int, source: Path | None) -> tuple[list[bytes], list[int], list[bytes]]:
    """References, their digits, and pictures: drawn by other writers, or the next ones of a folder."""
    if source is None:
        digits = [number % 10 for number in range(references)]
        return pictures(references, REFERENCES_BY), digits, pictures(asked)
    files = of_all_digits(source, references + asked)
    held = [file.read_bytes() for file in files]
    return held[:references], [int(file.name[0]) for file in files[:references]], held[references:]


def _both(fitted: FittedModel, batch: NDArray[np.float32]) -> tuple[Answers, Answers]:
    """The usual answers, and those of a close look at everything."""
    usual = _answers(fitted, batch)
    looks = []

    def counted(pictures: NDArray[np.uint8], references: NDArray[np.uint8]) -> NDArray[np.float32]:
        looks.append(len(references))
        return image_distortion(pictures, references)

    with (
        mock.patch.object(candidates, "CANDIDATES", np.iinfo(np.int64).max),
        mock.patch.object(rerank, "image_distortion", counted),
    ):
        exhaustive = _answers(replace(fitted, early_exit=None), batch)
    assert sum(looks) == len(batch) * len(fitted.rule.arrays()["pictures"])
    return usual, exhaustive


def _answers(fitted: FittedModel, batch: NDArray[np.float32]) -> Answers:
    found, certainties, _novel = fitted.compare(batch)
    assert found.exited_early is not None
    return Answers(found.distances.argmin(axis=1), certainties, found.exited_early)


def _joined(some: Sequence[Answers]) -> Answers:
    columns = ([getattr(one, name) for one in some] for name in ("digits", "certainties", "exited_early"))
    return Answers(*(np.concatenate(column) for column in columns))


def _told(usual: Answers, exhaustive: Answers, which: NDArray[np.bool_]) -> list[str]:
    """Each answer that differs, in words."""
    how = np.where(usual.exited_early, "by an early exit", "looked at closely")
    return [
        f"picture {at}: {usual.digits[at]} ({usual.certainties[at]:.2f}, {how[at]}) is"
        f" {exhaustive.digits[at]} ({exhaustive.certainties[at]:.2f})"
        for at in np.flatnonzero(which).tolist()
    ]
