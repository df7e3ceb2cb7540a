"""Every pixel of every reference has a vote."""

from collections.abc import Mapping
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.similarity import NEAREST, Similarities, check_shape, slices_by_digit

BLOCK = 1 << 16  # pairs of a picture and a reference compared at once
SCORED = 64  # pictures scored at once; their numbers fit into the processor's caches


class Votes:
    """A pixel that is paper in picture and reference counts +1, ink in both 0, different -1.

    A digit's score is the sum over all its references. A pixel is ink if its integer is not 0, if its gray
    value is at least 0.5, or if the mean of its color (three floats, as `none` gives) is below 0.5.
    """

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self._given = references
        self._shape = references.shape[1:]
        self._labels = labels
        paper = paper_of(references)
        self._pixels = paper.shape[1]
        bits = np.packbits(paper, axis=1)
        self._papers = set_bits(bits)
        self._varying = np.flatnonzero((bits != bits[:1]).any(axis=0))
        self._bits = bits.take(self._varying, axis=1)
        self._missing = self._papers.max() - self._papers
        self._once = self._repeated(1)
        slices = slices_by_digit(labels)
        self._counts = np.array([within.stop - within.start for within in slices])
        papers = np.stack([paper[within].sum(axis=0, dtype=np.int64) for within in slices])
        # With 1 for paper and 0 for ink, the vote of a reference pixel r on a pixel p is p(3r - 1) - r. This
        # is linear in r, so all references of a digit vote at once.
        weights = (3 * papers - self._counts[:, None]).T
        # No partial sum exceeds the integers that the type holds exactly, 2**24 or 2**53.
        exact = np.float32 if 2 * int(self._counts.max()) * self._pixels < 2**24 else np.float64
        self._weights: NDArray[np.floating[Any]] = weights.astype(exact)
        self._totals = papers.sum(axis=1)

    def compare(self, batch: NDArray[Any], _exit_lead: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape."""
        check_shape(batch, self._shape)
        paper = paper_of(batch)
        bits = np.packbits(paper, axis=1)
        present = np.broadcast_to(self._counts > 0, (len(paper), 10))
        return self._similarities(bits, self._scores(paper), present, self._nearest(bits, None))

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others."""
        paper = paper_of(self._given[indices])
        bits = np.packbits(paper, axis=1)
        scores = self._scores(paper)
        rows, own = np.arange(len(indices)), self._labels[indices]
        scores[rows, own] -= self._papers[indices]  # its own votes on itself
        present = np.tile(self._counts > 0, (len(indices), 1))
        present[rows, own] = self._counts[own] > 1
        return self._similarities(bits, scores, present, self._nearest(bits, indices))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The references."""
        return {"references": self._given}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays."""
        return cls(arrays["references"], labels)

    def _scores(self, paper: NDArray[np.bool_]) -> NDArray[np.float64]:
        scores = np.empty((len(paper), 10))
        for at in range(0, len(paper), SCORED):
            scores[at : at + SCORED] = paper[at : at + SCORED].astype(self._weights.dtype) @ self._weights
        scores -= self._totals
        return scores

    def _similarities(
        self,
        bits: NDArray[np.uint8],
        scores: NDArray[np.float64],
        present: NDArray[np.bool_],
        nearest: NDArray[np.int64],
    ) -> Similarities:
        most = int(self._counts.max())
        below_all = -float(most * self._pixels) - 1
        best_possible = most * set_bits(bits)[:, None]
        return Similarities(
            np.where(present, scores, below_all), np.where(present, best_possible - scores, np.inf), nearest
        )

    def _nearest(self, bits: NDArray[np.uint8], left_out: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """The references whose own votes are highest; of equal ones the lower index first.

        Apart from a constant, twice a reference's votes is -(3·different + missing): `different` pixels, and
        `missing` pixels of paper compared with the reference that has most. A third of that, rounded down, is
        a Hamming distance once missing // 3 ones are appended to the reference's bits. If rounding leaves a
        picture's order in doubt, it is searched again with all bits three times and `missing` ones appended.
        Bits in which all references are equal are left out.
        """
        references = len(self._labels)
        available = references - (left_out is not None)
        count, more = min(NEAREST, available), min(2 * NEAREST, available)
        if not count:
            return np.zeros((len(bits), 0), np.int64)
        some = bits.take(self._varying, axis=1)
        thirds, found = self._least_different(some, self._once, 1, left_out, more)
        ranks = (3 * thirds + (self._missing % 3)[found]) * references + found
        ranks.sort(axis=1)
        nearest: NDArray[np.int64] = ranks[:, :count] % references
        in_doubt = np.flatnonzero((thirds[:, -1] == thirds[:, count - 1]) & (more < available))
        if len(in_doubt):
            others = None if left_out is None else left_out[in_doubt]
            _, nearest[in_doubt] = self._least_different(some[in_doubt], self._repeated(3), 3, others, count)
        return nearest

    def _least_different(
        self,
        bits: NDArray[np.uint8],
        repeated: NDArray[np.uint8],
        times: int,
        left_out: NDArray[np.int64] | None,
        count: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The `count` least Hamming distances, and their references; of equal ones the lower index first.

        `repeated`: the references' bits, from `_repeated(times)`.
        """
        references = len(repeated)
        rest = np.zeros((len(bits), repeated.shape[1] - times * bits.shape[1]), np.uint8)
        asked = np.hstack([*[bits] * times, rest])
        least, found = (np.empty((len(bits), count), np.int64) for _ in range(2))
        rows = max(1, BLOCK // references)
        for at in range(0, len(bits), rows):
            within = slice(at, at + rows)
            mask = None
            if left_out is not None:
                mask = (np.arange(references) != left_out[within, None]).view(np.uint8)
            least[within], found[within] = cv2.batchDistance(
                asked[within], repeated, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=count, mask=mask
            )
        return least, found

    def _repeated(self, times: int) -> NDArray[np.uint8]:
        """(n, bytes) each reference's bits this many times, then times·missing // 3 ones."""
        return np.hstack([*[self._bits] * times, unary(times * self._missing // 3)])


def paper_of(pictures: NDArray[Any]) -> NDArray[np.bool_]:
    """(m, pixels) whether each pixel of (m, …) normalized pictures is paper."""
    if pictures.dtype.kind == "f":
        colored = pictures.ndim == 4 and pictures.shape[-1] == 3
        paper = pictures.mean(axis=-1) >= 0.5 if colored else pictures < 0.5
    else:
        paper = pictures == 0
    return np.asarray(paper.reshape(len(pictures), -1))


def set_bits(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(m,) how many bits are 1 in each row of (m, bytes)."""
    return np.asarray(np.bitwise_count(bits).sum(axis=1, dtype=np.int64))


def unary(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n, bytes) each of (n,) numbers as that many bits that are 1; as wide as the greatest needs."""
    most = int(numbers.max(initial=0))
    return np.packbits(np.tri(most + 1, most, -1, np.bool_), axis=1).take(numbers, axis=0)
