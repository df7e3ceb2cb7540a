"""Curves: from a stroke's notation to the path of the pen."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
"""Points along a curve, (n, 2): x and y, in units of the digit's height unless said otherwise."""

STEP = 0.01
"""Distance between neighboring points of a path, in units of the digit's height."""


_POINT = re.compile(r"-?\d+,-?\d+!?")


@dataclass(frozen=True)
class Knots:
    """The points that a stroke goes through, (n, 2), and which of them are sharp corners, (n,)."""

    points: Path
    corners: NDArray[np.bool_]


def parse(stroke: str) -> Knots:
    """The knots of a stroke in the notation of `forms`, in units of the digit's height.

    Raises ValueError if a point is not `x,y` or `x,y!`, or if there are fewer than two.
    """
    words = stroke.split()
    if len(words) < 2 or not all(_POINT.fullmatch(word) for word in words):
        raise ValueError(f"a stroke is two or more points such as 30,75 or 30,75!, not {stroke!r}")
    points = np.array([[float(number) for number in word.rstrip("!").split(",")] for word in words])
    return Knots(points / 100, np.array([word.endswith("!") for word in words]))


def spline_path(knots: Knots) -> Path:
    """The path through the knots, smooth except at corners, with a point every `STEP`."""
    breaks = [0, *(np.flatnonzero(knots.corners[1:-1]) + 1), len(knots.points) - 1]
    pieces = [_spline(knots.points[a : b + 1]) for a, b in pairwise(breaks)]
    return resampled(np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])]))


def resampled(path: Path) -> Path:
    """The same curve with a point every `STEP` and the same ends."""
    along = arc_lengths(path)
    wanted = np.linspace(0, along[-1], max(3, round(along[-1] / STEP) + 1))
    return np.stack([np.interp(wanted, along, path[:, axis]) for axis in (0, 1)], axis=1)


def arc_lengths(path: Path) -> NDArray[np.float64]:
    """(n,) the length of the curve from its start to each point."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])


def smooth(values: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Values along a path, (n,) or (n, 2), smoothed with a Gaussian; the two ends stay.

    `reach`: the standard deviation of the Gaussian, in points.
    """
    half = min(max(1, round(3 * reach)), len(values) - 1)
    window = _window(reach, half)
    before = 2 * values[:1] - values[half:0:-1]
    after = 2 * values[-1:] - values[-2 : -half - 2 : -1]
    padded = np.concatenate([before, values, after]).reshape(len(values) + 2 * half, -1)
    columns = [np.convolve(column, window / window.sum(), "valid") for column in padded.T]
    return np.stack(columns, axis=1).reshape(values.shape)


def smooth_noise(points: int, reach: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(points,) Gaussian noise with mean 0 and standard deviation 1, correlated over about `reach` points."""
    half = round(3 * reach)
    window = _window(reach, half)
    noise = rng.normal(0, 1, points + 2 * half)
    return np.convolve(noise, window / np.sqrt(np.sum(window**2)), "valid")


def _window(reach: float, half: int) -> NDArray[np.float64]:
    return np.exp(-0.5 * (np.arange(-half, half + 1) / reach) ** 2)


def _spline(points: Path) -> Path:
    """A centripetal Catmull-Rom spline through the points.

    Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull-Rom curves", 2011.
    """
    if len(points) == 2:
        return points
    ends = np.stack([2 * points[0] - points[1], 2 * points[-1] - points[-2]])
    p = np.concatenate([ends[:1], points, ends[1:]])
    t = np.concatenate([[0.0], np.cumsum(np.sqrt(np.hypot(*np.diff(p, axis=0).T)))])
    path = [points[:1]]
    for i in range(1, len(p) - 2):
        u = np.linspace(t[i], t[i + 1], 25)[1:, None]
        path.append(_between(p[i - 1 : i + 3], t[i - 1 : i + 3], u))
    return np.concatenate(path)


def _between(p: Path, t: NDArray[np.float64], u: Path) -> Path:
    """The spline from p[1] to p[2] at the parameters u, by Barry and Goldman's pyramid."""

    def mix(a: Path, b: Path, start: float, end: float) -> Path:
        return ((end - u) * a + (u - start) * b) / (end - start)

    a = [mix(p[k], p[k + 1], t[k], t[k + 1]) for k in range(3)]
    b = [mix(a[k], a[k + 1], t[k], t[k + 2]) for k in range(2)]
    return mix(b[0], b[1], t[1], t[2])
