"""Every pixel of every reference has a vote."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.similarity import NEAREST, Similarities, check_shape, slices_by_digit, smallest

BLOCK = 1 << 16  # words compared at once


class Votes:
    """Paper in both a picture and a reference counts +1, ink in both 0, a pixel that differs -1.

    A digit's score is the sum over all its references. Ink is what is not 0 in whole numbers, at least 0.5 in
    shades of grey, and in colors (a last axis of three floats, as `none` gives) what has a mean below 0.5.
    """

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self._given = references
        self._shape = references.shape[1:]
        self._labels = labels
        paper = paper_of(references)
        self._pixels = paper.shape[1]
        self._words = np.ascontiguousarray(packed(paper).T)  # (words, n): summing down columns is fast
        self._papers = paper.sum(axis=1, dtype=np.int64)
        slices = slices_by_digit(labels)
        self._counts = np.array([within.stop - within.start for within in slices])
        papers = np.stack([paper[within].sum(axis=0, dtype=np.int64) for within in slices])
        # With p and r 1 for paper, 0 for ink, r's vote on p is p(3r - 1) - r: linear in r, so that all the
        # references of a digit vote at once.
        weights = (3 * papers - self._counts[:, None]).T
        # No partial sum outgrows the whole numbers that the type holds exactly, 2**24 or 2**53.
        exact = np.float32 if 2 * int(self._counts.max()) * self._pixels < 2**24 else np.float64
        self._weights: NDArray[np.floating[Any]] = weights.astype(exact)
        self._totals = papers.sum(axis=1)

    def compare(self, batch: NDArray[Any], _plain: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalised pictures of the references' shape."""
        check_shape(batch, self._shape)
        paper = paper_of(batch)
        present = np.broadcast_to(self._counts > 0, (len(paper), 10))
        return self._similarities(paper, self._scores(paper), present, self._nearest(paper, None))

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others."""
        words = np.ascontiguousarray(self._words[:, indices].T)
        paper = np.unpackbits(words.view(np.uint8), axis=1, count=self._pixels).astype(np.bool_)
        scores = self._scores(paper)
        rows, own = np.arange(len(indices)), self._labels[indices]
        scores[rows, own] -= self._papers[indices]  # its own votes on itself
        present = np.tile(self._counts > 0, (len(indices), 1))
        present[rows, own] = self._counts[own] > 1
        return self._similarities(paper, scores, present, self._nearest(paper, indices))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The references themselves."""
        return {"references": self._given}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule for references that `arrays` gave."""
        return cls(arrays["references"], labels)

    def _scores(self, paper: NDArray[np.bool_]) -> NDArray[np.float64]:
        votes = paper.astype(self._weights.dtype) @ self._weights
        return np.asarray(votes - self._totals, np.float64)

    def _similarities(
        self,
        paper: NDArray[np.bool_],
        scores: NDArray[np.float64],
        present: NDArray[np.bool_],
        nearest: NDArray[np.int64],
    ) -> Similarities:
        most = int(self._counts.max())
        below_all = -float(most * self._pixels) - 1
        best_possible = most * paper.sum(axis=1, dtype=np.int64)[:, None]
        return Similarities(
            np.where(present, scores, below_all), np.where(present, best_possible - scores, np.inf), nearest
        )

    def _nearest(self, paper: NDArray[np.bool_], left_out: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """The references with the highest votes of their own."""
        count = min(NEAREST, len(self._labels) - (left_out is not None))
        nearest = np.zeros((len(paper), count), np.int64)
        rows = max(1, BLOCK // len(self._labels))
        for at in range(0, len(paper), rows):
            some = slice(at, at + rows)
            both = np.stack([self._both(picture) for picture in packed(paper[some])])
            against = self._papers - 3 * both  # a reference's votes, negated, but for the same sum of all
            if left_out is not None:
                against[np.arange(len(against)), left_out[some]] = np.iinfo(np.int64).max
            nearest[some] = smallest(against, count)
        return nearest

    def _both(self, picture: NDArray[np.uint64]) -> NDArray[np.int64]:
        """(n,) pixels that are paper in the picture and in each reference."""
        step = max(1, BLOCK // len(picture))
        bits = picture[:, None]
        counts = [
            np.bitwise_count(self._words[:, at : at + step] & bits).sum(axis=0, dtype=np.uint32)
            for at in range(0, self._words.shape[1], step)
        ]
        return np.concatenate(counts).astype(np.int64)


def paper_of(pictures: NDArray[Any]) -> NDArray[np.bool_]:
    """(m, pixels) True where (m, …) normalised pictures show paper."""
    if pictures.dtype.kind == "f":
        colored = pictures.ndim == 4 and pictures.shape[-1] == 3
        paper = pictures.mean(axis=-1) >= 0.5 if colored else pictures < 0.5
    else:
        paper = pictures == 0
    return np.asarray(paper.reshape(len(pictures), -1))


def packed(paper: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(m, pixels) flags as (m, words) of 64 bits, filled up with zeros."""
    missing = -paper.shape[1] % 64
    if missing:
        paper = np.pad(paper, ((0, 0), (0, missing)))
    return np.packbits(paper, axis=1).view(np.uint64)
