"""Lower bounds of distances, as floating-point numbers tell them, and what can still lie below a distance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEASURED = 2.0**-18  # of a squared distance, by which it may come out too short: 64 roundings to float32
TINY = 2.0**-126  # float32 numbers below lose digits


@dataclass(frozen=True)
class Bounds:
    """Squared distances of m pictures to n references that the true ones are not less than, but for rounding.

    `table` (m, n) float32: less the square of the picture's own length; `squares` (m,) float64: those.
    `lengths` (m,) float64: each picture's and the longest reference's, added; `terms`: products added up in
    the table; `stretch`: of the lengths, by which a bound may exceed the distance itself.
    """

    table: NDArray[np.float32]
    squares: NDArray[np.float64]
    lengths: NDArray[np.float64]
    terms: int
    stretch: float

    def limits(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """(m, k) what no reference exceeds in the table whose measured square is at most that of (m, k).

        A sum of k products in float32, in whatever order, is true to within k·2⁻²⁴ of the sum of their
        magnitudes (Higham, Accuracy and Stability of Numerical Algorithms), here (a + b)² for lengths a and
        b; twice that takes in the rounding of what is added.
        """
        lengths = self.lengths[:, None]
        furthest = np.sqrt(squares.astype(np.float64) * (1 + MEASURED)) + self.stretch * lengths
        rounding = self.terms * (2.0**-23 * lengths**2 + TINY)
        found = furthest**2 + rounding - self.squares[:, None]
        highest = np.finfo(np.float32).max
        return np.nextafter(np.minimum(found, highest).astype(np.float32), np.float32(highest))
