"""The references nearest to pictures, surely, though the distances of few are measured.

In two steps (Seidl and Kriegel, Optimal multi-step k-nearest neighbor search, 1998): some that lie near by
lower bounds of all distances are measured, then all others whose bounds do not exceed what these found.
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

SHARES = 16  # of the references of a digit: the nearest of each share may be among the first measured
CROWD = 20  # where a projection spares no more than all but one in so many, whole references tell more
LONGEST = 2.0**63  # of two pictures' lengths together: its square is still a float32 number

Places = NDArray[np.int64]
Squares = NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """Some (p,) pictures and (p,) references, and (p,) float32 squared distances of the two."""

    pictures: Places
    references: Places
    squares: Squares


@dataclass(frozen=True)
class Neighbors:
    """What is near m pictures.

    `nearest` (m, k): the nearest references, the nearest first, of equally near ones the first.
    `by_digit` (m, d, f) float32: squared distances to the nearest of each digit; inf where it has fewer.
    """

    nearest: Places
    by_digit: Squares


@dataclass(frozen=True)
class Search:
    """Finds the `count` nearest of all references and the `few` nearest of each digit.

    `slices` (d): where each digit's references lie, all of them in their order.
    """

    references: References
    slices: Sequence[slice]
    count: int
    few: int

    def neighbors(self, pictures: NDArray[np.float32], left_out: Places | None) -> Neighbors:
        """What is near (m, v) pictures, to each without the reference that `left_out` (m,) names.

        Raises UnfitReferencesError for numbers whose squares are beyond float32.
        """
        references = self.references
        if references.projection is None:
            return self._found(pictures, left_out, references, len(references))[0]
        found, crowded = self._found(pictures, left_out, references.projection, len(references) // CROWD)
        if len(crowded):
            others = None if left_out is None else left_out[crowded]
            again, _none = self._found(pictures[crowded], others, references, len(references))
            found.nearest[crowded], found.by_digit[crowded] = again.nearest, again.by_digit
        return found

    def _found(
        self,
        pictures: NDArray[np.float32],
        left_out: Places | None,
        bounded: References | Projection,
        most: int,
    ) -> tuple[Neighbors, Places]:
        """What is found by bounds of one kind, and the pictures it is not right for.

        They are those to which more than `most` references would have to be measured.
        """
        count = min(self.count, len(self.references) - (left_out is not None))
        nearest = np.zeros((len(pictures), count), np.int64)
        by_digit = np.empty((len(pictures), len(self.slices), self.few), np.float32)
        crowded = [np.zeros(0, np.int64)]
        for block in self.references.blocks(len(pictures)):
            some = pictures[block]
            bounds = bounded.bounds(some)
            if not (bounds.lengths < LONGEST).all():
                raise UnfitReferencesError("normalized pictures have to be finite numbers, and no huge ones")
            if left_out is not None:
                bounds.table[np.arange(len(some)), left_out[block]] = np.inf
            pairs, too_many = self._pairs(some, bounds, most)
            crowded.append(block.start + too_many)
            order = np.lexsort((pairs.references, pairs.squares, pairs.pictures))
            pairs = Pairs(pairs.pictures[order], pairs.references[order], pairs.squares[order])
            starts = pairs.pictures.searchsorted(np.arange(len(some)))
            nearest[block] = pairs.references[starts[:, None] + np.arange(count)]
            by_digit[block] = self._least_by_digit(pairs, len(some))
        return Neighbors(nearest, by_digit), np.concatenate(crowded)

    def _pairs(self, pictures: NDArray[np.float32], bounds: Bounds, most: int) -> tuple[Pairs, Places]:
        """All that may be among the nearest, each once, and more; and for which pictures some are missing.

        The bounds are used up.
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
        crowded = np.bincount(others, minlength=len(pictures)) > most
        kept = ~crowded[others]
        others, more = others[kept], more[kept]
        pairs = Pairs(
            np.concatenate([which, others]),
            np.concatenate([chosen, more]),
            np.concatenate([squares, references.measured(pictures, others, more)]),
        )
        return pairs, np.flatnonzero(crowded)

    def _first(self, table: NDArray[np.float32]) -> tuple[NDArray[np.bool_], Places]:
        """(m, c) which of (m, c) references to measure first: the nearest by their bounds, of shares."""
        columns = np.concatenate(list(self._least_of_shares(table)), axis=1)
        least = np.take_along_axis(table, columns, axis=1)
        chosen = least <= _least(least, self.count)[:, None]
        for share in self._shares:
            chosen[:, share] |= least[:, share] <= _least(least[:, share], self.few)[:, None]
        chosen &= np.isfinite(least)
        return chosen, columns

    def _least_of_shares(self, table: NDArray[np.float32]) -> Iterator[Places]:
        """(m, …) where in the table the least of each share of each digit's columns is."""
        for within, share in zip(self.slices, self._shares, strict=True):
            shares = share.stop - share.start
            size = (within.stop - within.start) // max(shares, 1)
            shared = table[:, within.start : within.start + shares * size].reshape(len(table), shares, size)
            starts = within.start + size * np.arange(shares)
            yield starts + shared.argmin(axis=2) if shares else np.zeros((len(table), 0), np.int64)

    def _below(self, table: NDArray[np.float32], limits: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(m, n) which bounds do not exceed the (m, d) limits of their digits."""
        below = np.empty(table.shape, np.bool_)
        for digit, within in enumerate(self.slices):
            np.less_equal(table[:, within], limits[:, digit, None], out=below[:, within])
        return below

    def _least_by_digit(self, pairs: Pairs, pictures: int) -> Squares:
        """(m, d, f) the least squares of each picture and digit; the pairs ascend by picture and square."""
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
        """Where the shares of each digit lie among all shares."""
        counts = [min(SHARES, within.stop - within.start) for within in self.slices]
        ends = np.cumsum(counts).tolist()
        return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _least(values: Squares, count: int) -> Squares:
    """(m,) the count-th least of each row, inf where there are fewer."""
    if values.shape[1] < count:
        return np.full(len(values), np.inf, np.float32)
    return np.partition(values, count - 1, axis=1)[:, count - 1]
