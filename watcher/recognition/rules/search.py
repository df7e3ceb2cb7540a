"""Exact nearest-neighbor search that measures the distances to few references.

It takes two steps (Seidl and Kriegel, "Optimal multi-step k-nearest neighbor search", SIGMOD 1998). First it
bounds all distances from below and measures some references with low bounds. Then it measures all others
whose bounds do not exceed the distances found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition.rules.bounds import Bounds
from watcher.recognition.rules.euclidean import References
from watcher.recognition.rules.projection import Projection

SHARES = 16  # a digit's references are split into this many; the nearest of a share may be measured first
SAVING = 20  # if a projection leaves more than one reference in this many to measure, all values bound better
LONGEST = 2.0**63  # the two pictures' lengths together stay below: the square is then still a float32

Places = NDArray[np.int64]
Squares = NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """(p,) pictures and (p,) references that were measured, and (p,) float32 squared distances."""

    pictures: Places
    references: Places
    squares: Squares


@dataclass(frozen=True)
class Neighbors:
    """The nearest neighbors of m pictures.

    `nearest` (m, k): the nearest references, the nearest first; of equally near ones the lower index first.
    `by_digit` (m, d, f) float32: squared distances to each digit's nearest; inf if it has fewer.
    """

    nearest: Places
    by_digit: Squares


@dataclass(frozen=True)
class Search:
    """Finds the `count` nearest of all references and the `few` nearest of each digit.

    `slices` (d): the positions of each digit's references; together they cover all, in order.
    """

    references: References
    slices: Sequence[slice]
    count: int
    few: int

    def neighbors(self, pictures: NDArray[np.float32], left_out: Places | None) -> Neighbors:
        """The neighbors of (m, v) pictures, for each without the reference in `left_out` (m,).

        Raises UnfitReferencesError if a square overflows float32.
        """
        references = self.references
        if references.projection is None:
            return self._search_by(pictures, left_out, references, len(references))[0]
        found, expensive = self._search_by(
            pictures, left_out, references.projection, len(references) // SAVING
        )
        if len(expensive):
            others = None if left_out is None else left_out[expensive]
            again, _none = self._search_by(pictures[expensive], others, references, len(references))
            found.nearest[expensive], found.by_digit[expensive] = again.nearest, again.by_digit
        return found

    def _search_by(
        self,
        pictures: NDArray[np.float32],
        left_out: Places | None,
        bounded: References | Projection,
        limit: int,
    ) -> tuple[Neighbors, Places]:
        """The neighbors found with one kind of bounds, and the pictures for which they are incomplete.

        For those, more than `limit` references would have to be measured.
        """
        count = min(self.count, len(self.references) - (left_out is not None))
        nearest = np.zeros((len(pictures), count), np.int64)
        by_digit = np.empty((len(pictures), len(self.slices), self.few), np.float32)
        expensive = [np.zeros(0, np.int64)]
        for block in self.references.blocks(len(pictures)):
            some = pictures[block]
            bounds = bounded.bounds(some)
            if not (bounds.lengths < LONGEST).all():
                raise UnfitReferencesError("normalized pictures must be finite numbers, and not huge")
            if left_out is not None:
                bounds.table[np.arange(len(some)), left_out[block]] = np.inf
            pairs, too_many = self._pairs(some, bounds, limit)
            expensive.append(block.start + too_many)
            order = np.lexsort((pairs.references, pairs.squares, pairs.pictures))
            pairs = Pairs(pairs.pictures[order], pairs.references[order], pairs.squares[order])
            starts = pairs.pictures.searchsorted(np.arange(len(some)))
            nearest[block] = pairs.references[starts[:, None] + np.arange(count)]
            by_digit[block] = self._least_by_digit(pairs, len(some))
        return Neighbors(nearest, by_digit), np.concatenate(expensive)

    def _pairs(self, pictures: NDArray[np.float32], bounds: Bounds, limit: int) -> tuple[Pairs, Places]:
        """All pairs that may be among the nearest, each once; and the pictures for which some are missing.

        Overwrites the bounds.
        """
        references, table = self.references, bounds.table
        first, columns = self._first(table)
        which, chosen = first.nonzero()[0], columns[first]
        measured = np.full(first.shape, np.inf, np.float32)
        squares = measured[first] = references.measured(pictures, which, chosen)
        table[which, chosen] = np.inf
        of_all = _least(measured, self.count)[:, None]
        of_digits = np.stack([_least(measured[:, share], self.few) for share in self._shares], axis=1)
        below = self._below(table, bounds.limits(np.maximum(of_all, of_digits)))
        others, more = np.divmod(np.flatnonzero(below), len(references))
        expensive = np.bincount(others, minlength=len(pictures)) > limit
        kept = ~expensive[others]
        others, more = others[kept], more[kept]
        pairs = Pairs(
            np.concatenate([which, others]),
            np.concatenate([chosen, more]),
            np.concatenate([squares, references.measured(pictures, others, more)]),
        )
        return pairs, np.flatnonzero(expensive)

    def _first(self, table: NDArray[np.float32]) -> tuple[NDArray[np.bool_], Places]:
        """(m, c) which references to measure first, and their columns (m, c), the least bound per share."""
        columns = np.concatenate(list(self._least_of_shares(table)), axis=1)
        least = np.take_along_axis(table, columns, axis=1)
        chosen = least <= _least(least, self.count)[:, None]
        for share in self._shares:
            chosen[:, share] |= least[:, share] <= _least(least[:, share], self.few)[:, None]
        chosen &= np.isfinite(least)
        return chosen, columns

    def _least_of_shares(self, table: NDArray[np.float32]) -> Iterator[Places]:
        """For each digit, (m, shares): the column with the least bound in each share."""
        for within, share in zip(self.slices, self._shares, strict=True):
            shares = share.stop - share.start
            size = (within.stop - within.start) // max(shares, 1)
            shared = table[:, within.start : within.start + shares * size].reshape(len(table), shares, size)
            starts = within.start + size * np.arange(shares)
            yield starts + shared.argmin(axis=2) if shares else np.zeros((len(table), 0), np.int64)

    def _below(self, table: NDArray[np.float32], limits: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(m, n) whether each bound is at most its digit's limit, (m, d)."""
        below = np.empty(table.shape, np.bool_)
        for digit, within in enumerate(self.slices):
            np.less_equal(table[:, within], limits[:, digit, None], out=below[:, within])
        return below

    def _least_by_digit(self, pairs: Pairs, pictures: int) -> Squares:
        """(m, d, f) each picture's least squares for each digit; the pairs ascend by picture and square."""
        digits = len(self.slices)
        places = pairs.pictures * digits + self._digits[pairs.references]
        order = np.argsort(places, kind="stable")
        ends = places[order].searchsorted(np.arange(pictures * digits + 1))
        at = ends[:-1, None] + np.arange(self.few)
        least = np.append(pairs.squares[order], np.float32(np.inf)).take(at, mode="clip")
        least[at >= ends[1:, None]] = np.inf
        return least.reshape(pictures, digits, self.few)

    @cached_property
    def _digits(self) -> Places:
        """(n,) each reference's digit."""
        return np.repeat(np.arange(len(self.slices)), [within.stop - within.start for within in self.slices])

    @cached_property
    def _shares(self) -> list[slice]:
        """The positions of each digit's shares among all shares."""
        counts = [min(SHARES, within.stop - within.start) for within in self.slices]
        ends = np.cumsum(counts).tolist()
        return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _least(values: Squares, count: int) -> Squares:
    """(m,) the count-th least value of each row, inf if there are fewer."""
    if values.shape[1] < count:
        return np.full(len(values), np.inf, np.float32)
    return np.partition(values, count - 1, axis=1)[:, count - 1]
