"""Classifying alone, against what else one might use: a plain Python loop, and scikit-learn."""

import importlib
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from benchmarks.rows import Row, listed, median_of
from benchmarks.scale import Scale
from benchmarks.scene import REFERENCES_BY, as_arrays, pictures

from watcher.recognition import ImageClassifier
from watcher.recognition.rules import make_rule
from watcher.recognition.similarity import NEAREST

OF_EACH = 16  # references of each digit, as many as the smallest useful set has
LOOPED = 5  # pictures that the plain loop is timed on


def tutorial_rule(scale: Scale) -> list[Row]:
    """`binary` and `votes` against the same rule written as a loop over pixels, answers compared."""
    references, labels = as_arrays(pictures(10 * OF_EACH, REFERENCES_BY)), np.arange(10 * OF_EACH) % 10
    others = as_arrays(pictures(scale.compared))
    classifier = ImageClassifier("binary", "votes").fit(references, labels)
    as_lists = [_thresholded(reference.tolist()) for reference in references]
    looped = others[:LOOPED].tolist()

    def once(_number: int) -> float:
        slow = _seconds(lambda: [_voted(_thresholded(one), as_lists, labels.tolist()) for one in looped])
        fast = _seconds(lambda: classifier.classify(others))
        return (slow / len(looped)) / (fast / len(others))

    ratio, tries = median_of(scale.tries, once)
    told = [reading.digit for reading in classifier.classify(others[:LOOPED])]
    assert told == [_voted(_thresholded(one), as_lists, labels.tolist()) for one in looped]
    return [
        Row(
            "`binary` + `votes`, 160 references, against a plain Python loop",
            f"{ratio:,.0f} times as fast",
            "3,000 times",
            ", ".join(f"{one:,.0f}" for one in tries),
        )
    ]


def nearest_neighbors(scale: Scale) -> list[Row]:
    """`nearest` on normalized pictures against scikit-learn's two ways to the five nearest."""
    neighbors = importlib.import_module("sklearn.neighbors")  # seconds that no other row waits for
    count = min(scale.many, 10_000)
    labels = np.sort(np.arange(count) % 10)
    normalize = ImageClassifier("centered", "nearest").normalize
    drawn = as_arrays(pictures(count, REFERENCES_BY))[np.argsort(np.arange(count) % 10, kind="stable")]
    references, asked = normalize(drawn), normalize(as_arrays(pictures(scale.compared)))
    rule = make_rule("nearest", references, labels, augment=False)
    found = []
    for algorithm in ("brute", "ball_tree"):
        theirs = neighbors.KNeighborsClassifier(NEAREST, algorithm=algorithm, n_jobs=1)
        theirs.fit(references.reshape(count, -1), labels)
        look = partial(theirs.kneighbors, asked.reshape(len(asked), -1), return_distance=False)
        same = float((look() == rule.compare(asked).nearest).all(axis=1).mean())
        mine = partial(rule.compare, asked)
        ratio, tries = median_of(scale.tries, partial(_ratio, look, mine))
        found.append(
            Row(
                f"`nearest`, {count:,} references, against scikit-learn, {algorithm}",
                f"{ratio:.1f} times as fast, the same five references for {100 * same:.2f} %",
                "faster, the same answers",
                listed(tries, ".1f"),
            )
        )
    return found


def _thresholded(picture: Sequence[Sequence[Sequence[int]]]) -> list[bool]:
    """The plain loop's picture: whether each pixel is paper, its three colors averaged."""
    return [sum(pixel) / 3 >= 255 / 2 for row in picture for pixel in row]


def _voted(picture: list[bool], references: Sequence[list[bool]], labels: Sequence[int]) -> int:
    """The plain loop: every pixel of every reference votes."""
    votes = [0] * 10
    for reference, label in zip(references, labels, strict=True):
        for mine, its in zip(picture, reference, strict=True):
            if mine != its:
                votes[label] -= 1
            elif mine:
                votes[label] += 1
    return votes.index(max(votes))


def _ratio(slow: Callable[[], object], fast: Callable[[], object], _number: int) -> float:
    return _seconds(slow) / _seconds(fast)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
