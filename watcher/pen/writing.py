"""Writes a form with a hand: the strokes on the paper."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.pen import curve
from watcher.pen.curve import Knots, Path
from watcher.pen.forms import Form
from watcher.pen.hand import Hand

_MARGIN = 0.03
_THINNEST = 0.033  # two pixels of 64


@dataclass(frozen=True)
class Stroke:
    """One stroke, from setting the pen down to lifting it, in units of the picture's width.

    `path` (n, 2): x and y from the upper left corner; `radius` (n,): half the width of the ink.
    """

    path: Path
    radius: NDArray[np.float64]


def write(form: Form, hand: Hand, rng: np.random.Generator) -> tuple[Stroke, ...]:
    """The strokes of one digit in this form by this hand, all inside the picture."""
    bend = _Bend.of(rng)
    paths = [_path(curve.parse(stroke), hand, bend, rng) for stroke in form.strokes]
    radii = [_radius(path, hand, rng) for path in paths]
    return _place(paths, radii, hand)


@dataclass(frozen=True)
class _Bend:
    """A gentle deformation of the plane by three plane waves, the same for all strokes of a digit."""

    wave: NDArray[np.float64]  # (3, 2), radians per height of the digit
    phase: NDArray[np.float64]  # (3,)
    push: NDArray[np.float64]  # (3, 2)

    @classmethod
    def of(cls, rng: np.random.Generator) -> "_Bend":
        return cls(rng.normal(0, 4, (3, 2)), rng.uniform(0, 2 * np.pi, 3), rng.normal(0, 1, (3, 2)))

    def at(self, points: Path) -> Path:
        return np.asarray(np.sin(points @ self.wave.T + self.phase) @ self.push)


def _path(knots: Knots, hand: Hand, bend: _Bend, rng: np.random.Generator) -> Path:
    """One stroke's path in units of the digit's height, with slant and tremor, not yet placed."""
    points = knots.points + rng.normal(0, hand.jitter, knots.points.shape)
    points = points + hand.wander * bend.at(points)
    path = curve.spline_path(Knots(points, knots.corners))
    path = curve.resampled(_overshoot(path, 0.05 * hand.haste * rng.random()))
    path = curve.smooth(path, (0.012 + 0.03 * hand.haste) / curve.STEP)
    return _lean(_tremble(path, hand.tremor, rng), hand)


def _overshoot(path: Path, far: float) -> Path:
    """The path extended beyond its end, in the same direction."""
    back = path[max(0, len(path) - 5)]
    way = (path[-1] - back) / max(float(np.hypot(*(path[-1] - back))), 1e-9)
    return np.concatenate([path, [path[-1] + (far + 1e-6) * way]])


def _tremble(path: Path, tremor: float, rng: np.random.Generator) -> Path:
    """The path with sideways noise that changes every few hundredths of the height."""
    shake = curve.smooth_noise(len(path), 4, rng)
    along = np.gradient(path, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / (np.hypot(*along.T)[:, None] + 1e-9)
    return np.asarray(path + tremor * shake[:, None] * across)


def _lean(path: Path, hand: Hand) -> Path:
    """The path with the hand's proportions, slant and rotation."""
    height = np.clip(path[:, 1], 0, 1)
    y = path[:, 1] - height + height ** (1 / hand.waist)
    x = hand.aspect * path[:, 0] - np.tan(np.radians(hand.slant)) * y
    turn = np.radians(hand.rotation)
    return np.stack([np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y], axis=1)


def _radius(path: Path, hand: Hand, rng: np.random.Generator) -> NDArray[np.float64]:
    """Half the width of the ink along a path: wider on the way down, varying, thinner towards the ends."""
    down = curve.smooth(np.gradient(path[:, 1]) / curve.STEP, 6)
    swell = curve.smooth_noise(len(path), 10, rng)
    along = curve.arc_lengths(path)
    to_end = np.minimum(2 * along, along[-1] - along)  # the pen is set down faster than it is lifted
    thin = 1 - hand.taper * np.exp(-to_end / 0.08)
    full = np.clip(1 + hand.pressure * (0.4 * down + 0.6 * swell), 0.6, 1.4)
    return np.asarray(hand.pen_width / 2 * full * thin)


def _place(paths: list[Path], radii: list[NDArray[np.float64]], hand: Hand) -> tuple[Stroke, ...]:
    """The strokes scaled to the hand's size and moved to its place, inside the margins."""
    low = np.min([np.min(p - r[:, None], axis=0) for p, r in zip(paths, radii, strict=True)], axis=0)
    high = np.max([np.max(p + r[:, None], axis=0) for p, r in zip(paths, radii, strict=True)], axis=0)
    scale = hand.size / np.max(high - low)
    room = 1 - 2 * _MARGIN - scale * (high - low)
    corner = _MARGIN + room * np.array([hand.left, hand.top])
    return tuple(
        Stroke(corner + scale * (path - low), np.maximum(scale * radius, _THINNEST / 2))
        for path, radius in zip(paths, radii, strict=True)
    )
