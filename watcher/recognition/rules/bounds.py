"""Lower bounds of distances that hold in spite of rounding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEASURED = 2.0**-18  # share by which a measured square may be too small: 64 roundings to float32
TINY = 2.0**-126  # smaller float32 numbers lose digits


@dataclass(frozen=True)
class Bounds:
    """Lower bounds of the squared distances of m pictures to n references, exact but for rounding.

    `table` (m, n) float32: the bounds, less the picture's own squared length; `squares` (m,) float64: those
    squared lengths. `lengths` (m,) float64: each picture's length plus the longest reference's. `terms`: how
    many products a table value sums up. `stretch`: share of the lengths by which a bound may exceed the
    distance.
    """

    table: NDArray[np.float32]
    squares: NDArray[np.float64]
    lengths: NDArray[np.float64]
    terms: int
    stretch: float

    def limits(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """(m, k) table values that no reference exceeds whose measured square is at most `squares` (m, k).

        A sum of k float32 products, in any order, is exact to within k·2⁻²⁴ of the sum of their magnitudes
        (Higham, "Accuracy and Stability of Numerical Algorithms", 2002). Here that sum is at most (a + b)²
        for lengths a and b. Twice the error covers the rounding of what is added.
        """
        lengths = self.lengths[:, None]
        furthest = np.sqrt(squares.astype(np.float64) * (1 + MEASURED)) + self.stretch * lengths
        rounding = self.terms * (2.0**-23 * lengths**2 + TINY)
        found = furthest**2 + rounding - self.squares[:, None]
        highest = np.finfo(np.float32).max
        return np.nextafter(np.minimum(found, highest).astype(np.float32), np.float32(highest))
